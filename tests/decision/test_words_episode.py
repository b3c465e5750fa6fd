"""An episode, what happens once in it, who keeps the account, repeating steps and the end of a ladder: a test a sentence."""

from __future__ import annotations

from engine.core.decision.plan import NOTHING_PAID, PROMISES_KEPT, morning
from engine.core.decision.state import Pending
from tests.decision.builder import LADDER, TODAY, Desk, book, day, effects

HOLD = """
policy: Hold
clock: due date
steps:
  - day: 10
    hold: orders
    letter: reminder
  - day: 20
    call: supervisor
  - day: 30
    terms: cash on delivery
    hold: deliveries
    email: final-notice
  - day: 40
    letter: final-notice
"""
KEY = """
policy: Key
for:
  segment: key
clock: due date
steps:
  - day: 10
    call: account owner
  - day: 20
    letter: reminder
  - day: 30
    letter: final-notice
"""
START = """
policy: Broken promise
for:
  promise: broken
start: promise broken
steps:
  - day: 0
    call: collector
  - day: 5
    letter: reminder
"""


# -- taken -------------------------------------------------------------------------------------------------------------


def test_a_call_on_the_list_waits_for_its_outcome() -> None:
    desk = Desk(book()).owes("1", late=12).under_way("call collector", Pending.CALL, days_ago=2)
    assert desk.on().of() == "nothing, because call on the list"


def test_a_message_on_its_way_is_not_sent_again() -> None:
    desk = Desk(book()).owes("1", late=22).had("call collector", "1")
    assert (
        desk.under_way("letter reminder", Pending.MESSAGE).on().of() == "nothing, because message on its way"
    )


def test_an_uncertain_message_holds_the_account() -> None:
    desk = Desk(book()).owes("1", late=62).had("call collector", "1")
    desk.under_way("letter reminder", Pending.UNCERTAIN, days_ago=40)
    assert desk.on().of() == "nothing, because delivery uncertain"


def test_a_call_that_met_nobody_is_put_back() -> None:
    desk = Desk(book()).owes("1", late=12)
    desk.under_way("call collector", Pending.AGAIN, 0, attempts=1, again=day(1))
    assert desk.on().of() == "nothing, because call put back"
    assert desk.on(1).of() == "call collector"


def test_a_call_not_made_is_passed_over_after_the_gap_when_a_higher_step_is_due() -> None:
    desk = Desk(book(house="gap: 5 days\n")).owes("1", late=20)
    desk.under_way("call collector", Pending.CALL, days_ago=4)
    assert desk.on().of() == "nothing, because call on the list"
    assert desk.on(1).of() == "letter reminder"
    assert desk.on(1).choices()[0].passed


def test_a_call_not_made_waits_as_long_as_no_higher_step_is_due() -> None:
    desk = Desk(book(house="gap: 5 days\n")).owes("1", late=18)
    desk.under_way("call collector", Pending.CALL, days_ago=8)
    assert desk.on().of() == "nothing, because call on the list"


def test_the_actions_of_one_step_go_together_under_the_strictest_gate() -> None:
    seen = Desk(book(HOLD)).account("A", addresses=0).owes("1", late=10).on()
    assert seen.of() == "nothing, because no address"
    paused = Desk(book(HOLD, house="pause:\n  - letter: 1 Mar to 5 Mar\n")).owes("1", late=10)
    assert paused.calendar_of(0, 6) == {4: "hold orders, letter reminder"}


# -- the episode -------------------------------------------------------------------------------------------------------


def test_an_episode_starts_when_the_account_first_falls_past_due() -> None:
    desk = Desk(book()).owes("1", late=-2)
    desk.days(0, 2)
    assert desk.left.accounts["since"].to_list() == [None]
    desk.days(0, 3)
    assert desk.left.accounts["since"].to_list() == [day(3)]
    assert desk.left.accounts["home"].to_list() == ["ladder"]


def test_when_nothing_is_overdue_nothing_is_asked_and_nothing_waits() -> None:
    desk = Desk(book()).owes("1", late=20, open=0).owes("2", late=-3)
    desk.under_way("call collector", Pending.APPROVED)
    assert desk.on().of() == "nothing, because not overdue"


def test_terms_hold_and_hand_off_happen_once_an_episode() -> None:
    desk = Desk(book(HOLD)).account("A", effects=effects("hold")).owes("1", late=10)
    assert desk.calendar_of(0, 30) == {10: "call supervisor", 30: "letter final-notice"}


def test_an_effect_on_a_newer_invoice_is_not_repeated() -> None:
    desk = Desk(book(HOLD)).owes("1", late=10).owes("2", late=7)
    assert desk.calendar_of(0, 5) == {0: "hold orders, letter reminder"}


