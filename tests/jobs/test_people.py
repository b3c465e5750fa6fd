"""What people say and do between runs: approvals, calls, addresses, and days that want too much."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
import sqlalchemy as sa

from engine.jobs import cases
from engine.jobs.cases.wishes import wish as wish_of
from engine.store.tables import action, approval, run
from tests.jobs.world import HOUSE, House

LADDER = """
policy: Standard
clock: due date
steps:
  - day: 5
    terms: cash on delivery
    email: friendly-reminder
    approve: credit manager
    restore-after: 1 clean month
  - day: 15
    call: collector
    script: first-call
"""


@pytest.fixture
def asking(build_on_each: Callable[..., House]) -> House:
    found = build_on_each(policies={"standard": LADDER})
    found.owes("ACME", "A1", "2026-09-30")
    found.contact("ACME")
    found.import_customers()
    found.import_ledger("2026-10-05")
    return found


def _approve(house: House, on: str) -> str:
    return str(house.do(lambda engine: cases.approve(engine, "ACME", house.who(on))))


def test_what_is_approved_goes_with_the_next_run_of_the_same_day(asking: House) -> None:
    assert asking.run("2026-10-05").awaiting == 2
    assert asking.run("2026-10-05", "10:30").actions == 0
    assert "dunwell run" in _approve(asking, "2026-10-05")
    assert asking.deliver("2026-10-05", "11:00").sent == {}
    assert dict(asking.day("2026-10-05", "11:30").sent) == {"email": 1, "request": 1}
    assert [state for *_, state in asking.states()] == ["sent", "sent"]


def test_an_approval_of_another_amount_is_dropped_and_asked_for_again(asking: House) -> None:
    asking.run("2026-10-05")
    _approve(asking, "2026-10-05")
    asking.owes("ACME", "A1", "2026-09-30", "2400.00")
    asking.import_ledger("2026-10-06")
    report = asking.run("2026-10-06")
    assert asking.deliver("2026-10-06").sent == {}
    assert report.awaiting == 2
    assert (
        asking.reason("ACME", "terms")
        == "an item or an amount has changed since it was approved: please look again"
    )
    assert [work.amount for work in asking.worklist("2026-10-06")] == [240_000], "one step is one thing"
    _approve(asking, "2026-10-06")
    assert dict(asking.day("2026-10-06", "12:00").sent) == {"email": 1, "request": 1}
    amounts = asking.rows(sa.select(approval.c.amount).order_by(approval.c.id))
    assert [amount for (amount,) in amounts] == [120_000, 120_000, 240_000, 240_000]


def test_an_approval_that_a_dispute_overtakes_waits_with_it(asking: House) -> None:
    asking.run("2026-10-05")
    _approve(asking, "2026-10-05")
    asking.do(lambda engine: cases.open_dispute(engine, "ACME", "A1", "short", asking.who("2026-10-05")))
    assert asking.run("2026-10-05", "12:00").actions == 0
    assert asking.deliver("2026-10-05", "12:00").sent == {}


def test_what_is_declined_is_not_asked_again_in_this_episode(asking: House) -> None:
    asking.run("2026-10-05")
    asking.do(
        lambda engine: cases.decline(engine, "ACME", asking.who("2026-10-05"), because="a good customer")
    )
    for day in ("2026-10-05", "2026-10-06", "2026-10-09"):
        assert asking.run(day, "12:00").actions == 0
    assert [state for *_, state in asking.states()] == ["declined", "declined"]
    assert asking.run("2026-10-15").by_kind == {"call": 1}, "the ladder goes on"


def test_an_approval_that_nobody_gives_is_passed_over_by_the_next_step(asking: House) -> None:
    asking.run("2026-10-05")
    assert asking.run("2026-10-15").by_kind == {"call": 1}
    assert [state for *_, state in asking.states()] == ["passed over", "passed over", "planned"]
    assert asking.reason("ACME", "terms") == "a higher step fell due meanwhile"


def test_the_end_proposes_the_way_back_after_the_clean_months(asking: House) -> None:
    asking.run("2026-10-05")
    _approve(asking, "2026-10-05")
    asking.day("2026-10-05", "12:00")
    asking.paid("A1")
    asking.owes("BOLT", "B1", "2026-12-30")
    asking.import_ledger("2026-10-07")
    assert asking.worklist("2026-10-07") == []
    (work,) = asking.worklist("2026-11-30")
    assert (work.kind, work.role, work.state) == ("terms", "credit manager", "awaiting approval")
    assert (
        work.detail["what"]
        == "back from cash on delivery to net 58: all is paid, and 1 clean month has passed"
    )
    assert work.detail["restore_after"] == 1


def test_who_is_late_again_is_not_proposed_for_the_way_back(asking: House) -> None:
    asking.run("2026-10-05")
    _approve(asking, "2026-10-05")
    asking.day("2026-10-05", "12:00")
    asking.paid("A1")
    asking.owes("ACME", "A2", "2026-10-20")
    asking.import_ledger("2026-10-07")
    asking.import_ledger("2026-10-23", "08:00")
    assert [work for work in asking.worklist("2026-11-30") if work.kind == "task"] == []


# -- calls ---------------------------------------------------------------------------------------------------

CALLS = """
policy: Standard
clock: due date
steps:
  - day: 5
    email: friendly-reminder
    call: collector
    script: first-call
  - day: 15
    call: supervisor
    script: supervisor-call
