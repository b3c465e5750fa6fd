"""The guards of people hold steps by themselves, whatever the policies say, and say who they are."""

from __future__ import annotations

import pytest

from engine.core.cases.guards import Wish, standings
from engine.core.language.guarding import as_strict
from engine.core.language.policy import House, Limit, PolicyBook
from tests.decision.builder import Desk, book

CALL = """
policy: Calls
clock: due date
steps:
  - day: 10
    call: collector
  - day: 20
    letter: reminder
"""
GOOD_FRIDAY = 32  # 3 April 2026: closed in Germany, open in the United States


def desk(house: str = "", text: str = CALL, open_on: str = "always", **account: object) -> Desk:
    """An account on whose first step falls today."""
    return Desk(book(text, house=house), open_on).account("A", **account).owes("1", 10)


def held(found: Desk, on: int = 0) -> tuple[str, str]:
    """What happens, and which line or guard says so."""
    seen = found.on(on)
    return seen.of(), seen.waits()


# -- calls -------------------------------------------------------------------------------------------------------------


def test_a_company_is_called_three_times_in_seven_days() -> None:
    assert held(desk().called(1, 2))[0] == "call collector"
    limited = desk().called(1, 2, 6)
    assert held(limited) == ("nothing, because call limit", "call collector, guard calls:0")
    assert held(desk().called(1, 2, 7))[0] == "call collector"  # the seventh day back is over


def test_a_natural_person_is_called_seven_times_and_left_in_peace_after_a_conversation() -> None:
    for who in ({"natural_person": True}, {"legal_form": "sole trader"}):
        assert held(desk(**who).called(1, 2, 3, 4, 5, 6))[0] == "call collector"
        assert held(desk(**who).called(1, 2, 3, 4, 5, 6, 6))[0] == "nothing, because call limit"
        spoken = desk(**who).called(6, spoke=True)
        assert held(spoken)[0] == "nothing, because spoken with lately"
        assert (
            held(spoken, 1)[0] == "call collector"
        )  # the day of the conversation is day 1; this is the eighth
    assert held(desk(legal_form="gmbh").called(1, spoke=True))[0] == "call collector"


def test_a_letter_is_no_call() -> None:
    written = desk().called(1, 1, 1).had("call collector", "1")
    assert written.on(10).of() == "letter reminder"


def test_the_house_may_be_tighter_and_its_line_is_named() -> None:
    tighter = desk("guards:\n  calls: at most 1 in 3 days\n").called(1)
    assert held(tighter) == (
        "nothing, because call limit",
        "call collector, policies/house.yaml:2",
    )


def test_no_more_calls_than_allowed_come_out_of_a_plan() -> None:
    daily = "\n".join(f"  - day: {n}\n    name: call {n}\n    call: collector" for n in range(1, 9))
    found = Desk(book(f"policy: P\nclock: due date\nsteps:\n{daily}\n")).account("A").owes("1", 0)
    assert list(found.calendar_of(0, 16)) == [1, 2, 3, 8, 9, 10, 15, 16]


@pytest.mark.parametrize(
    ("limit", "than", "strict"),
    [
        (Limit(3, 7), Limit(3, 7), True),
        (Limit(2, 7), Limit(3, 7), True),
        (Limit(3, 10), Limit(3, 7), True),
        (Limit(1, 2), Limit(3, 7), False),
        (Limit(1, 3), Limit(3, 7), True),
        (Limit(4, 14), Limit(3, 7), False),
    ],
)
def test_what_is_tighter(limit: Limit, than: Limit, strict: bool) -> None:
    assert as_strict(limit, than) is strict


# -- insolvency, attorney, holidays --------------------------------------------------------------------------------------


def test_insolvency_and_attorney_stop_everything_though_the_house_says_nothing() -> None:
    assert held(desk(insolvent=True)) == (
        "nothing, because left to people",
        "call collector, guard insolvency:0",
    )
    assert held(desk(attorney=True)) == (
        "nothing, because left to people",
        "call collector, guard attorney:0",
    )
    both = desk("never: [{insolvent: yes}]\n", insolvent=True, attorney=True)
    assert held(both)[1] == "call collector, policies/house.yaml:2"  # the house's own line goes first


def test_nobody_is_told_that_the_ladder_of_an_insolvent_customer_is_finished() -> None:
    done = desk(insolvent=True).had("call collector", "1").had("letter reminder", "1")
    assert not done.on(40).choices()[0].tell_owner


def test_nobody_is_called_on_a_holiday_of_their_own_country() -> None:
    on = {"text": CALL.replace("day: 10", f"day: {10 + GOOD_FRIDAY}").replace("day: 20", "day: 90")}
    german = desk(**on, open_on="US", country="de")
    assert held(german, GOOD_FRIDAY) == ("nothing, because holiday there", "call collector, guard holidays:0")
    assert held(desk(**on, open_on="US", country="us"), GOOD_FRIDAY)[0] == "call collector"
    assert (
        held(desk("closed: same day\n", **on, open_on="US", country="de"), GOOD_FRIDAY)[0] == "call collector"
    )
    letter = CALL.replace("call: collector", "letter: reminder").replace(
        "day: 10", f"day: {10 + GOOD_FRIDAY}"
    )
    letter = letter.replace("day: 20", "day: 90\n    name: later")
    assert held(desk(text=letter, open_on="US", country="de"), GOOD_FRIDAY)[0] == "letter reminder"


