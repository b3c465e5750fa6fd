"""The gates, in their order, each with a reason and a line; and what they bind: a test a sentence."""

from __future__ import annotations

from datetime import date
from itertools import combinations, product

import pytest

from engine.core.decision.ladder import own_pause_binds, paused_together
from engine.core.decision.state import Pending
from tests.decision.builder import LADDER, Desk, book, day, with_house

TASKS = """
policy: Tasks
clock: due date
steps:
  - day: 10
    task: credit manager, look at it
  - day: 20
    webhook: crm
"""


def house(*lines: str) -> str:
    return "".join(f"{line}\n" for line in lines)


# -- each gate ---------------------------------------------------------------------------------------------------------


def test_never_leaves_the_account_to_people() -> None:
    rules = book(house=house("never:", "  - insolvent: yes", "  - attorney: yes"))
    seen = Desk(rules).account("A", attorney=True).owes("1", late=10).on()
    assert seen.of() == "nothing, because left to people"
    assert seen.waits() == "call collector, policies/house.yaml:4"


def test_never_binds_tasks_too() -> None:
    rules = book(TASKS, house=house("never:", "  - insolvent: yes"))
    seen = Desk(rules).account("A", insolvent=True).owes("1", late=10).on()
    assert seen.of() == "nothing, because left to people"


def test_an_account_owing_less_than_the_minimum_is_left_alone() -> None:
    desk = Desk(book(house="minimum: 50\n")).owes("1", late=10, amount=49.99).owes("2", 10, 50, "B")
    assert desk.on().of("A") == "nothing, because below minimum"
    assert desk.on().waits("A") == "call collector, policies/house.yaml:2"
    assert desk.on().of("B") == "call collector"


def test_the_minimum_is_asked_of_each_currency() -> None:
    desk = (
        Desk(book(house="minimum: 50\n"))
        .owes("1", late=10, amount=30)
        .owes("2", late=10, amount=30, currency="EUR", rate=1.0)
    )
    assert desk.on().of() == "nothing, because below minimum"


def test_one_currency_with_the_minimum_is_enough() -> None:
    desk = (
        Desk(book(house="minimum: 50\n"))
        .owes("1", late=10, amount=5)
        .owes("2", late=10, amount=50, currency="EUR", rate=1.0)
    )
    assert desk.on().of() == "call collector"


def test_what_is_set_aside_or_not_yet_due_is_not_in_the_minimum() -> None:
    desk = Desk(book(house="minimum: 50\n")).owes("1", late=10, amount=30)
    desk.owes("2", late=10, amount=900, aside="disputed").owes("3", late=-5, amount=900)
    assert desk.on().of() == "nothing, because below minimum"


def test_minimum_comes_before_set_aside() -> None:
    desk = Desk(book(house="minimum: 50\n")).owes("1", late=10, amount=30, aside="disputed")
    assert desk.on().of() == "nothing, because below minimum"


def test_a_pause_holds_every_step() -> None:
    rules = book(house=house("pause:", "  - status: under review"))
    seen = Desk(rules).account("A", status="under review").owes("1", late=10).on()
    assert seen.of() == "nothing, because paused"
    assert seen.waits() == "call collector, policies/house.yaml:3"


def test_set_aside_comes_before_pause() -> None:
    rules = book(house=house("pause:", "  - status: under review"))
    desk = Desk(rules).account("A", status="under review").owes("1", late=10, aside="disputed")
    assert desk.on().of() == "nothing, because disputed"


def test_a_pause_of_one_kind_for_a_season() -> None:
    rules = book(house=house("pause:", "  - letter: 1 Mar to 5 Mar"))
    desk = Desk(rules).owes("1", late=20).had("call collector", "1").owes("2", late=10, account="B")
    assert desk.on().of("A") == "nothing, because paused"
    assert desk.on().of("B") == "call collector"
    assert desk.calendar_of(0, 6) == {4: "letter reminder"}


def test_a_season_may_run_over_the_new_year() -> None:
    rules = book(house=house("pause:", "  - letter: 18 Dec to 3 Mar"))
    desk = Desk(rules).owes("1", late=20).had("call collector", "1")
    assert desk.calendar_of(0, 6) == {2: "letter reminder"}