"""


def _log(house: House, on: str, outcome: str) -> None:
    house.do(lambda engine: cases.log_call(engine, "ACME", outcome, house.who(on, "joe"), house.ws.calendar))


@pytest.fixture
def calling(build: Callable[..., House]) -> House:
    found = build(policies={"standard": CALLS})
    found.owes("ACME", "A1", "2026-09-30")
    found.contact("ACME")
    found.import_customers()
    found.import_ledger("2026-10-05")
    return found


def test_a_call_that_reaches_nobody_comes_back_twice_without_its_e_mail(calling: House) -> None:
    assert dict(calling.day("2026-10-05").sent) == {"email": 1}
    _log(calling, "2026-10-05", "no answer")
    assert calling.worklist("2026-10-05") == []
    assert calling.run("2026-10-05", "12:00").actions == 0
    for day, tries, outcome in (("2026-10-06", 1, "busy"), ("2026-10-07", 2, "voicemail")):
        calling.day(day)
        (work,) = calling.worklist(day)
        assert (work.kind, work.tries) == ("call", tries)
        _log(calling, day, outcome)
    assert calling.run("2026-10-08").actions == 0
    assert calling.worklist("2026-10-08") == []
    assert len(calling.mails()) == 1, "only the call is tried again"
    assert [state for kind, _, state in calling.states() if kind == "call"] == ["done"]


def test_a_call_of_its_own_step_is_planned_again_by_the_run(build: Callable[..., House]) -> None:
    house = _crowd(build, "", count=1)
    house.run("2026-10-05")
    for day, outcome in (("2026-10-05", "no answer"), ("2026-10-06", "busy"), ("2026-10-07", "voicemail")):
        assert house.run(day, "12:00").actions == int(day != "2026-10-05")
        house.do(
            lambda engine, o=outcome, d=day: cases.log_call(engine, "C0", o, house.who(d), house.ws.calendar)
        )
        assert "call" not in house.run(day, "13:00").by_kind, "not on the same day"
    calls = [state for kind, _, state in house.states("C0") if kind == "call"]
    assert calls == ["done", "done", "done"]
    assert house.marks("C0") == {("I0", "call collector")}


def test_a_call_that_nobody_makes_is_passed_over_once_a_higher_step_is_due(calling: House) -> None:
    calling.day("2026-10-05")
    for day in ("2026-10-06", "2026-10-12", "2026-10-14"):
        assert calling.run(day).actions == 0
    assert dict(calling.run("2026-10-15").by_kind) == {"call": 1}
    calls = [state for kind, _, state in calling.states() if kind == "call"]
    assert calls == ["passed over", "planned"]
    assert [work.role for work in calling.worklist("2026-10-15")] == ["supervisor"]


def test_a_letter_that_a_call_gave_way_to_goes_out(build: Callable[..., House]) -> None:
    steps = "  - {day: 5, call: collector}\n  - {day: 15, letter: firm-reminder}\n"
    house = build(policies={"standard": f"policy: Standard\nclock: due date\nsteps:\n{steps}"})
    house.owes("ACME", "A1", "2026-09-30")
    house.contact("ACME")
    house.import_customers()
    house.import_ledger("2026-10-05")
    house.run("2026-10-05")
    house.import_ledger("2026-10-15")
    house.run("2026-10-15")
    assert [(kind, state) for kind, _, state in house.states()][-2:] == [
        ("call", "passed over"),
        ("letter", "planned"),
    ]
    assert dict(house.deliver("2026-10-15").sent) == {"letter": 1}


def test_after_the_last_step_the_owner_is_told_every_thirty_days(calling: House) -> None:
    calling.day("2026-10-05")
    _log(calling, "2026-10-05", "refused")
    calling.run("2026-10-15")
    _log(calling, "2026-10-15", "refused")
    assert dict(calling.run("2026-10-16").by_kind) == {"task": 1}
    (work,) = calling.worklist("2026-10-16")
    assert (work.step, work.kind) == ("ladder finished", "task")
    assert calling.run("2026-10-16", "12:00").actions == 0
    assert calling.run("2026-11-13").actions == 0
    assert calling.run("2026-11-16").actions == 1


# -- addresses -----------------------------------------------------------------------------------------------


def test_a_missing_address_is_on_the_list_until_it_is_there(build: Callable[..., House]) -> None:
    house = build()
    house.owes("ACME", "A1", "2026-09-30")
    house.contact("ACME", email="")
    house.import_customers()
    house.import_ledger("2026-10-05")
    report = house.run("2026-10-05")
    assert (report.by_kind, report.held[0].reason.value) == ({}, "no address")
    assert house.run("2026-10-05", "12:00").actions == 0
    assert [work.state for work in house.worklist("2026-10-05")] == ["held address"]
    house.owes(
        "ACME", "A0", "2026-09-29", "80.00"
    )  # an older item comes to light: still one thing on the list
    house.import_ledger("2026-10-06")
    house.run("2026-10-06")
    assert [(work.state, work.amount) for work in house.worklist("2026-10-06")] == [("held address", 128_000)]
    house.contact("ACME")
    house.import_customers("2026-10-07", "07:00")
    assert dict(house.day("2026-10-07").sent) == {"email": 1}
    assert house.worklist("2026-10-07") == []


TWO_MAILS = """
policy: Standard
clock: due date
steps:
  - day: 1
    email: friendly-reminder
  - day: 3
    email: firm-reminder
  - day: 9
    call: collector
