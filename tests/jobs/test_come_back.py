"""A ledger that was cut off, or a cheque that bounced: what comes again is not asked for from the beginning."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from engine.jobs import cases
from engine.store.tables import action, episode
from tests.jobs.world import House


@pytest.mark.fault(74)
def test_nobody_is_reminded_twice_because_a_ledger_was_cut_off(build: Callable[..., House]) -> None:
    house = build()
    for n in range(6):
        house.owes(f"A{n}", f"I{n}", "2026-09-30")
        house.contact(f"A{n}")
    house.import_customers()
    house.import_ledger("2026-10-05")
    assert dict(house.day("2026-10-05").sent) == {"email": 6}
    whole = dict(house.items)
    house.paid("I2", "I3", "I4", "I5")
    house.import_ledger("2026-10-06")
    house.items = whole
    taken = house.import_ledger("2026-10-06", "08:00")
    assert taken.report is not None
    assert taken.report.reappeared == 4
    for day in ("2026-10-06", "2026-10-07", "2026-10-08", "2026-10-09"):
        assert dict(house.day(day).sent) == {}
    house.day("2026-10-14")  # the next step comes on its day, for those that came again as well
    assert {account: [step for _, step, _ in house.states(account)] for account in ("A0", "A5")} == {
        "A0": ["email friendly-reminder", "call collector"],
        "A5": ["email friendly-reminder", "call collector"],
    }
    assert house.rows(sa.select(episode.c.number, episode.c.ended).where(episode.c.account == "A5")) == [
        (1, None)
    ]
    assert [entry["item"] for entry in house.journal("episode goes on")] == ["I2", "I3", "I4", "I5"]


def test_an_item_that_comes_again_into_a_newer_episode_brings_its_steps(build: Callable[..., House]) -> None:
    house = build()
    house.owes("ACME", "A1", "2026-09-30")
    house.owes("BOLT", "B1", "2026-12-31")
    house.contact("ACME")
    house.import_customers()
    house.import_ledger("2026-10-05")
    assert dict(house.day("2026-10-05").sent) == {"email": 1}
    bounced = house.items["A1"]
    house.paid("A1")
    house.import_ledger("2026-10-06")
    house.owes("ACME", "A2", "2026-10-02")
    house.import_ledger("2026-10-07")  # late again, for another invoice
    house.items["A1"] = bounced
    house.import_ledger("2026-10-08")
    assert dict(house.day("2026-10-08").sent) == {"email": 1}
    (_, text) = (mail.get_body(("plain",)).get_content() for mail in house.mails())
    assert "A2" in text  # a reminder for the newer one; the older has had it
    assert house.marks() == {("A1", "email friendly-reminder"), ("A2", "email friendly-reminder")}
    keys = house.rows(sa.select(action.c.key).where(action.c.item == "A1"))
    assert len(keys) == 1


def test_a_dispute_of_what_comes_again_is_open_again(house: House) -> None:
    house.do(lambda engine: cases.open_dispute(engine, "ACME", "A1", "short", house.who("2026-10-05")))
    whole = dict(house.items)
    house.paid("A1")
    house.import_ledger("2026-10-06")
    house.items = whole
    house.import_ledger("2026-10-07")
    assert dict(house.day("2026-10-07").sent) == {"email": 1}, "BOLT alone is asked"
    assert [mail["To"] for mail in house.mails()] == ["ap@bolt.example.com"]
