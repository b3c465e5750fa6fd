"""A whole day: the safety stop, what there is room for, who does it, and in which order: a test a sentence."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from engine.core.decision.allocate import Person, usual_stop
from engine.core.decision.plan import day_of
from engine.core.decision.state import Pending
from tests.decision.builder import LADDER, TODAY, Desk, book, day

APPROVED = LADDER.replace("call: collector", "call: collector\n    approve: credit manager", 1)


def many(desk: Desk, count: int, late: int = 10) -> Desk:
    """Accounts A0, A1, …: each owes a hundred dollars more than the one before."""
    for number in range(count):
        desk.owes("1", late=late, amount=100 * (number + 1), account=f"A{number}")
    return desk


# -- capacity ----------------------------------------------------------------------------------------------------------


def test_what_a_day_can_take_goes_and_the_rest_waits() -> None:
    seen = many(Desk(book(house="capacity: {calls: 2}\n")), 3).on()
    assert [seen.of(f"A{number}") for number in range(3)] == [
        "nothing, because no capacity today",
        "call collector",
        "call collector",
    ]


def test_the_rest_goes_on_the_next_days_highest_first() -> None:
    desk = many(Desk(book(house="capacity: {calls: 2}\n")), 5)
    assert [seen.order() for seen in desk.days(0, 2)] == [["A4", "A3"], ["A2", "A1"], ["A0"]]


def test_the_rest_waits_for_the_next_open_day() -> None:
    desk = many(Desk(book(house="capacity: {calls: 2}\n"), open_on="none"), 3, late=6)
    assert [seen.order() for seen in desk.days(4, 7)] == [["A2", "A1"], [], [], ["A0"]]  # day 4 is a Friday


def test_the_order_of_the_work_list_is_the_houses() -> None:
    desk = Desk(book(house="capacity: {calls: 1}\nscore: age\n"))
    desk.owes("1", late=10, amount=5000, account="large").owes("1", late=19, amount=100, account="old")
    assert desk.on().order() == ["old"]
    desk = Desk(book(house="capacity: {calls: 1}\nscore: amount\n"))
    desk.owes("1", late=10, amount=5000, account="large").owes("1", late=19, amount=4000, account="old")
    assert desk.on().order() == ["large"]


def test_after_ten_open_days_a_step_goes_to_the_top() -> None:
    desk = Desk(book(house="capacity: {calls: 1}\n"), open_on="none")
    desk.owes("1", late=10, amount=5000, account="large").owes("1", late=15, amount=100, account="small")
    waited = desk.under_way("call collector", Pending.CAPACITY, 13, account="small")
    assert waited.on().order() == ["large"]
    desk.rows["pending"][0]["since"] = day(-14)
    assert desk.on().order() == ["small"]
    assert day_of(desk.book, desk.calendar, TODAY).patience == TODAY - timedelta(days=14)


def test_nobody_is_forgotten_behind_newer_and_larger_accounts() -> None:
    desk = Desk(book(house="capacity: {calls: 1}\n"), open_on="none").owes(
        "1", late=10, amount=10, account="small"
    )
    for number in range(40):
        desk.owes("1", late=10 - number, amount=9000, account=f"L{number:02}")
    called = [n for n, seen in enumerate(desk.days(0, 16)) if seen.of("small") == "call collector"]
    assert called == [14]


def test_letters_and_calls_have_their_own_room() -> None:
    desk = many(Desk(book(house="capacity: {calls: 1, letters: 1}\n")), 2)
    desk.owes("1", late=20, amount=50, account="L").had("call collector", "1", account="L")
    assert sorted(desk.on().order()) == ["A1", "L"]


def test_a_person_can_take_so_many_calls_a_day() -> None:
    people = (
        Person("jo", "Jo", ("collector",), {"calls": 1}),
        Person("al", "Al", ("collector",), {"calls": 1}),
    )
    seen = many(Desk(book(), people=people), 3).on()
    assert seen.order() == ["A2", "A1"]
    assert seen.decided.contacts.filter("goes")["person"].to_list() == ["al", "jo"]


def test_an_account_owner_calls_the_own_accounts() -> None:
    people = (Person("jo", "Jo", ("account owner",), {}), Person("al", "Al", ("account owner",), {}))
    policy = LADDER.replace("call: collector", "call: account owner")
    desk = Desk(book(policy), people=people).account("A", owner="jo").owes("1", late=10)
    desk.account("B", owner="jo").owes("1", late=10, account="B")
    assert desk.on().decided.contacts["person"].to_list() == ["jo", "jo"]


def test_a_second_run_of_the_day_has_only_the_room_that_is_left() -> None:
    desk = many(Desk(book(house="capacity: {calls: 2}\n")), 3)
    assert desk.on(used={"calls": 1}).order() == ["A2"]


def test_a_step_with_a_call_and_a_letter_needs_room_for_both() -> None:
    policy = LADDER.replace(
        "    call: collector\n", "    call: collector\n    letter: reminder\n", 1
    ).replace("  - day: 20\n    letter: reminder\n", "")
    desk = many(Desk(book(policy, house="capacity: {calls: 5, letters: 1}\n")), 2)
    assert desk.on().order() == ["A1"]


# -- the safety stop ---------------------------------------------------------------------------------------------------


def test_a_run_that_wants_more_does_nothing_and_asks() -> None:
    seen = many(Desk(book(house="stop: {actions: 2}\n")), 3).on()
    assert seen.order() == []
    assert "wants 3 actions; the house allows 2" in seen.decided.stopped


def test_the_stop_counts_each_kind() -> None:
    desk = many(Desk(book(house="stop: {actions: 9, letters: 0}\n")), 1)
    assert desk.on().order() == ["A0"]
    desk.owes("1", late=20, account="L").had("call collector", "1", account="L")
    assert "wants 1 letters; the house allows 0" in desk.on().decided.stopped


def test_the_stop_counts_before_capacity() -> None:
    seen = many(Desk(book(house="stop: {actions: 2}\ncapacity: {calls: 1}\n")), 3).on()
    assert seen.decided.stopped


def test_the_stop_counts_only_what_is_newly_due() -> None:
    desk = many(Desk(book(house="stop: {actions: 2}\ncapacity: {calls: 1}\n")), 3)
    for number in range(2):
        desk.under_way("call collector", Pending.CAPACITY, 1, account=f"A{number}")
    assert desk.on().order() == ["A2"]
    assert desk.on().decided.stopped == ""


def test_exactly_as_much_as_the_house_allows_goes() -> None:
    assert len(many(Desk(book(house="stop: {actions: 3}\n")), 3).on().order()) == 3


# -- approval ----------------------------------------------------------------------------------------------------------


def test_a_preview_gives_approvals_on_the_day_they_are_asked_for() -> None:
    assert Desk(book(APPROVED)).owes("1", late=9).calendar_of(0, 12) == {
        1: "asks: call collector",
        11: "letter reminder",
    }


def test_accounts_that_no_policy_fits_are_counted() -> None:
    policy = LADDER.replace("clock:", "for:\n  segment: key\nclock:")
    assert Desk(book(policy)).owes("1", late=10).on().of() == "nothing, because no policy fits"


def test_the_first_policy_that_fits_wins() -> None:
    key = LADDER.replace("collector", "account owner").replace("clock:", "for:\n  segment: key\nclock:")
    desk = Desk(book(key=key, ladder=LADDER)).account("A", segment="key").owes("1", late=10)
    desk.account("B", segment="trade").owes("2", late=10, account="B")
    assert desk.on().of("A") == "call account owner"
    assert desk.on().of("B") == "call collector"


def test_running_the_same_day_twice_gives_nothing_new() -> None:
    desk = many(Desk(book()), 3)
    first, *_ = desk.days(0, 0)
    assert len(first.order()) == 3
    for number in range(3):
        desk.had("call collector", "1", account=f"A{number}")
    assert desk.on().order() == []


def test_a_run_that_wants_several_times_the_usual_stops() -> None:
    """`usual: 3 times`: the median of the runs that did something, once five are known."""
    house = replace(book().house, usual=Decimal(3), stop={"letters": 9})
    quiet = [{"actions": 0}] * 20
    assert usual_stop(house, [*quiet, *({"actions": n} for n in (10, 11, 12, 13))]).stop == {"letters": 9}
    known = [*quiet, *({"actions": n} for n in (10, 11, 12, 13, 400))]
    assert usual_stop(house, known).stop == {"letters": 9, "actions": 36}
    assert usual_stop(replace(house, stop={"actions": 20}), known).stop == {"actions": 20}
    assert usual_stop(replace(house, usual=Decimal(0)), known).stop == {"letters": 9}
