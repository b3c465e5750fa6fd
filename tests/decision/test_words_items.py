"""Open items, set-aside items, and how items carry steps while accounts receive contacts: a test a sentence."""

from __future__ import annotations

from engine.core.decision.state import Pending
from tests.decision.builder import LADDER, Desk, book, day

# -- open items --------------------------------------------------------------------------------------------------------


def test_invoices_and_debit_notes_with_something_open_count() -> None:
    assert Desk(book()).owes("1", late=10).on().of() == "call collector"
    assert Desk(book()).owes("1", late=10, kind="debit_note").on().of() == "call collector"
    assert Desk(book()).owes("1", late=10, open=0).on().of() == "nothing, because not overdue"


def test_credits_are_set_against_the_oldest_due() -> None:
    desk = Desk(book()).owes("old", late=20, amount=500).owes("new", late=11, amount=500).credit(500)
    seen = desk.on()
    assert seen.of() == "call collector"
    assert seen.covers() == {("new", "call collector")}


def test_unapplied_cash_counts_like_a_credit_note() -> None:
    desk = Desk(book()).owes("1", late=20, amount=500).credit(500, kind="payment")
    assert desk.on().of() == "nothing, because not overdue"


def test_credits_count_in_their_own_currency_only() -> None:
    desk = Desk(book()).owes("1", late=20, amount=500).credit(500, currency="EUR", rate=1.1)
    assert desk.on().of() == "call collector"


def test_an_account_whose_credits_cover_what_is_overdue_is_not_overdue() -> None:
    desk = Desk(book()).owes("1", late=70, amount=500).owes("2", late=-30, amount=900).credit(600)
    assert desk.on().of() == "nothing, because not overdue"


def test_a_part_of_an_item_that_credits_leave_is_still_asked_for() -> None:
    seen = Desk(book()).owes("1", late=10, amount=500).credit(499.99).on()
    assert seen.of() == "call collector"
    assert seen.decided.contacts["amount"].to_list() == [1]


# -- set aside ---------------------------------------------------------------------------------------------------------


def test_the_steps_of_a_disputed_item_are_due_but_held() -> None:
    seen = Desk(book()).owes("1", late=10, aside="disputed").on()
    assert seen.of() == "nothing, because disputed"
    assert seen.waits() == "call collector"


def test_an_item_under_an_open_promise_is_held() -> None:
    assert Desk(book()).owes("1", late=10, aside="promised").on().of() == "nothing, because promise open"


def test_an_item_under_a_kept_plan_is_held() -> None:
    assert Desk(book()).owes("1", late=10, aside="planned").on().of() == "nothing, because plan kept"


def test_the_rest_of_the_account_goes_on() -> None:
    desk = Desk(book()).owes("1", late=10, aside="disputed").owes("2", late=10)
    seen = desk.on()
    assert seen.of() == "call collector"
    assert seen.covers() == {("2", "call collector")}


def test_set_aside_items_still_count_as_overdue() -> None:
    large = LADDER.replace("clock:", "for:\n  overdue: over 1,500\nclock:")
    desk = Desk(book(large)).owes("1", late=10, aside="disputed").owes("2", late=10)
    assert desk.on().of() == "call collector"


def test_a_test_on_disputed_and_on_the_disputed_amount() -> None:
    for line in ("disputed: yes", "disputed-amount: over 900"):
        policy = LADDER.replace("clock:", f"for:\n  {line}\nclock:")
        desk = Desk(book(policy)).owes("1", late=10, aside="disputed").owes("2", late=10)
        assert desk.owes("3", late=10, account="B").on().of() == "call collector"
        assert desk.on().of("B") == "nothing, because no policy fits"


def test_a_policy_for_accounts_without_dispute() -> None:
    policy = LADDER.replace("clock:", "for:\n  disputed: no\nclock:")
    desk = Desk(book(policy)).owes("1", late=10).owes("2", late=10, account="B", aside="disputed")
    assert desk.on().of() == "call collector"
    assert desk.on().of("B") == "nothing, because no policy fits"


def test_days_set_aside_through_no_fault_of_the_customer_are_taken_off() -> None:
    desk = Desk(book()).owes("1", late=14, days_off=5)
    assert desk.calendar_of(0, 3) == {1: "call collector"}


# -- items carry steps, accounts receive contacts ----------------------------------------------------------------------


def test_each_item_has_its_own_day() -> None:
    desk = Desk(book()).owes("1", late=5).owes("2", late=5, account="B", terms=60)
    assert desk.calendar_of(0, 10) == desk.calendar_of(0, 10, "B") == {5: "call collector"}


