"""Tests of policies, as people write them: what passes, what fails, and what a failure says."""

from __future__ import annotations

import pytest

from engine.core.decision import questions
from engine.core.language.check import check
from engine.core.rules import evaluators
from engine.core.trust.trial import Failure, Result, run_trials
from tests.decision.builder import KNOWN, LADDER

HOUSE = "gap: 5 days\nanswer: 3 days\nminimum: 50\n"
HEAD = """\
policy: ladder
account:
  segment: trade
  terms: net 30
  invoices: [{number: A1, date: 2026-01-05, amount: "1,200"}]
tests:
"""
KEY = LADDER.replace("clock:", "for:\n  segment: key\nclock:")


def results(
    *lines: str, house: str = HOUSE, ladder: str = LADDER, head: str = HEAD, outcomes: str = "", **more: str
) -> tuple[Result, ...]:
    """The tests of one file under the policies `ladder` and `more`, which come before it."""
    files = {f"policies/{name}.yaml": text for name, text in more.items()}
    files |= {"policies/ladder.yaml": ladder, "policies/tests/ladder.yaml": head + "\n".join(lines) + "\n"}
    files |= {"policies/outcomes.yaml": outcomes} if outcomes else {}
    files["policies/house.yaml"] = f"order: [{', '.join([*more, 'ladder'])}]\n{house}"
    found = check({name: text.encode() for name, text in files.items()}, KNOWN)
    assert found.book, [problem.sentence for problem in found.problems]
    return run_trials(found.book, found.trials, evaluators(questions.rulesets(found.book)))


def test(*lines: str, **files: str) -> tuple[Failure, ...]:
    """The failures of one test, whose lines follow its name."""
    (result,) = results("  - name: it", *(f"    {line}" for line in lines), **files)
    return result.failures


test.__test__ = False  # type: ignore[attr-defined]


def said(failures: tuple[Failure, ...]) -> list[tuple[int | None, str, str]]:
    return [(failure.day, failure.is_, failure.should_be) for failure in failures]


def test_the_ladder_as_it_is_passes() -> None:
    assert (
        test(
            "expect:",
            "  10: call collector",
            "  20: letter reminder",
            "  40: call supervisor",
            "  60: letter final-notice",
        )
        == ()
    )


def test_a_failure_shows_day_is_should_be_and_why() -> None:
    (failure,) = test("expect:", "  10: letter reminder")
    assert (failure.day, failure.is_, failure.should_be) == (10, "call collector", "letter reminder")
    assert failure.why == "ladder: call collector: it is due, policies/ladder.yaml:5:5"
    assert (failure.place.file, failure.place.line) == ("policies/tests/ladder.yaml", 9)


def test_a_day_that_is_not_mentioned_must_stay_silent() -> None:
    failures = test("expect:", "  20: letter reminder")
    assert said(failures) == [(10, "call collector", "nothing")]


def test_a_step_that_comes_too_late_is_two_failures() -> None:
    failures = test("expect:", "  9: call collector", "  12: nothing")
    assert said(failures) == [
        (9, "nothing, because nothing due", "call collector"),
        (10, "call collector", "nothing"),
    ]


def test_all_failures_of_all_tests_are_shown() -> None:
    found = results(
        "  - name: one",
        "    expect: {10: letter reminder, 20: call collector}",
        "  - name: two",
        "    expect: {10: call collector}",
        "  - name: three",
        "    expect: {11: call collector}",
    )
    assert [(result.name, result.passed, len(result.failures)) for result in found] == [
        ("one", False, 2),
        ("two", True, 0),
        ("three", False, 2),
    ]


def test_a_wrong_reason_fails() -> None:
    failures = test("expect:", "  9: nothing, because disputed")
    assert said(failures) == [(9, "nothing, because nothing due", "nothing, because disputed")]


def test_a_right_reason_passes() -> None:
    events = "events: {9: dispute opened}"
    assert test(events, "expect:", "  10: nothing, because disputed") == ()


def test_an_account_that_another_policy_takes_fails_and_says_which() -> None:
    failures = test("account: {segment: key}", "expect:", "  10: call collector", key=KEY)
    assert said(failures) == [(10, "call collector (policy key takes it)", "call collector")]


def test_an_account_that_another_policy_must_take() -> None:
    assert test("account: {segment: key}", "expect: policy key", key=KEY) == ()
    (failure,) = test("expect: policy key", key=KEY)
    assert (failure.is_, failure.should_be) == ("policy ladder", "policy key")
    assert failure.why.startswith("segment is not key, policies/key.yaml:4")


