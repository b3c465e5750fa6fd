"""The data dictionary is complete, agrees with what is stored, and explains every word."""

from __future__ import annotations

import pytest

from engine.core.decision import state
from engine.core.language import norms
from engine.core.language.check import check
from engine.core.language.fields import FIELDS, Type, name_of
from engine.core.language.policy import Clock, Event, Kind
from engine.core.language.trials import ADDRESSES, REASONS
from engine.core.language.words import WORDS, Where, explain, names, nearest, overview, sentence
from engine.core.sentences import Gate, Reason
from tests.language.workspace import KNOWN

TYPES = {Type.MONEY: "Int64", Type.WORD: "String", Type.FLAG: "Boolean", Type.TAGS: "List(String)"}


def test_every_stored_field_is_a_column_of_the_accounts() -> None:
    for field in FIELDS.values():
        if not field.computed:
            assert field.column in state.ACCOUNTS, field.name
            kind = str(state.ACCOUNTS[field.column])
            assert kind == TYPES.get(field.type, "Int32"), field.name


def test_names_and_columns() -> None:
    assert FIELDS["legal-form"].column == "legal_form"
    assert name_of("legal_form") == "legal-form"
    assert name_of("sales_region") == "sales_region"
    assert {field.column for field in FIELDS.values() if field.item} == {"amount", "days_overdue"}
    assert len({field.column for field in FIELDS.values()}) == len(FIELDS)


def test_the_words_are_those_of_the_rest_of_the_engine() -> None:
    assert set(names(Where.ACTION)) == {kind.value for kind in Kind}
    assert set(names(Where.CLOCK)) == {clock.value for clock in Clock}
    assert set(names(Where.EVENT)) == {event.value for event in Event}
    assert list(names(Where.GATE)) == [gate.value for gate in Gate]
    assert ADDRESSES == state.ADDRESSES
    assert set(REASONS.values()) == set(Reason)


def test_every_word_has_a_sentence_and_is_explained() -> None:
    for word in WORDS:
        assert word.sentence.endswith("."), word
        assert word.sentence in (explain(word.name) or ""), word
    for name, field in FIELDS.items():
        assert field.sentence in (explain(name) or ""), name
        assert field.example.startswith(f"{name}: ")
        assert name in overview()


@pytest.mark.parametrize("name", [*FIELDS, *KNOWN.own_fields])
def test_every_example_of_a_field_can_be_read(name: str) -> None:
    field = KNOWN.fields[name]
    place = f"    when: [{{{field.example}}}]\n"
    if "," in field.example:
        place = f"    when:\n      - {field.example}\n"
    text = "policy: P\nclock: due date\nsteps:\n  - day: 1\n    call: collector\n" + place
    assert check({"policies/p.yaml": text.encode()}, KNOWN).problems in ((), _comma(text))


def _comma(text: str) -> object:
    """In braces a comma in a number is a trap; on lines of its own the same example reads well."""
    lines = text.replace("when: [{", "when:\n      - ").replace("}]", "")
    problems = check({"policies/p.yaml": lines.encode()}, KNOWN).problems
    assert problems == ()
    return check({"policies/p.yaml": text.encode()}, KNOWN).problems if "{" in text else problems


def test_explain() -> None:
    assert explain("balance") == (
        "balance: a fact of an account (money, in the house's currency)\n"
        "  All that is open, after credits and unapplied cash.\n"
        "  Example:  balance: over 1,000"
    )
    assert (explain("terms") or "").count("\n\n") == 1  # a fact and an action
    assert "Points of the rating agency." in (explain("rating", KNOWN.own_fields) or "")
    assert explain("rating") is None
    assert explain("balence") is None


def test_nearest() -> None:
    assert nearest("balence", FIELDS) == "did you mean “balance”?"
    assert nearest("Over Due", FIELDS) == "did you mean “overdue”?"
    assert nearest("legal form", FIELDS) == "did you mean “legal-form”?"
    assert nearest("legal_form", FIELDS) == "did you mean “legal-form”?"
    assert nearest("xyzzy", ["collector", "supervisor"]) == "known: collector, supervisor"
    assert nearest("xyzzy", []) == "there is none yet"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("terms: net 30", "terms is net 30"),
        ("overdue: over 10,000", "overdue over 10,000"),
        ("segment: [trade, retail, key]", "segment is trade, retail or key"),
        ("segment: not [trade, retail]", "segment is not trade or retail"),
        ("status: not open", "status is not open"),
        ("used: not over 90%", "used not over 90%"),
        ("legal-form: sole trader", "legal-form is sole trader"),
        ("balance: between 5 and 10", "balance between 5 and 10"),
        ("insolvent: yes", "insolvent is yes"),
        ("sales region: north", "sales region is north"),
    ],
)
def test_a_test_as_a_sentence(line: str, said: str) -> None:
    text = f"policy: P\nfor:\n  {line}\nclock: due date\nsteps:\n  - day: 1\n    call: collector\n"
    book = check({"policies/p.yaml": text.encode()}, KNOWN).book
    assert book is not None
    assert sentence(book.policies[0].fits.tests[0]) == said


def test_countries_and_languages() -> None:
    assert [norms.country(word) for word in ("DE", "germany", "United Kingdom", "UK", "no", "Atlantis")] == [
        "de", "de", "gb", "gb", "no", None,
    ]  # fmt: skip
    assert [norms.language(word) for word in ("de", "de-AT", "German", "klingonese")] == [
        "de",
        "de",
        "de",
        None,
    ]


def test_terms_have_one_spelling() -> None:
    assert [norms.terms(word) for word in ("Net30", "n/30", "30 days", "COD", "Mixed", "as agreed")] == [
        "net 30", "net 30", "net 30", "cash on delivery", "mixed", "as agreed",
    ]  # fmt: skip
    assert [norms.days_of_terms(word) for word in ("net 30", "due on receipt", "mixed")] == [30, 0, None]