def test_a_persons_pause_of_one_account() -> None:
    desk = Desk(book()).account("A", paused_until=day(2)).owes("1", late=10)
    assert desk.on().of() == "nothing, because paused"
    assert desk.calendar_of(0, 6) == {3: "call collector"}


def test_a_persons_pause_of_one_kind() -> None:
    desk = Desk(book()).account("A", paused_until=day(2), paused_kinds="letter, email").owes("1", late=10)
    assert desk.on().of() == "call collector"


def test_one_step_is_put_off_and_the_others_go_on() -> None:
    desk = Desk(book()).account("A", paused_until=day(2), paused_kinds="step call collector")
    assert desk.owes("1", late=10).on().of() == "nothing, because paused"
    assert desk.calendar_of(0, 6) == {3: "call collector"}
    other = Desk(book()).account("A", paused_until=day(2), paused_kinds="step letter reminder")
    assert other.owes("1", late=10).on().of() == "call collector"


def test_pauses_with_days_of_their_own_each_hold_for_theirs() -> None:
    """However many there are and whatever they hold: together they hold what one of them does, for as long as it does."""
    steps = book().policies[0].steps
    every = [
        (what, day(last))
        for what in ("", "call", "letter, email", "step call collector")
        for last in (1, 2, 4)
    ]
    held = 0
    for pauses in (some for number in (1, 2, 3) for some in combinations(every, number)):
        kinds, until = paused_together(pauses)
        for step, on in product(steps, map(day, range(6))):
            now = on <= until and own_pause_binds(step, kinds, on)
            assert now == any(on <= last and own_pause_binds(step, what, on) for what, last in pauses)
            held += now
    assert held


def test_a_pause_with_kinds_holds_a_step_that_has_one_of_them() -> None:
    policy = LADDER.replace("    call: collector\n", "    call: collector\n    letter: reminder\n", 1)
    desk = Desk(book(policy.replace("  - day: 20\n    letter: reminder\n", ""))).account(
        "A", paused_until=day(2), paused_kinds="letter"
    )
    assert desk.owes("1", late=10).on().of() == "nothing, because paused"


def test_a_step_that_falls_on_a_closed_day_goes_on_the_next_open_day() -> None:
    desk = Desk(book(house="closed: next open day\n"), open_on="none").owes("1", late=5)
    assert desk.calendar_of(0, 9) == {7: "call collector"}  # day 5 is a Saturday
    assert Desk(book(house="closed: next open day\n"), open_on="none").owes("1", late=5).days(0, 5)[
        5
    ].of() == ("nothing, because closed day")


def test_closed_days_may_be_worked() -> None:
    desk = Desk(book(house="closed: same day\n"), open_on="none").owes("1", late=5)
    assert desk.calendar_of(0, 9) == {5: "call collector"}


def test_a_holiday_is_closed() -> None:
    memorial_day = (date(2026, 5, 25) - day(0)).days
    desk = Desk(book(), open_on="US").owes("1", late=10 - memorial_day)
    assert desk.calendar_of(memorial_day, memorial_day + 1) == {memorial_day + 1: "call collector"}


def test_the_gap_between_two_steps_for_one_account() -> None:
    desk = Desk(book(house="gap: 5 days\n")).owes("1", late=10).contacted(4)
    assert desk.on().of() == "nothing, because too soon after the last contact"
    assert desk.on().waits() == "call collector, policies/house.yaml:2"
    assert desk.calendar_of(0, 3) == {1: "call collector"}


def test_an_account_has_one_contact_a_day_even_without_a_gap() -> None:
    desk = Desk(book()).owes("1", late=40).had("call collector", "1").contacted(0)
    assert desk.on().of() == "nothing, because too soon after the last contact"
    assert desk.on(1).of() == "letter reminder"


def test_an_account_takes_one_step_a_day_be_it_a_task() -> None:
    desk = Desk(book(TASKS)).account("A", stepped=day(0)).owes("1", late=30).had("task credit manager", "1")
    assert desk.on().of() == "nothing, because too soon after the last contact"
    assert desk.on(1).of() == "webhook crm"


