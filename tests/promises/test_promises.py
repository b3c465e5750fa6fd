"""When a promise is kept and when it is broken; and what is owed after credits."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.cases.promises import Promise, Settled, Standing, breaks_on, stands
from engine.core.netting import net
from engine.core.workdays import calendar

TUESDAY = date(2026, 11, 24)  # Thanksgiving is two days later
FRIDAY = date(2026, 11, 27)
PROMISE = Promise(TUESDAY, FRIDAY, 500_00)


@pytest.mark.parametrize(
    ("name", "pays", "breaks"),
    [
        ("US", TUESDAY, FRIDAY),  # Wednesday, and Friday over the holiday
        ("US", date(2026, 11, 20), TUESDAY),  # over a weekend
        ("always", TUESDAY, date(2026, 11, 26)),
    ],
)
def test_a_promise_breaks_on_the_second_open_day(name: str, pays: date, breaks: date) -> None:
    assert breaks_on(pays, calendar(name)) == breaks


@pytest.mark.parametrize(
    ("paid", "as_of", "on", "settled"),
    [
        (500_00, date(2026, 11, 23), date(2026, 11, 23), Settled(Standing.KEPT, date(2026, 11, 23))),
        (600_00, FRIDAY, FRIDAY, Settled(Standing.KEPT, FRIDAY)),
        (0, TUESDAY, FRIDAY, Settled(Standing.OPEN)),  # the ledger is of the day itself: it cannot know
        (
            0,
            date(2026, 11, 25),
            date(2026, 11, 26),
            Settled(Standing.OPEN),
        ),  # the second open day has not come
        (0, date(2026, 11, 25), FRIDAY, Settled(Standing.BROKEN, FRIDAY)),
        (1, date(2026, 11, 25), FRIDAY, Settled(Standing.PARTLY, FRIDAY)),
        (0, date(2026, 11, 30), date(2026, 12, 1), Settled(Standing.BROKEN, date(2026, 11, 30))),
        (0, None, date(2026, 12, 1), Settled(Standing.OPEN)),
    ],
)
def test_how_a_promise_stands(paid: int, as_of: date | None, on: date, settled: Settled) -> None:
    assert stands(PROMISE, paid, as_of=as_of, on=on) == settled


def test_credits_are_set_against_the_oldest_due_of_their_currency() -> None:
    items = pl.DataFrame(
        {
            "row": [0, 0, 0, 0, 1],
            "item": ["b", "a", "credit", "euro", "other"],
            "due": [
                date(2026, 10, 2),
                date(2026, 10, 1),
                date(2026, 11, 1),
                date(2026, 9, 1),
                date(2026, 9, 1),
            ],
            "open": [300, 500, -600, 100, 50],
            "currency": ["USD", "USD", "USD", "EUR", "USD"],
        }
    )
    assert net(items)["owed"].to_list() == [200, 0, 0, 100, 50]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 2), st.integers(0, 5), st.integers(-900, 900), st.sampled_from(["USD", "EUR"])
        ),
        max_size=12,
    )
)
def test_no_more_is_ever_owed_than_the_balance(drawn: list[tuple[int, int, int, str]]) -> None:
    items = pl.DataFrame(
        [
            (row, str(n), TUESDAY + timedelta(days=late), open, code)
            for n, (row, late, open, code) in enumerate(drawn)
        ],
        schema={"row": pl.UInt32, "item": pl.String, "due": pl.Date, "open": pl.Int64, "currency": pl.String},
        orient="row",
    )
    netted = net(items)
    assert netted.drop("owed").equals(items)
    assert netted.select(
        ((pl.col("owed") >= 0) & (pl.col("owed") <= pl.col("open").clip(lower_bound=0))).all()
    ).item()
    for row in (
        netted.group_by("row", "currency").agg(pl.col("owed").sum(), pl.col("open").sum()).rows(named=True)
    ):
        assert row["owed"] == max(0, row["open"])
