"""All that people agree on, in one story, told on each kind of database."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import sqlalchemy as sa

from engine.jobs import cases
from engine.store import database, invariants, journal
from engine.store.plans import kept_rates
from tests.cases.agreed import Shop


def test_a_month_of_agreements(tmp_path: Path, database_url: str) -> None:
    shop = Shop(tmp_path, url=database_url)
    # A promise that is kept, and whose payment bounces; another takes its place.
    shop.promise("2026-10-09", items=["A1"], amount=400_00, spoken_with="Ms Lee")
    before = shop.items["A1"]
    shop.part_paid("A1", "300.00")
    shop.import_ledger("2026-10-06")
    shop.items["A1"] = before
    shop.import_ledger("2026-10-07")
    assert [one.state for one in shop.promises()] == ["open"]
    shop.promise("2026-10-08", on="2026-10-07", items=["A1", "A2"])
    # A plan takes the place of that, waits for a yes, and is broken.
    shop.plan("2026-10-09", on="2026-10-07", count=5)
    shop.approve("2026-10-07", by="sue")
    assert shop.asides("2026-10-08") == {"A1": "planned", "A2": "planned"}
    shop.import_ledger("2026-10-12")
    assert shop.asked("2026-10-13") == [("call collector", ["A1", "A2"])]
    assert (shop.fact("plan", "2026-10-13"), shop.fact("promise", "2026-10-13")) == ("broken", "broken")
    assert shop.tasks("2026-10-13") == [("plan broken", "credit manager", "ana")]
    assert [(rate.kept, rate.broken, rate.running) for rate in shop.look(kept_rates)] == [(0, 1, 0)]
    # A dispute is answered late, and closed by what the ledger then shows.
    shop.dispute("A1", "missing credit", on="2026-10-13", amount=200_00)
    shop.import_ledger("2026-10-19")
    shop.run("2026-10-19")
    assert ("late answer", "supervisor", "sue") in shop.tasks("2026-10-19")
    shop.part_paid("A1", "500.00")
    shop.import_ledger("2026-10-20")
    assert shop.disputes()[0].closed_for == "customer"
    assert "late answer" not in {step for step, *_ in shop.tasks("2026-10-20")}
    # A compromise: a promise of what is left, and a credit that we owe.
    shop.concede("2026-10-20", by="sue", share=500, days=10, theirs=("they order again",))
    assert {one.reason for one in shop.disputes() if one.closed is None} == {"agreed credit"}
    shop.promise("2026-10-21", on="2026-10-20", account="BOLT")
    shop.do(lambda engine: cases.withdraw(engine, "BOLT", shop.who("2026-10-20"), because="a mistake"))
    assert shop.asides("2026-10-20", "BOLT") == {"B1": "promised"}
    # What was presumed paid comes back, with all that hung on it.
    left = dict(shop.items)
    shop.paid("A1", "A2")
    shop.import_ledger("2026-10-21")
    assert shop.promises()[0].state == "kept"
    shop.items = left
    shop.import_ledger("2026-10-22")
    assert shop.promises()[0].state == "open"
    assert {one.item for one in shop.disputes() if one.closed is None} == {"A1", "A2"}
    shop.do(_holds)
    assert shop.promises()[0].pays_on == date(2026, 10, 30)


def _holds(engine: sa.Engine) -> None:
    with database.reading(engine) as conn:
        journal.verify(conn)
        for rule in (invariants.once, invariants.kept, invariants.proven, invariants.amounts):
            assert list(rule(conn)) == []
