"""Any bytes in, problems or a tree out: never a traceback, never a wait."""

from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.core.language.check import check
from engine.core.language.source import Block, Listing, Text, plain, read
from engine.core.problem import Place, Problem, Severity, problem_text
from tests.language.workspace import FILES, KNOWN, files

QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def tree(text: str) -> object:
    source = read("a.yaml", text.encode())
    assert source.root is not None, source.notes.problems
    assert not source.notes.problems
    return plain(source.root)


@pytest.mark.fault(65)
def test_every_scalar_stays_as_it_was_written() -> None:
    text = (
        "time: 12:30\nzip: 00123\ncountry: NO\nsize: 1_000\nnone: ~\ndate: 2026-01-05\nhex: 0x1f\nmark: ok\n"
    )
    assert tree(text) == {
        "time": "12:30",
        "zip": "00123",
        "country": "NO",
        "size": "1_000",
        "none": "~",
        "date": "2026-01-05",
        "hex": "0x1f",
        "mark": "ok",
    }


def test_keys_that_yaml_takes_for_truth_stay_apart() -> None:
    assert tree("1: a\ntrue: b\non: c\nyes: d\n") == {"1": "a", "true": "b", "on": "c", "yes": "d"}


def test_a_byte_order_mark_is_no_character() -> None:
    source = read("a.yaml", b"\xef\xbb\xbfpolicy: x\n")
    assert isinstance(source.root, Block)
    assert source.root.lines[0].key.place == Place("a.yaml", 1, 1, 7)


def test_every_key_and_value_has_its_place() -> None:
    source = read("a.yaml", "größe:\n  - ünder: [a, b]\n".encode())
    assert isinstance(source.root, Block)
    line = source.root.lines[0]
    assert (line.key.place.line, line.key.place.column, line.key.place.end) == (1, 1, 6)
    assert isinstance(line.value, Listing)
    inner = line.value.items[0]
    assert isinstance(inner, Block)
    listed = inner.lines[0].value
    assert isinstance(listed, Listing)
    assert [item.place for item in listed.items] == [Place("a.yaml", 2, 13, 14), Place("a.yaml", 2, 16, 17)]
    assert isinstance(listed.items[0], Text)


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 900_000,
        b"{" * 900_000,
        b"- " * 400_000,
        b"a: &x [*x, *x]\n" * 20_000,
        b"? " * 400_000,
        b'"' + b"x" * 900_000,
        b"x" * 900_000,
        b"x: " + b"y" * 900_000,
        b"a\n" * 400_000,
        b"\n" * 900_000,
        b"x%d: 1\n" * 100_000,
        b"".join(b"word%d: 1\n" % n for n in range(60_000)),
        b"!" * 900_000,
        b"&" + b"a" * 900_000,
        b"| \n" * 200_000,
        b"a: >\n" * 150_000,
        b"%" * 900_000,
        b"'" * 900_000,
        b"[x," * 300_000,
        b"{x:" * 300_000,
        b"over " * 180_000,
        b"for: {balance: " + b"9" * 900_000 + b"}",
        b"for: {balance: over " + b"1," * 300_000 + b"}",
        b"steps:\n" + b"  - day: 1\n    call: nobody\n" * 30_000,
    ],
    ids=lambda data: repr(data[:12]),
)
@pytest.mark.fault(65)
def test_hostile_files_end_soon(data: bytes) -> None:
    began = time.process_time()
    checked = check({"policies/a.yaml": data}, KNOWN)
    assert checked.book is None
    assert checked.problems
    for problem in checked.problems:
        assert len(problem_text(problem)) < 2_000
    assert time.process_time() - began < 5


def test_a_billion_laughs_is_refused_and_not_laughed() -> None:
    lines = ["a0: &a0 [ha, ha]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 30)]
    problems = check({"policies/a.yaml": "\n".join(lines).encode()}, KNOWN).problems
    assert {"anchor", "alias"} <= {problem.code for problem in problems}


def assert_answered(changed: dict[str, bytes]) -> None:
    checked = check(changed, KNOWN)
    errors = [problem for problem in checked.problems if problem.severity is Severity.ERROR]
    assert (checked.book is None) == bool(errors)
    for problem in checked.problems:
        assert problem.place.line >= 1
        assert problem.place.column >= 1
        assert problem.sentence
        assert problem.suggestion
        assert problem_text(problem).isprintable() or "\n" in problem_text(problem)


@QUICK
@given(st.binary(max_size=200), st.sampled_from(sorted(FILES)))
def test_any_bytes(data: bytes, file: str) -> None:
    assert_answered({**files(), file: data})


@QUICK
@given(
    st.text(alphabet="ab:-,[]{}'\"&*!|>%@`#?\n \t\\0195.%~<=", max_size=120), st.sampled_from(sorted(FILES))
)
def test_any_signs(text: str, file: str) -> None:
    assert_answered({**files(), file: text.encode()})


SLIPS: tuple[str, ...] = (
    "\t",
    " ",
    ":",
    "- ",
    "[",
    "{",
    '"',
    "'",
    "not ",
    "over ",
    "1,000",
    "\n",
    "  ",
    "&a",
    "*a",
    "!",
)
SLIPS += ("day", "for:", "{{ x }}", "ä", "\x00", "> ", "-1", "99999999999999999999", "{}", "[]", "~", "")


@settings(QUICK, max_examples=300)
@given(st.data())
def test_valid_files_with_a_slip(data: st.DataObject) -> None:
    """A valid file in which some pieces were cut out, doubled, exchanged or typed over."""
    file = data.draw(st.sampled_from(sorted(FILES)))
    text = FILES[file]

    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 12)))
        text = text[:start] + data.draw(st.sampled_from(SLIPS)) + text[end:]
    assert_answered({**files(), file: text.encode()})


@settings(QUICK, max_examples=150)
@given(st.data())
def test_valid_words_with_any_value(data: st.DataObject) -> None:
    """A valid line with any value behind its word."""
    file = data.draw(st.sampled_from(sorted(FILES)))
    lines = FILES[file].splitlines()
    number = data.draw(st.integers(0, len(lines) - 1))
    word, colon, _ = lines[number].partition(":")
    value = data.draw(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\n"), max_size=30))
    lines[number] = f"{word}{colon} {value}"
    assert_answered({**files(), file: "\n".join(lines).encode()})


def test_a_caret_stands_under_its_word_in_any_script() -> None:
    problem = Problem(Place("a.yaml", 1, 5, 8), "wrong", "write it", "x", line="客户: foo")
    assert problem_text(problem) == (
        "a.yaml:1:5: wrong\n\n    1 | 客户: foo\n      |       ^^^\n  write it\n"
    )


def test_a_long_line_is_shown_around_its_caret() -> None:
    problem = Problem(
        Place("a.yaml", 3, 501, 504), "wrong", "write it", "x", line="x" * 500 + "foo" + "y" * 500
    )
    shown = problem_text(problem).splitlines()
    assert len(shown[2]) < 140
    caret = shown[3].index("^")
    assert shown[2][caret : caret + 3] == "foo"


def test_a_line_cannot_obey_a_terminal() -> None:
    problem = Problem(Place("a.yaml", 1, 1, 2), "wrong", "write it", "x", line="\x1b[31mred\x07")
    assert "\x1b" not in problem_text(problem)
    assert "\x07" not in problem_text(problem)