def test_an_account_that_nobody_must_take() -> None:
    only = LADDER.replace("clock:", "for:\n  segment: key\nclock:")
    assert test("expect: no policy", ladder=only) == ()
    (failure,) = test("expect: no policy")
    assert (failure.is_, failure.should_be) == ("policy ladder", "policy ")


@pytest.mark.parametrize("outcome", ["no answer", "busy", "voicemail"])
def test_a_call_that_met_nobody_is_put_back_twice_a_day_apart(outcome: str) -> None:
    events = f"events: {{10: call {outcome}, 11: call {outcome}, 12: call {outcome}}}"
    expect = [f"  {day}: call collector" for day in (10, 11, 12)]
    assert test(events, "expect:", *expect, "  20: letter reminder") == ()


def test_a_call_that_was_put_back_is_made_the_next_day() -> None:
    events = "events: {10: call no answer}"
    assert (
        test(events, "expect:", "  10: call collector", "  11: call collector", "  20: letter reminder") == ()
    )


APPROVED = LADDER.replace("letter: reminder", "letter: reminder\n    approve: credit manager")


def test_approvals_are_given_on_their_day() -> None:
    assert test("expect: {10: call collector, 20: letter reminder}", ladder=APPROVED) == ()


def test_what_is_declined_is_not_asked_again() -> None:
    events = "events: {20: declined}"
    expect = ("  10: call collector", "  20: nothing, because needs approval", "  40: call supervisor")
    assert test(events, "expect:", *expect, ladder=APPROVED) == ()


def test_a_dispute_closed_for_the_customer_takes_its_days_off() -> None:
    events = "events: {12: dispute opened, 18: dispute closed for the customer}"
    assert test(events, "expect:", "  10: call collector", "  26: letter reminder") == ()


def test_a_dispute_closed_for_us_takes_none_off() -> None:
    events = "events: {12: dispute opened, 18: dispute closed for us}"
    assert test(events, "expect:", "  10: call collector", "  20: letter reminder") == ()


def test_a_release_acts_from_the_next_day() -> None:
    events = "events: {5: dispute opened, 14: dispute closed for us}"
    assert test(events, "expect:", "  14: nothing, because disputed", "  15: call collector") == ()


def test_a_promise_breaks_on_the_second_open_day_after_its_date() -> None:
    events = "events: {11: promise 1200 by day 30}"
    expect = ("  10: call collector", "  31: nothing, because promise open", "  32: letter reminder")
    assert test(events, "expect:", *expect) == ()


def test_a_broken_promise_starts_its_own_policy() -> None:
    broken = """
policy: Broken
for:
  promise: broken
start: promise broken
steps:
  - day: 0
    call: supervisor
  - day: 5
    letter: reminder
"""
    events = "events: {11: promise 1200 by day 30}"
    failures = test(events, "expect:", "  10: call collector", "  37: nothing", broken=broken)
    assert said(failures) == [
        (32, "call supervisor", "nothing"),
        (37, "letter reminder (policy broken takes it)", "nothing"),
    ]


def test_a_kept_promise_releases_what_it_covered() -> None:
    events = "events: {11: promise 1200 by day 30, 15: payment 1200, 16: promise kept}"
    assert test(events, "expect:", "  10: call collector", "  60: nothing, because not overdue") == ()


def test_a_part_payment_leaves_the_rest_to_ask_for() -> None:
    events = "events: {12: payment 1100, 25: payment 60}"
    assert (
        test(
            events,
            "expect:",
            "  10: call collector",
            "  20: letter reminder",
            "  40: nothing, because below minimum",
        )
        == ()
    )


def test_a_credit_note_ends_the_ladder() -> None:
    events = "events: {12: credit 1200}"
    assert test(events, "expect:", "  10: call collector", "  20: nothing, because not overdue") == ()


def test_a_pause_holds_through_its_day() -> None:
    events = "events: {5: paused until day 15}"
    assert test(events, "expect:", "  15: nothing, because paused", "  16: call collector") == ()


def test_a_pause_without_end_holds_until_it_is_lifted() -> None:
    events = "events: {5: paused, 30: resumed}"
    assert (
        test(
            events,
            "expect:",
            "  30: nothing, because paused",
            "  31: call collector",
            "  36: letter reminder",
            "  40: nothing",
            "  60: nothing",
            "  44: nothing",
        )
        != ()
    )
    assert test(events, "expect:", "  31: call collector") == ()


def test_a_fact_that_changes() -> None:
    house = HOUSE + "never:\n  - insolvent: yes\n"
    events = "events: {12: insolvent}"
    assert (
        test(events, "expect:", "  10: call collector", "  20: nothing, because left to people", house=house)
        == ()
    )


