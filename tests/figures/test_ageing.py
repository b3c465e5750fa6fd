"""Ages by the conventions that systems use."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from engine.core.figures.ageing import BUCKETS, Convention, aged, rolled
from engine.core.figures.periods import Period, days_to, month_before, month_of, months_back
from tests.figures.builder import day


def items(*given: tuple[str, str, int]) -> pl.DataFrame:
    """(invoice date, due date, open)."""
    frame = pl.DataFrame(
        [(str(n), day(dated), day(due), amount) for n, (dated, due, amount) in enumerate(given)],
        schema=["item", "date", "due", "open"],
        orient="row",
    )
    return frame.with_columns(
        account=pl.lit("A"), past=(pl.lit(day("05-31")) - pl.col("due")).dt.total_days()
    )


def bucket_of(due: str, on: str, convention: Convention, dated: str = "01-01") -> str:
    buckets = BUCKETS[convention]
    return buckets.names[buckets.of(items((dated, due, 1)), day(on))["bucket"].item()]


@pytest.mark.parametrize(
    ("due", "bucket"),
    [
        ("06-01", "not due"), ("05-31", "not due"), ("05-30", "1–30"), ("05-01", "1–30"), ("04-30", "31–60"),
        ("04-01", "31–60"), ("03-31", "61–90"), ("03-02", "61–90"), ("03-01", "over 90"),
    ],
)  # fmt: skip
def test_days_past_due(due: str, bucket: str) -> None:
    assert bucket_of(due, "05-31", Convention.PAST_DUE) == bucket


@pytest.mark.parametrize(
    ("dated", "bucket"),
    [("05-31", "0–30"), ("05-01", "0–30"), ("04-30", "31–60"), ("03-02", "61–90"), ("03-01", "91–120"), ("01-30", "over 120")],
)  # fmt: skip
def test_days_from_the_invoice(dated: str, bucket: str) -> None:
    assert bucket_of("12-31", "05-31", Convention.INVOICE_DATE, dated) == bucket


@pytest.mark.parametrize(
    ("due", "on", "bucket"),
    [
        ("05-15", "05-15", "not due"),
        ("05-15", "05-16", "under 1 month"),
        ("05-15", "06-14", "under 1 month"),
        ("05-15", "06-15", "1 month"),
        ("01-31", "02-27", "under 1 month"),
        ("01-31", "02-28", "1 month"),  # the last day of a shorter month
        ("2025-12-31", "03-30", "2 months"),
        ("2025-12-31", "03-31", "3 months"),
        ("2025-12-31", "04-30", "older"),
    ],
)
def test_calendar_months(due: str, on: str, bucket: str) -> None:
    assert bucket_of(due, on, Convention.MONTHS) == bucket


def test_each_bucket_has_its_items_and_amount() -> None:
    found = aged(items(("04-01", "06-10", 100), ("04-01", "05-20", 50), ("03-01", "05-11", 25)), day("05-31"))
    assert found == [
        ("not due", 1, 100),
        ("1–30", 2, 75),
        ("31–60", 0, 0),
        ("61–90", 0, 0),
        ("over 90", 0, 0),
    ]


def test_what_rolled_is_of_the_same_items() -> None:
    """A new item in the later bucket, and one that was paid, do not count."""
    on = pl.lit(day("04-30"))
    before = items(("03-01", "04-20", 100), ("03-01", "04-25", 300), ("03-01", "05-10", 999))
    before = before.with_columns(past=(on - pl.col("due")).dt.total_days())
    after = items(("03-01", "04-20", 100), ("03-01", "04-24", 5_000)).with_columns(
        item=pl.Series(["0", "new"])
    )
    assert rolled(before, after, 1) == (100, 400)
    assert rolled(before, after, 0) == (0, 999)


def test_a_month_earlier_is_as_long_and_calendar_months_stay_whole() -> None:
    assert Period(day("05-01"), day("05-31")).earlier(3) == Period(day("02-01"), day("02-28"))
    assert Period(day("01-01"), day("03-31")).earlier(1) == Period(day("2025-12-01"), day("02-28"))
    assert Period(day("01-01"), day("03-31")).months == 3
    thirty = days_to(day("05-31"), 30)
    assert (thirty.first, thirty.days) == (day("05-02"), 30)
    assert thirty.earlier(3) == Period(day("01-30"), day("02-28"))
    assert thirty.months == pytest.approx(0.9856, abs=1e-4)
    assert month_before(date(2026, 3, 30)) == date(2026, 2, 28)
    assert month_before(date(2026, 2, 28), 2) == date(2025, 12, 31)  # an end of a month stays one
    back = months_back(day("03-10"))
    assert [next(back) for _ in range(3)] == [
        Period(day("03-01"), day("03-10")),
        month_of(day("02-01")),
        month_of(day("01-05")),
    ]