"""


A_CALL_FIRST = """
policy: Standard
clock: due date
steps:
  - day: 1
    call: collector
  - day: 3
    email: firm-reminder
"""


@pytest.mark.parametrize("each", ["", "each: invoice\n"])
@pytest.mark.parametrize("wish", [False, True])
def test_what_waits_for_an_address_gives_way_to_a_higher_step_and_stays_so(
    build: Callable[..., House], each: str, *, wish: bool
) -> None:
    house = build(policies={"standard": TWO_MAILS.replace("steps:", each + "steps:")})
    house.owes("ACME", "A1", "2026-10-04")
    house.contact("ACME", **({} if wish else {"email": ""}))
    house.import_customers()
    house.import_ledger("2026-10-05")
    if wish:
        house.do(lambda engine: wish_of(engine, "ACME", "no contact", house.who("2026-10-05"), because="x"))
    days = [f"2026-10-{number:02}" for number in (5, 6, 7, 8, 9)]
    seen = house.preview(days[0], len(days))
    for day in days:
        house.run(day)
        assert house.run(day, "12:00").actions == 0, day
        held = [each.step for each in seen.held if str(each.on) <= day]
        assert [work.step for work in house.worklist(day)] == held[-1:]
    assert len(held) == 2
    assert house.states() == [
        ("email", "email friendly-reminder", "passed over"),
        ("email", "email firm-reminder", "held address"),
    ]
    (why,) = house.rows(sa.select(action.c.reason).where(action.c.state == "passed over"))
    assert why[0] == "a higher step fell due meanwhile"
    assert house.marks() == {("A1", "email friendly-reminder")}


def test_what_waits_for_an_address_is_asked_again_where_no_higher_step_took_its_place(
    build: Callable[..., House],
) -> None:
    """A promise sets the invoice aside, a younger one gets its own first step: when the promise is broken, the firm
    reminder of the older one is still to come."""
    house = build(policies={"standard": A_CALL_FIRST})
    house.owes("ACME", "A1", "2026-10-04")
    house.owes("ACME", "A2", "2026-10-07")
    house.contact("ACME", email="")
    house.import_customers()
    for day in ("2026-10-05", "2026-10-07"):
        house.import_ledger(day)
        house.run(day)
        for work in house.worklist(day):
            if work.kind == "call":
                house.do(
                    lambda engine, day=day: cases.log_call(
                        engine, "ACME", "refused", house.who(day), house.ws.calendar
                    )
                )
    assert [work.step for work in house.worklist("2026-10-07")] == ["email firm-reminder"]
    who = house.who("2026-10-07")
    house.do(
        lambda engine: cases.promise(engine, "ACME", date(2026, 10, 12), who, house.ws.calendar, items=["A1"])
    )
    house.run("2026-10-08")
    assert ("email", "email firm-reminder", "cancelled") in house.states()
    assert ("A1", "email firm-reminder") not in house.marks()


# -- a day that is too full, or wants too much ---------------------------------------------------------------

ONLY_CALLS = """
policy: Standard
clock: due date
steps:
  - day: 5
    call: collector
    script: first-call