def test_under_each_invoice_every_invoice_has_its_own_day() -> None:
    policy = LADDER.replace("clock:", "each: invoice\nclock:")
    desk = Desk(book(policy)).account("A", stepped=day(0)).owes("1", late=10)
    assert desk.on().of() == "call collector"


def test_a_policys_own_gap_wins() -> None:
    policy = LADDER.replace("clock:", "gap: 3 days\nclock:")
    assert (
        Desk(book(policy, house="gap: 5 days\n")).owes("1", late=10).contacted(3).on().of()
        == "call collector"
    )


def test_under_each_invoice_the_gap_is_the_invoices_own() -> None:
    policy = LADDER.replace("clock:", "each: invoice\nclock:")
    desk = (
        Desk(book(policy, house="gap: 5 days\n")).owes("1", late=10).owes("2", late=11).contacted(1, item="1")
    )
    assert desk.on().of() == "call collector + nothing, because too soon after the last contact"


def test_the_contact_limit_within_its_days() -> None:
    rules = book(house="contact: at most 2 in 7 days\n")
    desk = Desk(rules).owes("1", late=10).contacted(6).contacted(2)
    assert desk.on().of() == "nothing, because contact limit"
    assert desk.on().waits() == "call collector, policies/house.yaml:2"
    assert desk.calendar_of(0, 3) == {1: "call collector"}


def test_gap_is_named_before_the_contact_limit() -> None:
    rules = book(house="gap: 5 days\ncontact: at most 2 in 7 days\n")
    desk = Desk(rules).owes("1", late=10).contacted(2).contacted(3)
    assert desk.on().of() == "nothing, because too soon after the last contact"


def test_a_ledger_that_is_too_old_may_not_demand() -> None:
    rules = book(TASKS, house="fresh: 26 hours\n")
    assert Desk(rules).owes("1", late=10).on(stale=True).of() == "task credit manager"
    seen = Desk(book(house="fresh: 26 hours\n")).owes("1", late=10).on(stale=True)
    assert seen.of() == "nothing, because ledger too old"
    assert seen.waits() == "call collector, policies/house.yaml:2"


def test_a_courtesy_demands_nothing_of_a_stale_ledger() -> None:
    courtesy = "policy: C\nclock: due date\nsteps:\n  - day: -5\n    email: statement\n"
    assert (
        Desk(book(courtesy, house="fresh: 26 hours\n")).owes("1", late=-3).on(stale=True).of()
        == "email statement"
    )


@pytest.mark.parametrize(
    ("action", "known", "goes"),
    [
        ("email: reminder", 0b00001, True),
        ("email: reminder", 0b01010, False),
        ("email: reminder\n    to: principal", 0b00010, True),
        ("letter: reminder", 0b01000, True),
        ("letter: reminder", 0b10111, False),
        ("statement: statement", 0b01000, True),  # by post where there is no e-mail
        ("statement: statement", 0b10000, False),
        ("call: collector", 0, True),
    ],
)
def test_the_address_that_the_step_needs(action: str, known: int, goes: bool) -> None:
    policy = f"policy: P\nclock: due date\nsteps:\n  - day: 10\n    {action}\n"
    seen = Desk(book(policy)).account("A", addresses=known).owes("1", late=10).on()
    assert (seen.of() == "nothing, because no address") is not goes


def test_an_approval_is_asked_for() -> None:
    policy = LADDER.replace("call: collector", "call: collector\n    approve: credit manager")
    seen = Desk(book(policy)).owes("1", late=10).on()
    assert seen.of() == "asks: call collector"


def test_an_approval_under_a_condition() -> None:
    policy = LADDER.replace(
        "call: collector", "call: collector\n    approve: {by: credit manager, when: {overdue: over 500}}"
    )
    desk = Desk(book(policy)).owes("1", late=10, amount=500).owes("2", late=10, amount=501, account="B")
    assert desk.on().of("A") == "call collector"
    assert desk.on().of("B") == "asks: call collector"


# -- held steps --------------------------------------------------------------------------------------------------------


APPROVED_LETTER = LADDER.replace("letter: reminder", "letter: reminder\n    approve: credit manager")


def test_a_held_step_waits_and_keeps_its_place() -> None:
    rules = book(house=house("pause:", "  - status: under review"))
    desk = Desk(rules).account("A", status="under review").owes("1", late=10)
    assert desk.calendar_of(0, 9) == {}
    desk.rows["accounts"][0]["status"] = None
    assert desk.on(10).of() == "call collector"


