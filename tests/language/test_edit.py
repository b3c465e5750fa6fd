"""A value is written into its place, and nothing around it changes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.language import edit, source
from engine.core.language.here import here
from engine.core.language.known import Known
from engine.core.language.schema import schemas
from engine.core.messages import names

POLICIES = Path(__file__).parents[2] / "policies"
FILE = """\
# The ladder.   Keep it short.
policy: 'Standard, and more'     # its title
steps:
  - day: 35      # after a month
    call: collector

  - {day: 45, letter: firm-reminder}   # in braces
  - day:
    call: "supervisor"
    name: |
      two
      lines
"""


@pytest.mark.parametrize(
    ("way", "value", "line", "after"),
    [
        (("steps", 0, "day"), "38", 3, "  - day: 38      # after a month"),
        (("steps", 1, "day"), "50", 6, "  - {day: 50, letter: firm-reminder}   # in braces"),
        (("steps", 1, "letter"), "a, b", 6, '  - {day: 45, letter: "a, b"}   # in braces'),
        (("steps", 2, "call"), 'the "boss"', 8, '    call: "the \\"boss\\""'),
        (("policy",), "It's new", 1, "policy: 'It''s new'     # its title"),
        (("steps", 0, "call"), "# nobody", 4, '    call: "# nobody"'),
        (("steps", 2, "day"), "60", 7, "  - day: 60"),
    ],
)
def test_one_value_and_nothing_else(way: edit.Way, value: str, line: int, after: str) -> None:
    new = edit.with_value(FILE, way, value)
    before, now = FILE.split("\n"), new.split("\n")
    assert now[line] == after
    assert before[:line] + before[line + 1 :] == now[:line] + now[line + 1 :]


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_how_lines_end_stays(ending: str, mark: str) -> None:
    text = mark + FILE.replace("\n", ending)
    assert edit.with_value(text, ("steps", 0, "day"), "38") == text.replace("day: 35", "day: 38")


@pytest.mark.parametrize("way", [("steps", 2, "name"), ("steps", 9, "day"), ("clock",), ("steps",)])
def test_what_cannot_be_edited_so(way: edit.Way) -> None:
    with pytest.raises(edit.CannotEdit):
        edit.with_value(FILE, way, "x")


@settings(max_examples=40, deadline=None)
@given(
    value=st.text(
        st.characters(codec="utf-8", exclude_categories=("C", "Z")) | st.just(" "), min_size=1, max_size=20
    )
)
def test_any_value_is_read_again_as_it_was_written(value: str) -> None:
    value = " ".join(value.split()) or "x"
    text = (POLICIES / "standard.yaml").read_text("utf-8")
    new = edit.with_value(text, ("policy",), value)
    found = edit.value_at(source.read("", new.encode()).root, ("policy",))
    assert found is not None
    assert found.value == value
    assert new.split("\n")[2:] == text.split("\n")[2:]
    assert edit.written(value)


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        ("order: [a, b]   # first wins\n", "b", "order: [a, new, b]   # first wins\n"),
        ("order: [a, b]   # first wins\n", "", "order: [a, b, new]   # first wins\n"),
        (
            "order:\n  - a   # one\n  - b\nclosed: x\n",
            "b",
            "order:\n  - a   # one\n  - new\n  - b\nclosed: x\n",
        ),
        ("order:\n- a\n- b", "", "order:\n- a\n- b\n- new\n"),
    ],
)
def test_a_word_more_in_a_list(text: str, before: str, after: str) -> None:
    assert edit.with_item(text, ("order",), "new", before) == after


def test_no_such_list() -> None:
    for text in ("order: a\n", "closed: x\n", ""):
        with pytest.raises(edit.CannotEdit):
            edit.with_item(text, ("order",), "new")


# -- at the cursor -------------------------------------------------------------------------------------------------------

SCHEMAS = schemas(Known(people=frozenset({"ana"})), ("standard",))


def at(text: str, kind: str = "policy") -> tuple[str, list[str], str]:
    """The word, what is offered first, and what an offer takes the place of, where “¦” stands."""
    before = text.partition("¦")[0]
    text = text.replace("¦", "")
    line, column = before.count("\n") + 1, len(before.split("\n")[-1]) + 1
    found = here(text, line, column, SCHEMAS[kind])
    return (
        found.word,
        [one.word for one in found.offers],
        text.split("\n")[line - 1][found.start - 1 : found.end - 1],
    )


@pytest.mark.parametrize(
    ("text", "kind", "word", "first", "replaced"),
    [
        ("policy: X\nclo¦\n", "policy", "clo", "clock", "clo"),
        ("policy: X\nclock: ¦\n", "policy", "clock", "invoice date", ""),
        ("policy: X\nclock: due¦ date # c\n", "policy", "clock", "invoice date", "due date"),
        ("policy: X\nfor:\n  ris¦\n", "policy", "ris", "risk", "ris"),
        ("policy: X\nfor: {risk: l¦}\n", "policy", "risk", "high", "l"),
        ("policy: X\nfor: {ris¦}\n", "policy", "ris", "risk", "ris"),
        ("steps:\n  - day: 5\n    ca¦\n", "policy", "ca", "call", "ca"),
        ("steps:\n- day: 5\n  call: an¦\n", "policy", "call", "ana", "an"),
        ("steps:\n  - ¦\n", "policy", "", "day", ""),
        ("steps:\n  - day: 5\n    when:\n      - amou¦nt: over 5\n", "policy", "amount", "amount", "amount"),
        ("without: [te¦]\n", "policy", "", "terms", "te"),
        ("never:\n  - ins¦\n", "house", "ins", "insolvent", "ins"),
        ("closed: same¦\n", "house", "closed", "same day", "same"),
        ("angry:\n  offer:\n    - cal¦\n", "outcomes", "cal", "call back", "cal"),
        ("tests:\n  - exp¦\n", "tests", "exp", "expect", "exp"),
        ("- must ne¦\n", "invariants", "must ne", "must never", "must ne"),
    ],
)
def test_what_fits_where_one_is_writing(text: str, kind: str, word: str, first: str, replaced: str) -> None:
    found = at(text, kind)
    assert (found[0], found[1][0], found[2]) == (word, first, replaced)


def test_a_word_that_is_there_is_not_offered_again() -> None:
    assert "clock" not in at("policy: X\nclock: due date\n¦\nsteps:\n")[1]
    assert "day" not in at("steps:\n  - day: 5\n    ¦\n  - day: 6\n")[1]


@settings(max_examples=80, deadline=None)
@given(
    text=st.text(st.sampled_from("ab :-#[]{},\n\"'|>&*!%é¦"), max_size=60),
    line=st.integers(-1, 9),
    column=st.integers(-1, 30),
    kind=st.sampled_from(sorted(SCHEMAS)),
)
def test_half_written_files_break_nothing(text: str, line: int, column: int, kind: str) -> None:
    here(text, line, column, SCHEMAS[kind])
    names.here(text, line, column)


def test_every_place_of_the_start_set_knows_its_word() -> None:
    """Each word of the policies that are shipped is found where it stands, with its sentence."""
    told = SCHEMAS["policy"]
    seen = 0
    for path in sorted(POLICIES.glob("*.yaml")):
        if path.stem in ("house", "outcomes", "invariants"):
            continue
        text = path.read_text("utf-8")

        def words(node: source.Node | None) -> list[edit.Text]:
            if isinstance(node, source.Block):
                return [one for line in node.lines for one in (line.key, *words(line.value))]
            return (
                [one for item in node.items for one in words(item)]
                if isinstance(node, source.Listing)
                else []
            )

        for key in words(source.read("", text.encode()).root):
            found = here(text, key.place.line, key.place.column, told)
            assert found.word == key.value, (path.name, key)
            assert found.sentence, (path.name, key)
            seen += 1
    assert seen > 100


def test_names_of_a_message() -> None:
    text = "---\nsubject: x\nto\n---\nDear {{ cust }}\n"
    assert [one.insert for one in names.here(text, 3, 3).offers][:2] == ["subject: ", "tone: "]
    found = names.here(text, 5, 13)
    assert found.offers[0].word.startswith("customer.")
    assert text.split("\n")[4][found.start - 1 : found.end - 1] == "cust"
    assert "Acme" in next(one.sentence for one in found.offers if one.word == "customer.name")


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("order: [a, b, c]  # why\n", "order: [a, c]  # why\n"),
        ("order: [a, b]\n", "order: [a]\n"),
        ("order: [b, c]\n", "order: [c]\n"),
        ("order:\n  - a\n  - b  # the second\n  - c\n", "order:\n  - a\n  - c\n"),
        ("order:\n  - a\n  - b", "order:\n  - a\n"),
        ("order: [a, c]\n", "order: [a, c]\n"),
    ],
)
def test_a_word_is_taken_out_of_a_list(text: str, after: str) -> None:
    assert edit.without_item(text, ("order",), "b") == after


def test_the_only_word_of_a_list_stays() -> None:
    with pytest.raises(edit.CannotEdit):
        edit.without_item("order: [b]\n", ("order",), "b")
