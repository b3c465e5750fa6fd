"""What a ledger can no longer vouch for waits: demands, cash on delivery and legal steps, already in the outbox or not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from engine.core.sentences import Reason
from engine.jobs.deliver import deliver_now
from engine.store.tables import action, outbox
from tests.jobs.world import HOUSE, House, moment

DAY = "2026-10-05"
COD = """
policy: Standard
clock: due date
steps:
  - day: 5
    terms: cash on delivery
    email: friendly-reminder
"""
MAIL = "policy: Standard\nclock: due date\nsteps:\n  - day: 5\n    email: friendly-reminder\n"


def _crowd(build: Callable[..., House], count: int, house: str = "", policy: str = COD) -> House:
    found = build(house=HOUSE + house, policies={"standard": policy})
    for number in range(count):
        found.owes(f"C{number:03}", f"I{number}", "2026-09-30")
        found.contact(f"C{number:03}")
    found.import_customers()
    found.import_ledger(DAY)
    return found


def _states(house: House) -> dict[str, int]:
    return dict(house.rows(sa.select(outbox.c.state, sa.func.count()).group_by(outbox.c.state)))


@pytest.mark.fault(75)
@pytest.mark.fault(43)
def test_a_ledger_that_grew_old_since_the_run_lets_nothing_go_and_calls_nothing_off(
    build: Callable[..., House],
) -> None:
    house = _crowd(build, 2, "fresh: 12 hours\n")
    house.run(DAY)
    late = deliver_now(house.ws, now=moment(DAY, "16:00") + timedelta(hours=20))
    assert (late.sent, late.dropped, _states(house)) == ({}, (), {"pending": 4})
    assert {reason for (reason,) in house.rows(sa.select(outbox.c.reason)) if reason} == {Reason.STALE.value}
    entries = len(house.journal("delivery"))
    deliver_now(house.ws, now=moment("2026-10-06", "14:00"))
    assert len(house.journal("delivery")) == entries, "it waits for the same thing, which is no news"

    house.paid("I1")
    house.owes("C001", "later", "2026-12-01")
    house.import_ledger("2026-10-06", "14:05")
    house.day("2026-10-06", "14:10")
    gone = house.rows(sa.select(action.c.account, action.c.kind).where(action.c.state == "sent"))
    assert sorted(map(tuple, gone)) == [("C000", "email"), ("C000", "terms")], "and not a day later"


@pytest.mark.fault(75)
def test_a_cod_does_not_slip_through_behind_its_notice(build: Callable[..., House]) -> None:
    """The notice went while the ledger was fresh; when the request's turn comes it no longer is."""
    house = _crowd(build, 1, "fresh: 12 hours\n")
    house.run(DAY)
    moments = iter([moment(DAY, "10:00")] * 6)
    old = moment("2026-10-06", "10:00")
    deliver_now(house.ws, now=moment(DAY, "10:00"), clock=lambda: next(moments, old))
    deliver_now(house.ws, now=old)
    states = dict(map(tuple, house.rows(sa.select(action.c.kind, action.c.state))))
    assert states == {"email": "sent", "terms": "planned"}
    house.import_ledger("2026-10-06", "10:30")
    deliver_now(house.ws, now=moment("2026-10-06", "10:40"))
    assert dict(map(tuple, house.rows(sa.select(action.c.kind, action.c.state))))["terms"] == "sent"


@pytest.mark.fault(74)
def test_a_truncated_ledger_holds_what_is_in_the_outbox_already(build: Callable[..., House]) -> None:
    house = _crowd(build, 40)
    house.run(DAY)
    house.paid(*(f"I{number}" for number in range(25)))
    taken = house.import_ledger(DAY, "10:30")
    assert taken.report is not None
    assert taken.report.hold
    done = house.deliver(DAY, "11:00")
    assert (done.sent, done.dropped) == ({}, ())
    assert house.run(DAY, "11:05").stopped
    assert house.run(DAY, "11:10", agreed="ana").stopped == ""
    assert dict(house.deliver(DAY, "11:15").sent) == {"email": 15, "request": 15}


@pytest.mark.fault(64)
def test_an_edit_that_would_reach_everybody_stops_the_run(build: Callable[..., House]) -> None:
    house = _crowd(build, 300, "stop: {actions: 50}\n", MAIL.replace("day: 5", "day: 90"))
    assert house.run("2026-10-02").actions == 0
    house.write("standard", MAIL)
    report = house.run(DAY)
    assert "Nothing goes until a person agrees" in report.stopped
    assert house.waiting() == []
    assert house.run(DAY, "10:30").stopped, "it is not let go by asking again"
    assert house.run(DAY, "11:00", agreed="ana").actions == 300


@pytest.mark.fault(43)
@settings(
    max_examples=4,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
    phases=[Phase.generate],
)
@given(paid=st.sets(st.integers(0, 5)), part=st.sets(st.integers(0, 5)))
def test_whoever_pays_between_the_decision_and_the_sending_gets_no_cod(
    build: Callable[..., House], tmp_path_factory: pytest.TempPathFactory, paid: set[int], part: set[int]
) -> None:
    root = tmp_path_factory.mktemp("paid")
    house = _crowd(lambda **more: House(root, f"sqlite:///{root / 'dunwell.db'}", **more), 6)
    house.owes("ELSE", "E", "2026-12-01")
    house.run(DAY)
    for number in part - paid:
        account, name, day, due, _ = house.items[f"I{number}"]
        house.items[f"I{number}"] = (account, name, day, due, "600.00")
    house.paid(*(f"I{number}" for number in paid))
    house.import_ledger(DAY, "10:30")
    if house.run(DAY, "10:45").stopped:  # the ledger lost too much: a person looks, and lets it go
        assert house.deliver(DAY, "10:50").sent == {}
        house.run(DAY, "10:55", agreed="ana")
    house.deliver(DAY, "11:00")
    house.deliver(DAY, "11:30")  # what could not be made the first time, on a busy machine
    asked = {request["account"]: request["facts"]["amount"] for request in house.requests()}
    owed = {f"C{n:03}": 60000 if n in part else 120000 for n in range(6) if n not in paid}
    assert set(asked) <= set(owed), "whoever paid gets nothing"
    assert all(owed[account] == amount for account, amount in asked.items()), "nor anybody the old amount"
    assert set(asked) >= {f"C{n:03}" for n in range(6) if n not in paid | part}, "and the others get it"
    assert len(house.mails()) == len(asked)