def test_an_account_keeps_its_policy_for_the_episode() -> None:
    rules = book(key=KEY, ladder=LADDER)
    desk = Desk(rules).account("A", segment="trade", home="ladder", since=day(-5)).owes("1", late=10)
    desk.account("B", segment="trade", home="key", since=day(-5)).owes("2", late=10, account="B")
    assert desk.on().of("A") == "call collector"
    assert desk.on().of("B") == "call account owner"  # it no longer fits, and keeps it


def test_only_an_earlier_policy_takes_it_over_and_gives_it_back() -> None:
    rules = book(key=KEY, ladder=LADDER)
    desk = Desk(rules).account("A", segment="key", home="ladder", since=day(-5)).owes("1", late=10)
    assert desk.on().of() == "call account owner"
    desk.rows["accounts"][0]["segment"] = "trade"
    assert desk.on().of() == "call collector"


def test_a_policy_of_a_removed_file_is_not_kept() -> None:
    desk = Desk(book()).account("A", home="gone", since=day(-5)).owes("1", late=10)
    assert desk.on().of() == "call collector"


def test_steps_of_the_same_name_and_those_below_count_as_taken_after_a_change_of_policy() -> None:
    rules = book(key=KEY, ladder=LADDER)
    desk = Desk(rules).account("A", segment="key").owes("1", late=30)
    desk.had("letter reminder", "1", policy="ladder")
    assert desk.on().of() == "letter final-notice"


def test_a_step_whose_name_the_other_policy_does_not_know_counts_for_nothing() -> None:
    rules = book(key=KEY, ladder=LADDER)
    desk = (
        Desk(rules).account("A", segment="key").owes("1", late=30).had("call collector", "1", policy="ladder")
    )
    assert desk.on().of() == "call account owner"


def test_a_policy_with_start_begins_afresh_at_each_event() -> None:
    rules = book(broken=START, ladder=LADDER)
    desk = Desk(rules).account("A", promise="broken", promise_broken=day(0), home="ladder").owes("1", late=50)
    desk.had("call collector", "1", policy="broken", event=day(-20))
    desk.had("letter reminder", "1", policy="ladder")
    assert desk.calendar_of(0, 6) == {0: "call collector", 5: "letter reminder"}


def test_a_policy_with_start_does_not_repeat_itself_within_an_event() -> None:
    rules = book(broken=START, ladder=LADDER)
    desk = (
        Desk(rules).account("A", promise="broken", promise_broken=day(-6), home="ladder").owes("1", late=50)
    )
    desk.had("call collector", "1", policy="broken", event=day(-6))
    assert desk.on().of() == "letter reminder"


def test_a_policy_with_start_takes_nobody_without_the_event() -> None:
    rules = book(broken=START, ladder=LADDER)
    assert Desk(rules).account("A", promise="broken").owes("1", late=10).on().of() == "call collector"


def test_a_new_policy_never_takes_the_place_of_the_home_through_start() -> None:
    rules = book(broken=START, ladder=LADDER)
    desk = Desk(rules).account("A", promise="broken", promise_broken=day(-1)).owes("1", late=5)
    last = desk.days(0, 0)[0].decided.portfolio
    assert [rules.policies[number].id for number in last.home] == ["ladder"]


# -- the end of a ladder -----------------------------------------------------------------------------------------------


def test_after_the_last_step_the_ladder_is_finished_and_the_owner_is_told() -> None:
    desk = Desk(book()).owes("1", late=70).had("letter final-notice", "1", policy="other")
    choice = desk.on().choices()[0]
    assert (choice.reason, choice.tell_owner) == ("ladder finished", True)


def test_the_owner_is_told_every_30_days() -> None:
    desk = Desk(book()).owes("1", late=70).had("letter final-notice", "1", policy="other")
    told = [number for number, seen in enumerate(desk.days(0, 61)) if seen.choices()[0].tell_owner]
    assert told == [0, 30, 60]


def test_a_ladder_with_a_younger_item_to_come_is_not_finished() -> None:
    desk = Desk(book()).owes("1", late=70).had("letter final-notice", "1", policy="other").owes("2", late=3)
    assert desk.on().of() == "nothing, because nothing due"


def test_an_account_that_is_left_to_people_tells_nobody() -> None:
    desk = Desk(book(house="never:\n  - insolvent: yes\n")).account("A", insolvent=True).owes("1", late=70)
    desk.had("letter final-notice", "1", policy="other")
    assert not desk.on().choices()[0].tell_owner


# -- repeat ------------------------------------------------------------------------------------------------------------


REPEAT = """
policy: Repeating
clock: due date
answer: 1 days
steps:
  - day: 10
    letter: reminder
    repeat: every 14 days, at most 3
  - day: 30
    call: supervisor
"""


def test_a_repeating_step_comes_again() -> None:
    assert Desk(book(REPEAT)).owes("1", late=10).calendar_of(0, 80) == {
        0: "letter reminder",
        14: "letter reminder",
        20: "call supervisor",
        28: "letter reminder",
        42: "letter reminder",
    }