def test_a_step_is_due_when_the_day_has_come_and_when_holds() -> None:
    policy = """
policy: Ladder
clock: due date
steps:
  - day: 10
    call: collector
    when:
      - amount: over 500
"""
    desk = Desk(book(policy)).owes("1", late=9, amount=501).owes("2", late=10, amount=500, account="B")
    assert desk.calendar_of(0, 5) == {1: "call collector"}
    assert desk.calendar_of(0, 5, "B") == {}


def test_a_step_that_has_been_taken_for_the_item_is_not_due() -> None:
    desk = Desk(book()).owes("1", late=15).had("call collector", "1")
    assert desk.on().of() == "nothing, because nothing due"


def test_the_account_takes_the_highest_step_offered() -> None:
    desk = Desk(book()).owes("1", late=25).had("call collector", "1").owes("2", late=12)
    assert desk.on().of() == "letter reminder"


def test_of_two_steps_of_one_day_the_later_in_the_file_is_the_higher() -> None:
    policy = """
policy: Ladder
clock: due date
late: latest
steps:
  - day: 10
    call: collector
  - day: 10
    letter: reminder
"""
    assert Desk(book(policy)).owes("1", late=10).on().of() == "letter reminder"


def test_taking_it_takes_it_and_the_lower_ones_for_every_item_for_which_each_is_due() -> None:
    desk = Desk(book()).owes("1", late=25).had("call collector", "1").owes("2", late=12).owes("3", late=2)
    assert desk.on().covers() == {("1", "letter reminder"), ("2", "call collector")}


def test_nothing_is_taken_for_items_set_aside() -> None:
    desk = Desk(book()).owes("1", late=25).had("call collector", "1").owes("2", late=25, aside="disputed")
    assert desk.on().covers() == {("1", "letter reminder")}


def test_set_aside_items_offer_a_step_only_when_no_other_item_does() -> None:
    desk = Desk(book()).owes("1", late=65, aside="disputed").owes("2", late=12)
    assert desk.on().of() == "call collector"


def test_a_newer_invoice_gets_its_own_first_call_later() -> None:
    desk = Desk(book()).owes("1", late=10).owes("2", late=-5)
    assert desk.calendar_of(0, 15) == {0: "call collector", 10: "letter reminder", 15: "call collector"}


def test_within_an_episode_a_later_call_goes_to_the_role_already_reached() -> None:
    desk = Desk(book()).owes("1", late=40).had("letter reminder", "1").had("call collector", "1")
    desk.owes("2", late=-5)
    assert desk.calendar_of(0, 16) == {0: "call supervisor", 15: "call supervisor"}


def test_a_call_of_the_account_owner_stands_beside_that_order() -> None:
    policy = LADDER.replace("collector", "account owner")
    desk = Desk(book(policy)).account("A", reached="supervisor").owes("1", late=10)
    assert desk.on().of() == "call account owner"


def test_within_an_episode_a_later_message_has_the_tone_already_reached() -> None:
    desk = Desk(book()).owes("1", late=60)
    desk.had("letter reminder", "1").had("call collector", "1").had("call supervisor", "1").owes("2", late=10)
    desk.had("call collector", "2")
    assert desk.calendar_of(0, 10) == {0: "letter final-notice", 10: "letter final-notice"}


def test_each_invoice_has_its_own_ladder_and_message() -> None:
    policy = LADDER.replace("clock:", "each: invoice\nclock:")
    desk = Desk(book(policy)).owes("1", late=25).had("call collector", "1").owes("2", late=12)
    assert desk.on().of() == "letter reminder + call collector"


def test_under_each_invoice_a_call_on_the_list_holds_only_its_invoice() -> None:
    policy = LADDER.replace("clock:", "each: invoice\nclock:")
    desk = Desk(book(policy)).owes("1", late=12).owes("2", late=12)
    desk.under_way("call collector", Pending.CALL, item="1")
    assert desk.on().of() == "nothing, because call on the list + call collector"


# -- catching up -------------------------------------------------------------------------------------------------------


def test_climb_begins_with_the_lowest() -> None:
    desk = Desk(book(house="gap: 5 days\nanswer: 7 days\n")).owes("1", late=100)
    assert desk.calendar_of(0, 30) == {
        0: "call collector",
        5: "letter reminder",
        13: "call supervisor",
        18: "letter final-notice",
    }


def test_nobodys_first_contact_is_a_final_demand() -> None:
    assert Desk(book()).owes("1", late=300).on().of() == "call collector"


def test_latest_takes_the_highest_and_passes_the_lower_ones_over() -> None:
    seen = Desk(book(house="late: latest\n")).owes("1", late=45).on()
    assert seen.of() == "call supervisor"
    assert seen.covers() == {
        ("1", "call collector"),
        ("1", "letter reminder"),
        ("1", "call supervisor"),
    }