# -- what the customer asked for ------------------------------------------------------------------------------------------

EVERYTHING = """
policy: All ways
clock: due date
steps:
  - day: 10
    email: reminder
  - day: 20
    letter: final-notice
  - day: 30
    call: supervisor
"""


@pytest.mark.parametrize(
    ("wish", "said", "holds"),
    [
        (Wish.NO_CALLS, "no calls wanted", "call"),
        (Wish.WRONG_NUMBER, "wrong number", "call"),
        (Wish.EMAIL_ONLY, "email only", "letter call"),
        (Wish.CONFIRM, "recipient changed", "email letter"),
        (Wish.VIA_ATTORNEY, "through the attorney", "email letter call"),
        (Wish.NO_CONTACT, "no contact wanted", "email letter call"),
    ],
)
def test_what_a_rule_about_contact_holds(wish: Wish, said: str, holds: str) -> None:
    steps = ("email reminder", "letter final-notice", "call supervisor")
    for number, step in enumerate(steps):
        found = Desk(book(EVERYTHING)).account("A").owes("1", 10).asked_for(wish)
        for done in steps[:number]:
            found.had(done, "1")
        shut = step.split()[0] in holds.split()
        assert found.on(10 * number).of() == (f"nothing, because {said}" if shut else step)


def test_the_stronger_rule_gives_the_reason_and_a_rule_ends_with_its_day() -> None:
    two = desk().asked_for(Wish.NO_CONTACT).asked_for(Wish.NO_CALLS)
    assert held(two) == ("nothing, because no contact wanted", "call collector, guard wishes:0")
    ends = desk().asked_for(Wish.NO_CALLS, until=2)
    assert [held(ends, on)[0] for on in (2, 3)] == ["nothing, because no calls wanted", "call collector"]


def test_a_held_call_does_not_block_the_ladder_behind_it() -> None:
    assert desk().asked_for(Wish.NO_CALLS).calendar_of(0, 12) == {10: "letter reminder"}


# -- a person's yes ----------------------------------------------------------------------------------------------------


HEAVY = "policy: P\nclock: due date\nsteps:\n  - day: 10\n    hold: orders\n    email: reminder\n"
LAW = """
policy: P
clock: due date
steps:
  - day: 5
    letter: reminder
  - day: 10
    letter: attorney-notice
  - day: 30
    hand off: attorney
"""


def test_what_weighs_on_a_natural_person_needs_a_yes_without_the_policys_word() -> None:
    assert held(desk(text=HEAVY))[0] == "hold orders, email reminder"
    assert held(desk(text=HEAVY, natural_person=True)) == (
        "asks: hold orders, email reminder",
        "hold orders, email reminder, guard persons:0",
    )
    named = HEAVY + "    approve: credit manager\n"
    assert (
        held(desk(text=named, natural_person=True))[1]
        == "hold orders, email reminder, policies/ladder.yaml:7"
    )


def test_legal_wording_needs_a_yes_without_the_policys_word() -> None:
    found = desk(text=LAW).had("letter reminder", "1")
    assert held(found) == ("asks: letter attorney-notice", "letter attorney-notice, guard legal:0")


# -- off, for a reason and until a day -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("guard", "found", "goes"),
    [
        ("calls", lambda: desk().called(1, 1, 1), "call collector"),
        ("calls", lambda: desk(natural_person=True).called(1, spoke=True), "call collector"),
        ("insolvency", lambda: desk(insolvent=True), "call collector"),
        ("attorney", lambda: desk(attorney=True), "call collector"),
        ("persons", lambda: desk(text=HEAVY, natural_person=True), "hold orders, email reminder"),
    ],
)
def test_a_guard_that_is_set_aside_holds_nothing_through_its_day(
    guard: str, found: object, goes: str
) -> None:
    assert callable(found)
    assert found().on().of() != goes
    assert found().without(guard, until=0).on().of() == goes
    assert found().without(guard, until=-1).on().of() != goes
    assert found().without("holidays").on().of() != goes


def test_every_guard_says_whether_it_is_on() -> None:
    said = {one.guard.name: one.on for one in standings(House())}
    assert said["calls"]
    assert said["insolvency"]
    assert [name for name, on in said.items() if not on] == ["gap", "contacts", "minimum", "fresh"]
    whole: PolicyBook = book(house="gap: 3 days\nfresh: 26 hours\nclosed: same day\n")
    told = {one.guard.name: (one.on, one.says) for one in standings(whole.house)}
    assert told["gap"] == (True, "3 days")
    assert told["fresh"] == (True, "26 hours")
    assert told["holidays"][0] is False