def test_an_approval_that_is_asked_for_waits() -> None:
    desk = Desk(book(APPROVED_LETTER)).owes("1", late=25).had("call collector", "1")
    desk.under_way("letter reminder", Pending.APPROVAL, days_ago=5)
    assert desk.on().of() == "nothing, because needs approval"


def test_a_higher_step_that_falls_due_meanwhile_passes_the_approval_over() -> None:
    desk = Desk(book(APPROVED_LETTER)).owes("1", late=40).had("call collector", "1")
    desk.under_way("letter reminder", Pending.APPROVAL, days_ago=20)
    seen = desk.on()
    assert seen.of() == "call supervisor"
    assert seen.choices()[0].passed
    assert seen.covers() == {("1", "letter reminder"), ("1", "call supervisor")}


def test_a_higher_step_that_was_due_already_does_not() -> None:
    desk = Desk(book(APPROVED_LETTER)).owes("1", late=45).had("call collector", "1")
    desk.under_way("letter reminder", Pending.APPROVAL, days_ago=5)
    assert desk.on().of() == "nothing, because needs approval"


def test_a_missing_address_does_not_block_the_ladder_either() -> None:
    desk = Desk(book()).account("A", addresses=0).owes("1", late=40).had("call collector", "1")
    desk.under_way("letter reminder", Pending.ADDRESS, days_ago=20)
    assert desk.on().of() == "call supervisor"
    assert desk.on().choices()[0].passed


def test_a_higher_step_without_an_address_takes_the_place_of_the_lower_one() -> None:
    """Days 20 and 40 are letters and nobody knows where to: what waits on day 40 is the letter of day 40, since then."""
    policy = "policy: P\nclock: due date\nsteps:\n  - day: 20\n    letter: reminder\n  - day: 40\n    letter: final-notice\n"
    desk = Desk(book(policy)).account("A", addresses=0).owes("1", late=20)
    waits = []
    for last in (0, 5, 20):
        desk.days(0, last)
        (row,) = desk.left.pending.select("step", "since").rows()
        waits.append((row[0], (row[1] - day(0)).days))
    assert waits == [("letter reminder", 0), ("letter reminder", 0), ("letter final-notice", 20)]
    assert desk.left.marks.select("item", "step").rows() == [("1", "letter reminder")], "it was passed over"
    desk.days(0, 30)
    assert desk.left.pending["step"].to_list() == ["letter final-notice"], "and it does not come back"


def test_a_repeating_step_without_an_address_is_passed_over_for_good() -> None:
    policy = "policy: P\nclock: due date\nsteps:\n  - day: 20\n    letter: reminder\n    repeat: every 3 days, at most 9\n"
    policy += "  - day: 30\n    call: collector\n  - day: 40\n    letter: final-notice\n"
    desk = Desk(book(policy)).account("A", addresses=16).owes("1", late=20)
    assert desk.calendar_of(0, 30) == {10: "call collector"}
    assert desk.left.pending["step"].to_list() == ["letter final-notice"]


def test_a_call_made_again_waits_for_room_as_the_call_that_it_is() -> None:
    """The call of day 10 reached nobody and finds no room today: the day's next look does not go on to the step after it."""
    rules = with_house(book(LADDER + "late: latest\n"), capacity={"calls": 1})
    desk = Desk(rules).owes("1", late=25).under_way("call collector", Pending.AGAIN, days_ago=14, attempts=1)
    seen = desk.on(used={"calls": 1})
    assert seen.of() == "nothing, because no capacity today"
    desk.rows["pending"][0]["state"] = Pending.CAPACITY.value
    assert desk.on(used={"calls": 1}).of() == "nothing, because no capacity today"
    assert desk.on(1).of() == "call collector"


def test_an_address_that_was_found_lets_the_step_go() -> None:
    desk = Desk(book()).owes("1", late=25).had("call collector", "1")
    desk.under_way("letter reminder", Pending.ADDRESS, days_ago=3)
    assert desk.on().of() == "letter reminder"