def test_skip_takes_the_highest_that_is_not_too_late() -> None:
    desk = Desk(book(house="late: skip 7 days\n")).owes("1", late=25)
    assert desk.on().of() == "letter reminder"
    assert Desk(book(house="late: skip 7 days\n")).owes("1", late=35).calendar_of(0, 30) == {
        5: "call supervisor",
        25: "letter final-notice",
    }


def test_a_policys_own_way_to_catch_up_wins() -> None:
    policy = LADDER.replace("clock:", "late: latest\nclock:")
    assert Desk(book(policy, house="late: climb\n")).owes("1", late=45).on().of() == "call supervisor"


# -- no demand before the due date -------------------------------------------------------------------------------------


def test_a_step_counted_from_the_invoice_waits_until_the_item_is_past_due() -> None:
    policy = LADDER.replace("clock: due date", "clock: invoice date")
    desk = Desk(book(policy)).owes("1", late=-3, terms=60)
    assert desk.calendar_of(0, 10) == {4: "call collector", 5: "letter reminder"}


def test_nothing_is_demanded_on_the_due_date_itself() -> None:
    policy = LADDER.replace("day: 10", "day: 0")
    assert Desk(book(policy)).owes("1", late=0).calendar_of(0, 3) == {1: "call collector"}


COURTESY = """
policy: Courtesy
clock: due date
steps:
  - day: -5
    email: statement
  - day: 10
    call: collector
"""


def test_a_courtesy_goes_before_the_due_date() -> None:
    assert Desk(book(COURTESY)).owes("1", late=-6).calendar_of(0, 10) == {1: "email statement"}


def test_a_courtesy_lapses_on_the_due_date() -> None:
    assert Desk(book(COURTESY)).owes("1", late=-1, account="A").on().of() == "email statement"
    assert Desk(book(COURTESY)).owes("1", late=1).on().of() == "nothing, because nothing due"


def test_a_courtesy_does_not_go_on_the_due_date_itself() -> None:
    assert Desk(book(COURTESY)).owes("1", late=0).on().of() == "nothing, because not overdue"


def test_a_courtesy_is_not_sent_while_something_is_overdue() -> None:
    assert (
        Desk(book(COURTESY)).owes("1", late=-3).owes("2", late=2).on().of() == "nothing, because nothing due"
    )


def test_the_minimum_of_a_courtesy_is_what_is_about_to_fall_due() -> None:
    house = "minimum: 50\n"
    desk = Desk(book(COURTESY, house=house)).owes("1", late=-3, amount=49.99).owes("2", late=-40, amount=900)
    assert desk.on().of() == "nothing, because below minimum"
    assert Desk(book(COURTESY, house=house)).owes("1", late=-3, amount=50).on().of() == "email statement"


# -- clocks ------------------------------------------------------------------------------------------------------------


def test_the_four_clocks() -> None:
    # Dated 10 January, due 9 February, on the statement of 20 January.
    def first(clock: str, around: int) -> dict[int, str]:
        policy = f"policy: P\nclock: {clock}\nsteps:\n  - day: 60\n    call: collector\n"
        desk = Desk(book(policy)).owes("1", late=21, statement=day(-41))
        return desk.calendar_of(around - 1, around + 1)

    assert first("due date", 39) == {39: "call collector"}
    assert first("invoice date", 9) == {9: "call collector"}
    assert first("statement date", 19) == {19: "call collector"}
    assert first("end of month", 30) == {30: "call collector"}


def test_an_item_on_no_statement_counts_from_the_end_of_its_month() -> None:
    policy = "policy: P\nclock: statement date\nsteps:\n  - day: 60\n    call: collector\n"
    assert Desk(book(policy)).owes("1", late=21).calendar_of(29, 31) == {30: "call collector"}


# -- money of several currencies ---------------------------------------------------------------------------------------


def test_other_currencies_are_converted_at_the_ledgers_rate() -> None:
    policy = LADDER.replace("clock:", "for:\n  overdue: over 1,050\nclock:")
    desk = Desk(book(policy)).owes("1", late=10, currency="EUR", rate=1.1)
    assert desk.on().of() == "call collector"


def test_without_a_rate_the_account_waits_and_says_so() -> None:
    seen = Desk(book(house="minimum: 50\n")).owes("1", late=10, currency="EUR", rate=None).on()
    assert seen.of() == "nothing, because no exchange rate"


def test_an_item_without_rate_holds_the_items_beside_it_too() -> None:
    seen = Desk(book()).owes("1", late=10).owes("2", late=-40, currency="EUR", rate=None).on()
    assert seen.of() == "nothing, because no exchange rate"