"""


def _crowd(build: Callable[..., House], more: str, count: int = 5) -> House:
    house = build(house=HOUSE + more, policies={"standard": ONLY_CALLS})
    for number in range(count):
        house.owes(f"C{number}", f"I{number}", "2026-09-30", f"{100 * (number + 1)}.00")
        house.contact(f"C{number}")
    house.import_customers()
    house.import_ledger("2026-10-05")
    return house


def test_what_a_day_has_no_room_for_goes_the_next(build: Callable[..., House]) -> None:
    house = _crowd(build, "capacity: {calls: 2}\n")
    assert dict(house.run("2026-10-05").by_kind) == {"call": 2}
    assert house.run("2026-10-05", "12:00").actions == 0, "the day's room is used"
    assert [work.account for work in house.worklist("2026-10-05")] == ["C4", "C3"]
    assert dict(house.run("2026-10-06").by_kind) == {"call": 2}
    assert dict(house.run("2026-10-07").by_kind) == {"call": 1}
    since = house.rows(
        sa.select(action.c.account, action.c.since, action.c.on).where(action.c.account == "C0")
    )
    assert [str(on) for _, _, on in since] == ["2026-10-07"]
    waited = [state for account in ("C0", "C1", "C2", "C3", "C4") for *_, state in house.states(account)]
    assert waited == ["planned"] * 5


@pytest.mark.fault(64)
def test_a_run_that_wants_too_much_does_nothing_until_somebody_agrees(build: Callable[..., House]) -> None:
    house = _crowd(build, "stop: {actions: 3}\n")
    report = house.run("2026-10-05")
    assert "5 actions" in report.stopped
    assert (report.actions, house.rows(sa.select(action.c.key)), house.waiting()) == (0, [], [])
    assert [state for (state,) in house.rows(sa.select(run.c.state))] == ["stopped"]
    assert "5 actions" in house.run("2026-10-05", "11:00").stopped
    assert house.run("2026-10-05", "12:00", agreed="ana").actions == 5
    assert [state for (state,) in house.rows(sa.select(run.c.state))] == ["done"]
    assert [body["by"] for body in house.journal("let go")] == ["ana"]
    assert house.run("2026-10-05", "13:00").actions == 0


@pytest.mark.fault(74)
def test_a_ledger_that_lost_half_of_itself_holds_the_next_run(build: Callable[..., House]) -> None:
    house = _crowd(build, "", count=60)
    house.run("2026-10-05")
    house.paid(*(f"I{number}" for number in range(40)))
    taken = house.import_ledger("2026-10-12")
    assert taken.report is not None
    assert taken.report.hold
    report = house.run("2026-10-12")
    assert report.stopped == f"ledger-2026-10-12.csv: {taken.report.hold}"
    assert report.actions == 0
    assert house.run("2026-10-12", "11:00", agreed="ana").stopped == ""
    assert [body["by"] for body in house.journal("let go")] == ["ana"]
    assert house.run("2026-10-13").stopped == ""


def test_a_promise_stands_until_a_later_ledger_shows_that_nothing_came(build: Callable[..., House]) -> None:
    """The preview of today says what today's run does; of tomorrow it assumes that a ledger comes."""
    house = build(policies={"standard": ONLY_CALLS})
    house.owes("ACME", "A1", "2026-09-30")
    house.contact("ACME")
    house.import_customers()
    house.import_ledger("2026-10-01")
    who = house.who("2026-10-01")
    house.do(lambda engine: cases.promise(engine, "ACME", date(2026, 10, 5), who, house.ws.calendar))
    house.run("2026-10-01")
    seen = house.preview("2026-10-07", 2)
    assert [str(each.on) for each in seen.actions] == ["2026-10-08"]
    assert seen.held[0].reason.value == "promise open"
    assert house.run("2026-10-07").actions == 0
    house.import_ledger("2026-10-07", "12:00")
    assert [str(each.on) for each in house.preview("2026-10-07", 1, "13:00").actions] == ["2026-10-07"]
    assert house.run("2026-10-07", "13:00").actions == 1


def test_a_promise_that_broke_since_the_last_import_is_written_down_by_the_run(house: House) -> None:
    house.do(
        lambda engine: cases.promise(
            engine, "ACME", date(2026, 10, 7), house.who("2026-10-05"), house.ws.calendar
        )
    )
    house.import_ledger("2026-10-08", "07:00")
    house.run("2026-10-08")
    assert house.journal("promise broken") == []
    house.run("2026-10-09")
    (body,) = house.journal("promise broken")
    assert (body["paid"], body["on"]) == (0, "2026-10-09")