def test_what_was_approved_goes_if_it_is_still_due() -> None:
    desk = Desk(book(APPROVED_LETTER)).owes("1", late=25).had("call collector", "1")
    desk.under_way("letter reminder", Pending.APPROVED)
    assert desk.on().of() == "letter reminder"
    paid = Desk(book(APPROVED_LETTER)).owes("1", late=25, open=0)
    assert paid.under_way("letter reminder", Pending.APPROVED).on().of() == "nothing, because not overdue"


def test_what_was_refused_is_not_asked_again_this_episode() -> None:
    desk = (
        Desk(book(APPROVED_LETTER)).owes("1", late=25).had("call collector", "1").refused("letter reminder")
    )
    assert desk.calendar_of(0, 40) == {15: "call supervisor", 35: "letter final-notice"}


# -- what they bind ----------------------------------------------------------------------------------------------------


def test_tasks_and_webhooks_pass_hours_gap_and_contact() -> None:
    rules = book(TASKS, house="gap: 5 days\ncontact: at most 1 in 7 days\n")
    desk = Desk(rules, open_on="none").owes("1", late=5).contacted(0)
    assert desk.calendar_of(0, 16) == {5: "task credit manager", 15: "webhook crm"}  # day 5 and 15: weekend


def test_a_task_does_not_count_as_contact() -> None:
    policy = TASKS + "  - day: 21\n    call: collector\n"
    desk = Desk(book(policy, house="gap: 5 days\n")).owes("1", late=10)
    assert desk.calendar_of(0, 12) == {0: "task credit manager", 10: "webhook crm", 11: "call collector"}


def test_a_courtesy_does_not_count_as_contact() -> None:
    policy = "policy: C\nclock: due date\nsteps:\n  - day: -1\n    email: statement\n  - day: 1\n    call: collector\n"
    desk = Desk(book(policy, house="gap: 5 days\n")).owes("1", late=-1)
    assert desk.calendar_of(0, 9) == {0: "email statement", 2: "call collector"}


# -- time to answer ----------------------------------------------------------------------------------------------------


def test_no_higher_step_before_the_date_to_answer_by_has_passed() -> None:
    desk = Desk(book()).account("A", answer_by=day(1), answer_day=20).owes("1", late=40)
    desk.had("call collector", "1").had("letter reminder", "1")
    assert desk.on().of() == "nothing, because time to answer"
    assert desk.calendar_of(0, 3) == {2: "call supervisor"}


def test_a_step_no_higher_than_the_demand_need_not_wait() -> None:
    desk = Desk(book()).account("A", answer_by=day(5), answer_day=20).owes("1", late=10)
    assert desk.on().of() == "call collector"


def test_no_other_written_demand_before_it_either() -> None:
    desk = Desk(book()).account("A", answer_by=day(1), answer_day=60).owes("1", late=20)
    desk.had("call collector", "1")
    assert desk.on().of() == "nothing, because time to answer"
    assert desk.calendar_of(0, 3) == {2: "letter reminder"}


def test_a_task_higher_than_the_demand_waits_for_the_answer_too() -> None:
    policy = LADDER.replace("call: supervisor", "task: credit manager, decide")
    desk = Desk(book(policy)).account("A", answer_by=day(1), answer_day=20).owes("1", late=40)
    desk.had("call collector", "1").had("letter reminder", "1")
    assert desk.calendar_of(0, 3) == {2: "task credit manager"}


def test_the_date_to_answer_by_is_moved_to_an_open_day() -> None:
    policy = """
policy: P
clock: due date
answer: 5 days
steps:
  - day: 10
    letter: reminder
  - day: 12
    call: collector
"""
    # The letter goes on Monday, day 0; five days on is a Saturday, so Monday counts, and Tuesday is free.
    assert Desk(book(policy), open_on="none").owes("1", late=10).calendar_of(0, 12) == {
        0: "letter reminder",
        8: "call collector",
    }


def test_a_policys_own_answer_wins_over_the_houses() -> None:
    policy = LADDER.replace("clock:", "answer: 2 days\nlate: latest\nclock:").replace("day: 40", "day: 21")
    desk = Desk(book(policy, house="answer: 7 days\n")).owes("1", late=20)
    assert desk.calendar_of(0, 5) == {0: "letter reminder", 3: "call supervisor"}
