"""What follows a call, decided without a database: both evaluators agree, and everything is read as people say it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.cases import answers as forms
from engine.core.cases import reasons
from engine.core.cases.compromise import Given, asked, of_share, read_given
from engine.core.cases.concessions import Ask, covers
from engine.core.cases.moments import Clock, Due
from engine.core.cases.outcomes import (
    NATURES,
    OUTCOMES,
    Allowed,
    Situation,
    allowed,
    outcome_of,
    pick,
    rules,
)
from engine.core.language.check import Known, check
from engine.core.language.follows import Delay, Outcome, Unit
from engine.core.language.policy import Allowance
from engine.core.language.words import Where, names
from engine.core.rules import AVAILABLE, evaluators
from engine.core.spoken import read_day, read_time
from engine.core.workdays import Hours, calendar
from engine.errors import NotFound
from tests.messages.shipped import policy_files, shipped


@pytest.fixture(scope="module")
def outcomes() -> dict[str, Outcome]:
    book = check(policy_files(), Known(templates=shipped().heads)).book
    assert book is not None
    return dict(book.outcomes)


def test_every_outcome_is_shipped_with_a_word_of_guidance(outcomes: dict[str, Outcome]) -> None:
    assert set(outcomes) == set(OUTCOMES) == set(NATURES)
    for outcome in outcomes.values():
        assert outcome.guidance.endswith("."), outcome.name
        assert len(outcome.guidance) < 110, "not more than a line"


def test_nothing_is_said_of_the_debt_on_a_machine(outcomes: dict[str, Outcome]) -> None:
    assert "nothing about the account" in outcomes["voicemail"].guidance


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("HU", "hung up"),
        ("hung_up", "hung up"),
        ("PTP", "promise to pay"),
        ("left-message-with-person", "left message"),
        ("Cheque in the mail", "check in the mail"),
        ("abusive_call", "abusive"),
        ("wobble", None),
        ("", None),
    ],
)
def test_outcomes_are_known_by_the_field_s_codes_too(said: str, name: str | None) -> None:
    assert outcome_of(said) == name


# -- both evaluators -----------------------------------------------------------------------------------------

SITUATIONS = st.builds(
    Situation,
    running=st.integers(1, 5),
    last_option=st.sampled_from([None, "call back now", "call peer", "close, enough was said", "Ümlaut"]),
    reason=st.sampled_from(["", *names(Where.REASON)]),
    reason_on_record=st.booleans(),
    request_stated=st.booleans(),
    person_known=st.booleans(),
    peers=st.integers(0, 3),
    left_alone=st.booleans(),
    no_calls=st.booleans(),
    no_emails=st.booleans(),
    owes=st.booleans(),
    addresses=st.sampled_from([(), ("accounts payable",), ("principal", "accounts payable")]),
    documents=st.booleans(),
)


@pytest.mark.skipif(not AVAILABLE, reason="durable-rules cannot be built here")
@settings(max_examples=30, deadline=None)
@given(st.lists(SITUATIONS, min_size=1, max_size=4))
def test_durable_rules_and_the_plain_evaluator_agree(situations: list[Situation]) -> None:
    for name, outcome in _SHIPPED.items():
        for situation in situations:
            found = allowed(outcome, situation, _BOTH[name])
            assert isinstance(found, Allowed), (name, found)


_SHIPPED = dict(check(policy_files(), Known(templates=shipped().heads)).book.outcomes)  # type: ignore[union-attr]
_BOTH = {name: evaluators({name: rules(outcome)}) for name, outcome in _SHIPPED.items()}


def test_everything_that_is_withheld_says_why(outcomes: dict[str, Outcome]) -> None:
    found = allowed(outcomes["hung up"], Situation(left_alone=True, peers=1), _BOTH["hung up"])
    assert isinstance(found, Allowed)
    assert found.options == {}
    assert not found.must_choose, "nothing can be picked, so nothing has to be"
    assert {one.test.field for one in found.withheld if one.part == "option 1"} == {"left_alone"}


def test_an_option_is_picked_by_number_name_or_its_end(outcomes: dict[str, Outcome]) -> None:
    found = allowed(
        outcomes["hung up"], Situation(peers=1, reason_on_record=True, request_stated=True), _BOTH["hung up"]
    )
    assert isinstance(found, Allowed)
    for said, name in (
        ("3", "call peer"),
        ("Call  Peer", "call peer"),
        ("peer", "call peer"),
        ("enough was said", "close, enough was said"),
        ("close enough was said", None),
        ("call", None),
        ("9", None),
    ):
        option = pick(found, said)
        assert (option.name if option else None) == name, said


# -- as people say it ----------------------------------------------------------------------------------------


def test_the_form_knows_every_answer_of_the_language() -> None:
    for name in names(Where.ANSWER):
        assert forms.canonical(name.replace(" ", "_")) == name
        assert forms.how_to_give(name)
    read, wrong = forms.read(
        {name: _example(name) for name in names(Where.ANSWER)}, date(2026, 11, 25), "USD"
    )
    assert wrong == ()
    assert (read.day, read.clock, read.date_mailed) == (date(2026, 11, 27), time(14, 30), date(2026, 11, 23))
    assert (read.amount, read.invoices) == (forms.Money(1200_00, None), ("10231",))
    assert [one.on for one in read.instalments] == [date(2026, 12, 1), date(2027, 1, 4)]


def _example(name: str) -> str:
    return forms.how_to_give(name).partition("=")[2].rstrip('"') or "Ann"


def test_every_reason_has_one_code() -> None:
    for code in (*reasons.CODES, *(f"dispute:{name}" for name in reasons.CONTESTED)):
        assert reasons.read_reason(code) == code
        assert reasons.read_reason(reasons.spoken(code)) == code
        assert reasons.family(code) in names(Where.REASON)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("discount 100", [Given("discount", "discount 100", 100_00)]),
        ("100 EUR off", [Given("discount", "100 EUR off", 100_00, "EUR")]),
        ("discount 2.5%", [Given("discount", "discount 2.5%", share=250)]),
        ("14 more days", [Given("days", "14 more days", days=14)]),
        ("waive 45.50; release", [Given("waiver", "waive 45.50", 45_50), Given("release", "release")]),
        ("discount a bit", [Given("discount", "discount a bit")]),
        ("a call every Monday", [Given("other", "a call every Monday")]),
    ],
)
def test_what_a_side_gives(text: str, found: list[Given]) -> None:
    assert list(read_given(text, "USD")) == found


def test_what_is_more_than_a_role_may_give() -> None:
    allowance = Allowance(discount=500, days=10)  # 5 %

    def asks(text: str, owed: int = 1000_00) -> Ask:
        return asked([of_share(one, owed, "USD") for one in read_given(text, "USD")], owed, "USD")

    def may(text: str) -> bool:
        return covers(allowance, asks(text))

    assert asks("discount 5%; 10 days; release") == Ask(discount=500, days=10)
    assert may("discount 5%; 10 days; release")
    assert not may("discount 50; waive 0.01"), "together they are more"
    assert not may("11 days")
    assert not may("discount 10 EUR"), "it cannot be compared"
    assert not may("discount a bit")


@pytest.mark.parametrize(
    ("said", "past", "day"),
    [
        ("friday", False, date(2026, 11, 27)),
        ("friday", True, date(2026, 11, 20)),
        ("wednesday", False, date(2026, 11, 25)),
        ("wednesday", True, date(2026, 11, 25)),
        ("yesterday", False, date(2026, 11, 24)),
        ("2026-12-01", False, date(2026, 12, 1)),
    ],
)
def test_days(said: str, past: bool, day: date) -> None:
    assert read_day(said, date(2026, 11, 25), past=past) == day


@pytest.mark.parametrize(
    ("said", "clock"),
    [("14:30", (14, 30)), ("2:30 pm", (14, 30)), ("12 am", (0, 0)), ("9.15", (9, 15)), ("17h05", (17, 5))],
)
def test_times(said: str, clock: tuple[int, int]) -> None:
    assert read_time(said) == time(*clock)


@pytest.mark.parametrize("said", ["14", "25:00", "13 pm", "noonish", ""])
def test_no_times(said: str) -> None:
    with pytest.raises(ValueError, match="is no time of day; write it as 14:30"):
        read_time(said)


# -- when ----------------------------------------------------------------------------------------------------

NEW_YORK = Clock("America/New_York", calendar("US"), Hours())


@pytest.mark.parametrize(
    ("delay", "due"),
    [
        (Delay(10, Unit.MINUTE), Due(date(2026, 11, 25), datetime(2026, 11, 25, 21, 40, tzinfo=UTC))),
        (
            Delay(1, Unit.HOUR),
            Due(date(2026, 11, 27), datetime(2026, 11, 27, 13, 30, tzinfo=UTC)),
        ),  # Thanksgiving
        (Delay(1, Unit.DAY), Due(date(2026, 11, 27))),
        (Delay(2, Unit.OPEN_DAY), Due(date(2026, 11, 30))),
    ],
)
def test_a_delay_ends_within_their_hours(delay: Delay, due: Due) -> None:
    assert NEW_YORK.after(delay, datetime(2026, 11, 25, 21, 30, tzinfo=UTC)) == due  # 16:30 there


def test_peace_is_kept_through_its_last_day() -> None:
    until = NEW_YORK.rest_until(Delay(1, Unit.OPEN_DAY), date(2026, 11, 25))
    assert until == date(2026, 11, 27)
    assert NEW_YORK.not_in(Due(date(2026, 11, 26)), until) == Due(date(2026, 11, 30))
    assert NEW_YORK.not_in(Due(date(2026, 12, 1)), until) == Due(date(2026, 12, 1))


def test_a_name_that_is_no_answer_has_its_nearest() -> None:
    assert forms.canonical("emial") is None
    assert "did you mean “check number”" in str(
        NotFound("answer", "chek number", forms.nearest("chek number"))
    )
