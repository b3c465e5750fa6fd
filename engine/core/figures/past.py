"""The ledger as it stood on the evening of a day that is past, put together from what is on record now.

A document counts from its own date, or from the first ledger that showed it where that is earlier. What was paid later is
added back. A payment of which only the next ledger told has that ledger's day, and so may be some days late. A credit that
was used is a credit until the ledger that no longer had it. What an invoice had been paid before any ledger showed it, nobody
knows the day of: it counts as paid from the beginning. Of a credit that was used in part, the day is not known either: it
counts as used from the beginning.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

import polars as pl

_KEY = ["account", "item"]
_USES = {"account": pl.String(), "item": pl.String(), "amount": pl.Int64(), "on": pl.Date()}


@dataclass(frozen=True, slots=True)
class Told:
    """What is needed to tell any past day.

    `documents` have `base`, what a debit was over, and `unseen`, what of it went without anything on record; of a credit both
    are 0. `less` is what made debits smaller, and when: account, item, amount, on; `presumed` where only a ledger of that day
    tells of it, and `cash`, false where a credit was used.
    """

    documents: pl.DataFrame
    less: pl.DataFrame


def told(documents: pl.DataFrame, payments: pl.DataFrame) -> Told:
    """From the columns of `core.figures.records`."""
    paid = payments.filter(pl.col("item").is_not_null()).select(*_KEY, "amount", "presumed", on="paid_on")
    debit = (pl.col("amount") > 0) | (pl.col("open") > 0)
    docs = _beside(documents, paid, "paid").with_columns(
        base=pl.when(debit).then(pl.max_horizontal("amount", pl.col("open") + pl.col("paid"))).otherwise(0)
    )
    docs = docs.with_columns(
        gap=pl.when(debit).then(pl.col("base") - pl.col("open") - pl.col("paid")).otherwise(0)
    )
    gone = docs.filter(pl.col("amount") < 0, pl.col("open") == 0, pl.col("vanished_on").is_not_null())
    uses = _uses(docs.filter(pl.col("gap") > 0), gone)
    docs = _beside(docs, uses, "used").with_columns(unseen=pl.col("gap") - pl.col("used"))
    uses = uses.with_columns(presumed=pl.lit(value=True), cash=pl.lit(value=False))
    less = pl.concat([paid.with_columns(cash=pl.lit(value=True)), uses], how="diagonal")
    return Told(docs.drop("paid", "gap", "used"), less)


def ledger(past: Told, on: date) -> pl.DataFrame:
    """What was open on the evening of a day, credits below zero: account, item, kind, currency, date, due, open, past.

    `past` in it is days past due, below 0 before it is due.
    """
    there = (pl.col("date") <= on) | (pl.col("first_seen") <= on).fill_null(value=False)
    gone = (pl.col("vanished_on") <= on).fill_null(value=False)
    credit = (
        pl.when(gone)
        .then(0)
        .when(pl.col("open") < 0)
        .then("open")
        .when(pl.col("vanished_on").is_not_null() & (pl.col("amount") < 0))
        .then("amount")
        .otherwise(0)
    )
    debit = (pl.col("base") - pl.col("unseen") - pl.col("less")).clip(lower_bound=0)
    return (
        _beside(past.documents.filter(there), past.less.filter(pl.col("on") <= on), "less")
        .with_columns(open=pl.when(pl.col("base") > 0).then(debit).otherwise(credit))
        .filter(pl.col("open") != 0)
        .select(
            *_KEY,
            "kind",
            "currency",
            "date",
            "due",
            "open",
            past=(pl.lit(on) - pl.col("due")).dt.total_days().cast(pl.Int32),
        )
    )


def open_after(past: Told, days: int) -> pl.DataFrame:
    """The debits with what of each was still open on the evening so many days after its due date, as `open`."""
    debits = past.documents.filter(pl.col("base") > 0)
    ends = pl.col("due").dt.offset_by(f"{days}d")
    until = past.less.join(debits.select(*_KEY, "due"), on=_KEY).filter(pl.col("on") <= ends)
    left = pl.col("base") - pl.col("unseen") - pl.col("less")
    return _beside(debits, until, "less").with_columns(open=left.clip(lower_bound=0)).drop("less")


def _beside(documents: pl.DataFrame, less: pl.DataFrame, name: str) -> pl.DataFrame:
    """The documents with the sum of amounts that are theirs."""
    sums = less.group_by(_KEY).agg(pl.col("amount").sum().alias(name))
    return documents.join(sums, on=_KEY, how="left", maintain_order="left").with_columns(
        pl.col(name).fill_null(0)
    )


@dataclass(slots=True)
class _Gap:
    """What of a debit went without a payment, and from when until when it was there."""

    item: str
    left: int
    since: date
    until: date


def _uses(debits: pl.DataFrame, credits: pl.DataFrame) -> pl.DataFrame:
    """On which debits the credits that are gone were used, and when: account, item, amount, on.

    A credit went to debits of its account and currency that were there on the day it went, first to those that went first: so
    none is left for which there is no debit, where it could have been used on one.
    """
    gaps: dict[tuple[str, str], list[_Gap]] = defaultdict(list)
    names = ["account", "currency", "item", "gap", "vanished_on", "first_seen"]
    order = ["vanished_on", "due", "item"]
    for account, currency, item, gap, gone, seen in (
        debits.sort(order, nulls_last=True).select(names).iter_rows()
    ):
        gaps[account, currency].append(_Gap(item, gap, seen or date.min, gone or date.max))
    uses: list[tuple[str, str, int, date]] = []
    rows = credits.sort("vanished_on", "due", "item").select("account", "currency", "amount", "vanished_on")
    for account, currency, amount, on in rows.iter_rows():
        left = -amount
        for gap in gaps[account, currency]:
            used = min(left, gap.left) if gap.since <= on <= gap.until else 0
            if used:
                gap.left -= used
                uses.append((account, gap.item, used, on))
                left -= used
            if not left:
                break
    return pl.DataFrame(uses, schema=_USES, orient="row")
