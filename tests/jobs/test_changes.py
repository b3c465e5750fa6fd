"""What changes between a run and its delivery is seen: nothing goes that is not owed as it was decided."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from engine.jobs import cases
from engine.store.tables import action, customer
from tests.jobs.world import STANDARD, House

MONDAY = "2026-10-05"


def _paid(house: House) -> None:
    house.paid("A1")
    house.import_ledger(MONDAY, "11:00")


def _part(house: House) -> None:
    house.owes("ACME", "A1", "2026-09-30", "700.00")
    house.import_ledger(MONDAY, "11:00")


def _new_item(house: House) -> None:
    house.owes("ACME", "A2", "2026-10-01", "300.00")
    house.import_ledger(MONDAY, "11:00")


def _verb(work: Callable[[House, Any], str]) -> Callable[[House], None]:
    def do(house: House) -> None:
        house.do(lambda engine: work(house, engine))

    return do


def _insolvent(house: House) -> None:
    def flag(engine: Any) -> None:
        with engine.begin() as conn:
            conn.execute(sa.update(customer).where(customer.c.account == "ACME").values(insolvent=1))

    house.write("house", (house.root / "policies/house.yaml").read_text() + "never:\n  - insolvent: yes\n")
    house.do(flag)


CHANGES: dict[str, tuple[Callable[[House], None], str]] = {
    "paid": (_paid, "paid"),
    "partly paid": (_part, "an item or an amount has changed; it is decided anew"),
    "another invoice": (_new_item, "an item or an amount has changed; it is decided anew"),
    "dispute": (
        _verb(lambda house, engine: cases.open_dispute(engine, "ACME", "A1", "short", house.who(MONDAY))),
        "disputed",
    ),
    "promise": (
        _verb(
            lambda house, engine: cases.promise(
                engine, "ACME", date(2026, 10, 9), house.who(MONDAY), house.ws.calendar
            )
        ),
        "promise open",
    ),
    "pause": (
        _verb(lambda house, engine: cases.pause(engine, "ACME", house.who(MONDAY), because="new address")),
        "paused",
    ),
    "insolvency": (_insolvent, "left to people"),
    "step taken out": (
        lambda house: house.write(
            "standard", STANDARD.replace("  - day: 5\n    email: friendly-reminder\n", "")
        ),
        "the step is no longer in the policy",
    ),
    "step later": (
        lambda house: house.write("standard", STANDARD.replace("day: 5\n", "day: 7\n")),
        "nothing due",
    ),
}


@pytest.mark.parametrize("what", CHANGES)
@pytest.mark.fault(43)
@pytest.mark.postgresql
def test_what_has_changed_is_not_sent(house: House, what: str) -> None:
    change, reason = CHANGES[what]
    house.run(MONDAY)
    change(house)
    done = house.deliver(MONDAY, "12:00")
    assert house.reason("ACME", "email") == reason
    others = [] if what.startswith("step") else ["ap@bolt.example.com"]  # an edit is for everyone
    assert [mail["To"] for mail in house.mails()] == others
    assert house.marks("ACME") == set()
    if what != "paid":  # an episode's end has called it off already
        dropped = [(one.account, one.sentence) for one in done.dropped]
        assert dropped == [(account, reason) for account in ("ACME", "BOLT")[: 2 - len(others)]]
        told = [body["said"] for body in house.journal("delivery") if body["state"] == "cancelled"]
        assert told == [reason] * len(dropped)


@pytest.mark.postgresql
def test_what_was_dropped_is_decided_anew(house: House) -> None:
    house.run(MONDAY)
    _part(house)
    house.deliver(MONDAY, "12:00")
    assert house.run(MONDAY, "13:00").actions == 1
    assert house.run(MONDAY, "13:30").actions == 0
    house.deliver(MONDAY, "14:00")
    (mail,) = (mail for mail in house.mails() if "acme" in mail["To"])
    assert "$700.00" in mail.get_body(("plain",)).get_content()
    assert [state for *_, state in house.states()] == ["cancelled", "sent"]
    assert house.run("2026-10-06").actions == 0


def test_a_pause_that_ends_lets_the_step_go_the_day_after(house: House) -> None:
    house.run(MONDAY)
    house.do(lambda engine: cases.pause(engine, "ACME", house.who(MONDAY), because="x"))
    house.deliver(MONDAY, "12:00")
    assert house.run("2026-10-06").actions == 0
    house.do(lambda engine: cases.lift_pause(engine, "ACME", house.who("2026-10-06")))
    assert not [mail for mail in house.mails() if "acme" in mail["To"]]
    assert dict(house.day("2026-10-07").sent) == {"email": 1}


@pytest.mark.postgresql
def test_an_episodes_end_cancels_what_waits_and_a_new_one_begins_afresh(house: House) -> None:
    house.run(MONDAY)
    house.paid("A1")
    house.import_ledger(MONDAY, "11:00")
    assert house.states() == [("email", "email friendly-reminder", "cancelled")]
    assert house.waiting() != []  # BOLT's
    house.deliver(MONDAY, "12:00")
    house.owes("ACME", "A9", "2026-10-07")
    house.import_ledger("2026-10-12")
    assert dict(house.day("2026-10-12").sent) == {"email": 1}
    episodes = house.rows(
        sa.select(action.c.episode).where(action.c.account == "ACME").order_by(action.c.episode)
    )
    assert [number for (number,) in episodes] == [1, 2]


def test_outside_the_customers_hours_a_message_waits(house: House) -> None:
    report = house.day(MONDAY, "18:00")
    assert (dict(report.sent), report.waiting) == ({}, 2)
    assert report.earliest is not None
    assert report.earliest.isoformat() == "2026-10-06T12:30:00+00:00"  # 8:30 in New York
    assert house.run("2026-10-06", "08:00").actions == 0
    assert dict(house.deliver("2026-10-06", "08:00").sent) == {}
    assert dict(house.deliver("2026-10-06", "08:30").sent) == {"email": 2}


def test_a_message_that_was_planned_within_hours_does_not_go_at_night(house: House) -> None:
    house.run(MONDAY, "16:59")
    late = house.deliver(MONDAY, "17:05")
    assert (dict(late.sent), late.waiting) == ({}, 2)
    assert dict(house.deliver("2026-10-06", "09:00").sent) == {"email": 2}


def test_a_customer_whose_zone_is_none_stops_nobody(house: House) -> None:
    def nowhere(engine: Any) -> None:
        with engine.begin() as conn:
            conn.execute(sa.update(customer).values(time_zone="Mars/Base"))

    house.do(nowhere)
    house.run(MONDAY, "09:00")
    assert dict(house.deliver(MONDAY, "09:00").sent) == {"email": 2}  # by the office's clock


def test_the_customers_own_clock_counts(house: House) -> None:
    def west(engine: Any) -> None:
        with engine.begin() as conn:
            there = sa.update(customer).where(customer.c.account == "ACME")
            conn.execute(there.values(time_zone="America/Los_Angeles"))

    house.do(west)
    house.run(MONDAY, "09:00")
    assert [(mail["To"]) for mail in house.mails()] == []
    house.deliver(MONDAY, "09:00")
    assert [(mail["To"]) for mail in house.mails()] == ["ap@bolt.example.com"]
    assert dict(house.deliver(MONDAY, "11:31").sent) == {"email": 1}
