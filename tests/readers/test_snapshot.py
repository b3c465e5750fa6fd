"""Two ledgers compared: what vanished is presumed paid, and a change too large to believe holds the next
run.
"""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.snapshot import compare

SCHEMA = {"account": pl.String, "item": pl.String, "currency": pl.String, "open": pl.Int64}


def frame(rows: list[tuple[str, str, str, int]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def many(count: int, amount: int = 100) -> list[tuple[str, str, str, int]]:
    return [("A", f"{n:03d}", "EUR", amount) for n in range(count)]


def test_vanished_changed_appeared_and_reappeared() -> None:
    before = frame(
        [("A", "1", "EUR", 100), ("A", "2", "EUR", 200), ("B", "3", "USD", -50), ("B", "4", "USD", 0)]
    )
    after = frame(
        [("A", "2", "EUR", 150), ("B", "3", "USD", -50), ("B", "5", "USD", 70), ("C", "6", "EUR", 10)]
    )
    gone = pl.DataFrame({"account": ["C", "C"], "item": ["6", "7"]})
    change = compare(before, after, gone)
    assert change.vanished.rows() == [("A", "1", "EUR", 100)]
    assert change.changed.rows() == [("A", "2", "EUR", 200, 150)]
    assert change.appeared.rows() == [("B", "5", "USD", 70)]
    assert change.reappeared.rows() == [("C", "6", "EUR", 10)]
    assert change.totals_before == {"EUR": 300, "USD": -50}
    assert change.totals_after == {"EUR": 160, "USD": 20}
    assert change.implausible is None
    assert not change.nothing


def test_the_same_ledger_twice_changes_nothing() -> None:
    assert compare(frame(many(30)), frame(many(30))).nothing
    assert compare(frame([]), frame(many(30))).implausible is None


@pytest.mark.fault(74)
def test_changes_too_large_to_believe() -> None:
    before = frame(many(100))
    assert compare(before, frame(many(80))).implausible is None
    assert compare(before, frame(many(79))).implausible == (
        "21 of 100 open items are missing at once (21%; more than 20% is not usual)"
    )
    assert (
        compare(before, frame([])).implausible
        == "nothing is open any more; the last ledger had 100 open items"
    )
    assert (
        compare(before, frame(many(100, 79))).implausible == "the open total in EUR has fallen by 21% at once"
    )
    assert (
        compare(before, frame(many(100, 10_000))).implausible
        == "100 of 100 items have a larger open amount than before"
    )
    more = [*many(100), ("B", "x", "EUR", 10_100)]
    assert compare(before, frame(more)).implausible == "the open total in EUR has grown by 101% at once"
    dollars = [(account, item, "USD", amount) for account, item, _, amount in many(100)]
    assert compare(before, frame(dollars)).implausible == "100 items have changed their currency"
    assert compare(frame(many(10)), frame(many(5))).implausible is None


ROWS = st.lists(
    st.tuples(st.sampled_from("AB"), st.sampled_from("12345"), st.just("EUR"), st.integers(-3, 3)),
    unique_by=lambda row: row[:2],
)


@settings(max_examples=60, deadline=None)
@given(ROWS, ROWS)
def test_every_item_is_accounted_for(
    before: list[tuple[str, str, str, int]], after: list[tuple[str, str, str, int]]
) -> None:
    change = compare(frame(before), frame(after))
    moved = change.changed["after"].sum() - change.changed["before"].sum()
    moved += change.appeared["open"].sum() - change.vanished["open"].sum()
    assert change.totals_after.get("EUR", 0) == change.totals_before.get("EUR", 0) + moved
    back = compare(frame(after), frame(before))
    assert back.appeared.rows() == change.vanished.rows()