def test_it_comes_again_until_nothing_is_overdue() -> None:
    desk = Desk(book(REPEAT)).owes("1", late=40, open=0).repeated("letter reminder", 1, 20)
    assert desk.on().of() == "nothing, because not overdue"


def test_it_is_not_asked_for_what_is_set_aside() -> None:
    desk = Desk(book(REPEAT)).owes("1", late=29, aside="disputed").had("letter reminder", "1")
    assert desk.repeated("letter reminder", 1, 20).on().of() == "nothing, because nothing due"


def test_no_higher_step_swallows_it() -> None:
    desk = Desk(book(REPEAT.replace("clock:", "late: latest\nclock:"))).owes("1", late=40)
    seen = desk.on()
    assert seen.of() == "call supervisor"
    assert seen.covers() == {("1", "call supervisor")}
    assert desk.calendar_of(0, 16) == {0: "call supervisor", 1: "letter reminder", 15: "letter reminder"}


# -- promises, and facts in time ---------------------------------------------------------------------------------------


def test_a_promise_that_falls_due_unpaid_releases_its_items_and_starts_its_policy() -> None:
    rules = book(broken=START, ladder=LADDER)
    desk = Desk(rules).account("A", promise="open").owes("1", late=12, aside="promised", aside_until=day(3))
    assert desk.calendar_of(0, 9) == {3: "call collector", 8: "letter reminder"}


def test_a_plan_may_assume_that_promises_are_kept() -> None:
    desk = Desk(book()).account("A", promise="open").owes("1", late=12, aside="promised", aside_until=day(3))
    assert [seen.of() for seen in desk.days(0, 3, assumes=PROMISES_KEPT)][
        -1
    ] == "nothing, because not overdue"


def test_a_dispute_that_was_closed_releases_its_item_the_next_day() -> None:
    desk = Desk(book()).owes("1", late=12, aside="disputed", aside_until=day(1))
    assert desk.calendar_of(0, 3) == {1: "call collector"}
    assert morning(desk.state(), TODAY, NOTHING_PAID).items["aside"].to_list() == ["disputed"]


def test_a_released_item_is_still_owed_when_a_promise_is_kept_later() -> None:
    desk = Desk(book()).owes("1", late=1, aside="disputed", aside_until=day(1))
    desk.owes("2", late=1, aside="promised", aside_until=day(3))
    released = morning(desk.state(), day(1), PROMISES_KEPT)
    assert morning(released, day(3), PROMISES_KEPT).items["item"].to_list() == ["1"]


def test_facts_that_stop_act_at_once() -> None:
    desk = Desk(book()).owes("1", late=10)
    assert desk.on().of() == "call collector"
    desk.rows["items"][0]["aside"] = "disputed"
    assert desk.on().of() == "nothing, because disputed"


# -- edits -------------------------------------------------------------------------------------------------------------


def test_steps_taken_stay_taken_when_their_day_or_text_is_edited() -> None:
    desk = Desk(book(LADDER.replace("day: 10", "day: 15"))).owes("1", late=19).had("call collector", "1")
    assert desk.on().of() == "nothing, because nothing due"


def test_edits_apply_to_everyone_from_the_next_run() -> None:
    desk = Desk(book(LADDER.replace("day: 20", "day: 18"))).owes("1", late=19).had("call collector", "1")
    assert desk.on().of() == "letter reminder"


REPEAT_KEY = REPEAT.replace("policy: Repeating", "policy: Key\nfor:\n  segment: key").replace(
    "most 3", "most 2"
)


def test_after_a_change_of_policy_it_counts_on() -> None:
    """Once and once again under the one, once under the other: at most two more than the first are asked for there."""
    rules = book(key=REPEAT_KEY, ladder=REPEAT)
    desk = Desk(rules).account("A", segment="key").owes("1", late=28).had("letter reminder", "1")
    desk.had("letter reminder", "1", policy="ladder").repeated("letter reminder", 2, 14, policy="ladder")
    assert desk.calendar_of(0, 40) == {0: "letter reminder", 2: "call supervisor"}
    desk.repeated("letter reminder", 1, 14, policy="key")
    assert desk.calendar_of(0, 40) == {2: "call supervisor"}


def test_a_policy_with_start_counts_since_its_event() -> None:
    steps = REPEAT.partition("steps:")[2].replace("day: 10", "day: 1").replace("most 3", "most 1")
    rules = book(
        broken=f"policy: Broken\nstart: promise broken\nanswer: 1 days\nsteps:{steps}", ladder=REPEAT
    )
    desk = (
        Desk(rules).account("A", promise="broken", promise_broken=day(-1), home="ladder").owes("1", late=60)
    )
    desk.had("letter reminder", "1", policy="ladder").repeated("letter reminder", 9, 1, policy="ladder")
    desk.had("letter reminder", "1", policy="broken", event=day(-40))
    desk.repeated("letter reminder", 2, 30, policy="broken")
    assert desk.calendar_of(0, 25) == {0: "letter reminder", 14: "letter reminder"}
