"""How old the open items are, in the buckets that a house counts in; credits stand apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import polars as pl


class Convention(StrEnum):
    """What an item's age is counted from, and in what."""

    PAST_DUE = "past due"
    INVOICE_DATE = "invoice date"
    MONTHS = "months"


@dataclass(frozen=True, slots=True)
class Buckets:
    """`names` are the buckets, the youngest first; an item is in the first whose number in `most` it does not exceed."""

    names: tuple[str, ...]
    most: tuple[int, ...]  # one fewer than names
    age: Callable[[date], pl.Expr]

    def of(self, items: pl.DataFrame, on: date) -> pl.DataFrame:
        """The items with `bucket`, the number of theirs from 0."""
        age = self.age(on)
        number = pl.sum_horizontal((age > most).cast(pl.Int8) for most in self.most)
        return items.with_columns(bucket=number.cast(pl.Int8))


def _past(on: date) -> pl.Expr:
    return (pl.lit(on) - pl.col("due")).dt.total_days()


def _since_invoice(on: date) -> pl.Expr:
    return (pl.lit(on) - pl.col("date")).dt.total_days()


def _months(on: date) -> pl.Expr:
    """Whole calendar months past due: 0 in the first; -1 before it is past due.

    What fell due on the 31st is a month past due on the last day of a shorter month.
    """
    due = pl.col("due")
    last_of_month = pl.lit(on).dt.month_end().dt.day()
    day = pl.min_horizontal(due.dt.day(), last_of_month)
    months = (on.year - due.dt.year()) * 12 + (on.month - due.dt.month().cast(pl.Int32))
    whole = months - (pl.lit(on.day) < day).cast(pl.Int32)
    return pl.when(due >= pl.lit(on)).then(-1).otherwise(whole.clip(lower_bound=0))


BUCKETS: dict[Convention, Buckets] = {
    Convention.PAST_DUE: Buckets(("not due", "1–30", "31–60", "61–90", "over 90"), (0, 30, 60, 90), _past),
    Convention.INVOICE_DATE: Buckets(
        ("0–30", "31–60", "61–90", "91–120", "over 120"), (30, 60, 90, 120), _since_invoice
    ),
    Convention.MONTHS: Buckets(
        ("not due", "under 1 month", "1 month", "2 months", "3 months", "older"), (-1, 0, 1, 2, 3), _months
    ),
}
SAYS = {
    Convention.PAST_DUE: "by days past due",
    Convention.INVOICE_DATE: "by days from the invoice",
    Convention.MONTHS: "by whole calendar months past due",
}


def aged(
    items: pl.DataFrame, on: date, convention: Convention = Convention.PAST_DUE
) -> list[tuple[str, int, int]]:
    """(bucket, items, amount) of each bucket, the youngest first. `items` has due, date and open."""
    buckets = BUCKETS[convention]
    sums = buckets.of(items, on).group_by("bucket").agg(items=pl.len(), open=pl.col("open").sum())
    found = {bucket: (count, amount) for bucket, count, amount in sums.iter_rows()}
    return [(name, *found.get(number, (0, 0))) for number, name in enumerate(buckets.names)]


def rolled(before: pl.DataFrame, after: pl.DataFrame, bucket: int) -> tuple[int, int]:
    """(what of it is now in a later bucket, all that was in `bucket`), of the same items, by days past due.

    `before` and `after` have account, item, open and past. What was paid is in no bucket any more.
    """
    lower = (None, 0, 30, 60)[bucket]
    upper = (0, 30, 60, 90)[bucket]
    was = before.filter(pl.col("past") <= upper, pl.lit(lower is None) | (pl.col("past") > (lower or 0)))
    now = after.join(was.select("account", "item"), on=["account", "item"], how="semi")
    return int(now.filter(pl.col("past") > upper)["open"].sum()), int(was["open"].sum())
