"""What a class gets is worked out once for a book, and for no other."""

from __future__ import annotations

from pathlib import Path

import orjson
import sqlalchemy as sa

from engine.core.decision.choose import choose
from engine.core.decision.signature import Signature
from engine.store.tables import class_choice
from tests.decision.builder import Desk, book, with_house
from tests.jobs.world import House


def test_a_class_gets_the_same_on_every_day_and_is_worked_out_once() -> None:
    rules = book()
    desk = Desk(rules).account("A").owes("1", late=10).account("B").owes("2", late=50, account="B")
    first = desk.on()
    known = dict(rules.chosen)
    assert set(first.decided.signatures) == set(known)
    again = desk.on()
    assert rules.chosen == known
    assert all(
        now is known[at] for now, at in zip(again.decided.choices, again.decided.signatures, strict=True)
    )


def test_a_book_that_is_changed_begins_anew() -> None:
    rules = book(house="never:\n  - attorney: yes\n  - insolvent: yes\n")
    seen = Desk(rules).account("A", attorney=True).owes("1", late=10).on()
    assert seen.of() == "nothing, because left to people"
    at = seen.decided.signatures[0]
    other = with_house(rules, never=rules.house.never[::-1])
    assert other.chosen == {}
    assert choose(other, at).place != choose(rules, at).place
    assert choose(rules, at) == seen.decided.choices[0]


def test_a_run_keeps_what_it_has_worked_out_for_the_next(database_url: str, tmp_path: Path) -> None:
    house = House(tmp_path, database_url)
    house.owes("ACME", "1", "2026-10-20", "1200.00")
    house.import_ledger("2026-11-02")
    kept = house.ws.live.chosen
    for on in ("2026-11-02", "2026-11-05"):
        house.run(on)
        classes = [Signature(**orjson.loads(at)) for (at,) in house.rows(sa.select(class_choice.c.signature))]
        assert classes
        assert kept.keys() == set(classes)