def test_an_event_before_the_invoice_counts() -> None:
    house = HOUSE + "never:\n  - insolvent: yes\n"
    events = "events: {-40: insolvent}"
    assert test(events, "expect:", "  10: nothing, because left to people", house=house) == ()


def test_without_a_calendar_every_day_is_open() -> None:
    # 4 February plus ten days is a Saturday, and the Monday after it is Presidents' Day.
    assert test("expect: {10: call collector}") == ()
    assert (
        test("expect: {10: 'nothing, because weekend', 13: call collector}", head="calendar: US\n" + HEAD)
        == ()
    )


def test_tests_that_begin_on_other_dates_do_not_disturb_each_other() -> None:
    found = results(
        "  - name: january",
        "    expect: {10: call collector, 20: letter reminder}",
        "  - name: a summer before",
        "    account: {invoices: [{number: B1, date: 2025-06-05, amount: 900}]}",
        "    expect: {10: call collector, 20: letter reminder}",
        "  - name: another day",
        "    account: {invoices: [{number: C1, date: 2026-01-09, amount: 900}]}",
        "    expect: {10: call collector, 11: letter reminder}",
    )
    assert [said(result.failures) for result in found] == [
        [],
        [],
        [(11, "nothing, because nothing due", "letter reminder")],
    ]


def test_capacity_and_the_safety_stop_rest() -> None:
    house = HOUSE + "capacity: {calls: 0}\nstop: {actions: 0}\n"
    assert test("expect: {10: call collector}", house=house) == ()


def test_several_invoices_share_a_contact() -> None:
    account = "account: {invoices: [{number: A1, date: 2026-01-05, amount: 900}, {number: A2, date: 2026-01-09, amount: 80}]}"
    assert test(account, "expect:", "  10: call collector", "  20: letter reminder") != ()
    assert (
        test(
            account,
            "expect:",
            "  10: call collector",
            "  15: call collector",
            "  20: letter reminder",
            "  24: letter reminder",
        )
        != ()
    )


def test_an_address_that_is_missing() -> None:
    account = "account: {addresses: [phone]}"
    assert (
        test(
            account,
            "expect:",
            "  10: call collector",
            "  20: nothing, because no address",
            "  40: call supervisor",
        )
        == ()
    )


def test_a_ladder_that_is_finished() -> None:
    expect = [
        f"  {day}: {what}"
        for day, what in [
            (10, "call collector"),
            (20, "letter reminder"),
            (40, "call supervisor"),
            (60, "letter final-notice"),
            (90, "nothing, because ladder finished"),
        ]
    ]
    assert test("expect:", *expect) == ()


def test_an_outcome_gives_its_peace_when_the_call_has_been_made() -> None:
    outcomes = "angry:\n  cool: 12 days\n"
    assert (
        test(
            "events: {10: call angry}",
            "expect:",
            "  10: call collector",
            "  20: nothing, because paused",
            "  22: nothing, because paused",
            "  23: letter reminder",
            outcomes=outcomes,
        )
        == ()
    )


def test_a_wrong_number_closes_the_telephone() -> None:
    expect = ("  10: call collector", "  20: letter reminder", "  40: nothing, because wrong number")
    assert test("events: {10: call wrong number}", "expect:", *expect) == ()


def test_who_was_not_reached_was_not_contacted() -> None:
    """With a gap of twelve days the letter waits for day 22 after a talk, and for nothing after a message that was left."""
    house = HOUSE.replace("gap: 5", "gap: 12")
    talk = ("  10: call collector", "  20: nothing, because gap", "  22: letter reminder")
    assert test("expect:", *talk, house=house) == ()
    left = ("  10: call collector", "  20: letter reminder")
    assert test("events: {10: call left message}", "expect:", *left, house=house) == ()


def test_a_season_knows_its_date_wherever_the_other_tests_begin() -> None:
    """Tests of other dates run side by side; one that comes near a season stays on its own."""
    house = HOUSE + "pause:\n  - letter: 20 Feb to 25 Feb\n"
    found = results(
        "  - name: autumn",
        "    account: {invoices: [{number: A1, date: 2025-09-01, amount: 900}]}",
        "    expect: {10: call collector, 20: letter reminder}",
        "  - name: due on 3 Feb, so that day 20 is 23 Feb",
        "    account: {invoices: [{number: A1, date: 2026-01-04, amount: 900}]}",
        "    expect: {10: call collector, 20: 'nothing, because season', 23: letter reminder}",
        "  - name: a date of the calendar moves with its test",
        "    account: {invoices: [{number: A1, date: 2026-06-01, amount: 900}]}",
        "    events: {5: paused until 2026-07-13}",
        "    expect: {12: 'nothing, because paused', 13: call collector}",
        house=house,
    )
    assert [said(result.failures) for result in found] == [[], [], []]
