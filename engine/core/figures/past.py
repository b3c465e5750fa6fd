"""The ledger as it stood on the evening of a day that is past, put together from what is on record now.

A document counts from its own date, or from the first ledger that showed it where that is earlier. What was paid later is
added back. A payment of which only the next ledger told has that ledger's day, and so may be some days late. A credit that
was used is a credit until the ledger that no longer had it, and taken off the oldest due of the same account from then on,
as everywhere. What an invoice had been paid before any ledger showed it, nobody knows the day of: it counts as paid from the
beginning. Of a credit that was used in part, the day is not known either: it counts as used from the beginning.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from engine.core.netting import net

_KEY = ["account", "item"]


def told(documents: pl.DataFrame, payments: pl.DataFrame) -> pl.DataFrame:
    """The documents with what is needed to tell any past day: `base`, `unseen`, `applied` and `applied_on`.

    Of a debit, `base` is what it was over; of that, `unseen` went without a payment on record, and `applied` by credits on
    `applied_on`. Of a credit all are 0.
    """
    paid = payments.filter(pl.col("item").is_not_null()).group_by(_KEY).agg(paid=pl.col("amount").sum())
    debit = (pl.col("amount") > 0) | (pl.col("open") > 0)
    docs = (
        documents.join(paid, on=_KEY, how="left", maintain_order="left")
        .with_columns(pl.col("paid").fill_null(0))
        .with_columns(
            base=pl.when(debit)
            .then(pl.max_horizontal("amount", pl.col("open") + pl.col("paid")))
            .otherwise(0)
        )
        .with_columns(gap=pl.when(debit).then(pl.col("base") - pl.col("open") - pl.col("paid")).otherwise(0))
    )
    used = _used(docs.filter(pl.col("gap") > 0), docs.filter((pl.col("amount") < 0) & (pl.col("open") == 0)))
    return (
        docs.join(used, on=_KEY, how="left", maintain_order="left")
        .with_columns(pl.col("applied").fill_null(0))
        .with_columns(unseen=pl.col("gap") - pl.col("applied"))
        .drop("gap", "paid")
    )


def _used(debits: pl.DataFrame, credits: pl.DataFrame) -> pl.DataFrame:
    """On which documents the credits that are gone were used, and when: account, item, applied, applied_on.

    First on what went in the same ledger; what is left over on the account's other gaps, the oldest due first.
    """
    gone = credits.filter(pl.col("vanished_on").is_not_null()).with_columns(left="amount")
    together = ["account", "vanished_on"]
    same = _set_against(debits.with_columns(left="gap"), gone, together)
    spent = same.group_by([*together, "currency"]).agg(spent=pl.col("applied").sum())
    left = (
        gone.group_by([*together, "currency"])
        .agg(left=pl.col("amount").sum(), item=pl.col("item").first(), due=pl.col("due").min())
        .join(spent, on=[*together, "currency"], how="left")
        .with_columns(left=pl.col("left") + pl.col("spent").fill_null(0))
        .filter(pl.col("left") < 0)
    )
    when = left.group_by("account", "currency").agg(credited=pl.col("vanished_on").max())
    rest = debits.join(same.select(*_KEY, first="applied"), on=_KEY, how="left").with_columns(
        left=pl.col("gap") - pl.col("first").fill_null(0)
    )
    other = _set_against(rest, left, ["account"]).join(when, on=["account", "currency"], how="left")
    return (
        pl.concat(
            [
                same.select(*_KEY, "applied", applied_on="vanished_on"),
                other.select(*_KEY, "applied", applied_on=pl.min_horizontal("credited", "vanished_on")),
            ]
        )
        .filter(pl.col("applied") > 0)
        .group_by(_KEY)
        .agg(pl.col("applied").sum(), pl.col("applied_on").max())
    )


def _set_against(debits: pl.DataFrame, credits: pl.DataFrame, group: list[str]) -> pl.DataFrame:
    """The debits with `applied`: what of their `left` the credits of the same group and currency cover."""
    names = [*_KEY, "due", "currency", "left", "vanished_on"]
    both = pl.concat(
        [
            debits.filter(pl.all_horizontal(pl.col(name).is_not_null() for name in group)).select(names),
            credits.select(names),
        ]
    ).with_columns(
        open="left", group=pl.concat_str([pl.col(name).cast(pl.String) for name in group], separator="\n")
    )
    return (
        net(both, "group")
        .filter(pl.col("left") > 0)
        .with_columns(applied=pl.col("left") - pl.col("owed"))
        .drop("group", "owed", "open")
    )


def ledger(docs: pl.DataFrame, payments: pl.DataFrame, on: date) -> pl.DataFrame:
    """What was open on the evening of a day, credits below zero: account, item, kind, currency, date, due, open, past.

    `docs` are `told`; `past` is days past due, below 0 before it is due.
    """
    until = (
        payments.filter(pl.col("paid_on") <= on, pl.col("item").is_not_null())
        .group_by(_KEY)
        .agg(paid=pl.col("amount").sum())
    )
    there = (pl.col("date") <= on) | (pl.col("first_seen") <= on).fill_null(value=False)
    gone = (pl.col("vanished_on") <= on).fill_null(value=False)
    applied = pl.when((pl.col("applied_on") <= on).fill_null(value=False)).then("applied").otherwise(0)
    debit = pl.col("base") - pl.col("unseen") - pl.col("paid").fill_null(0) - applied
    credit = (
        pl.when(gone)
        .then(0)
        .when(pl.col("open") < 0)
        .then("open")
        .when(pl.col("vanished_on").is_not_null() & (pl.col("amount") < 0))
        .then("amount")
        .otherwise(0)
    )
    return (
        docs.filter(there)
        .join(until, on=_KEY, how="left", maintain_order="left")
        .with_columns(open=pl.when(pl.col("base") > 0).then(debit.clip(lower_bound=0)).otherwise(credit))
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


def open_when_due(docs: pl.DataFrame, payments: pl.DataFrame) -> pl.DataFrame:
    """What of each debit was still open on the evening of its due date: account, item, currency, due, open."""
    in_time = (
        payments.filter(pl.col("item").is_not_null())
        .join(docs.select(*_KEY, "due"), on=_KEY)
        .filter(pl.col("paid_on") <= pl.col("due"))
        .group_by(_KEY)
        .agg(paid=pl.col("amount").sum())
    )
    applied = (
        pl.when((pl.col("applied_on") <= pl.col("due")).fill_null(value=False)).then("applied").otherwise(0)
    )
    return (
        docs.filter(pl.col("base") > 0)
        .join(in_time, on=_KEY, how="left", maintain_order="left")
        .with_columns(open=pl.col("base") - pl.col("unseen") - pl.col("paid").fill_null(0) - applied)
        .filter(pl.col("open") > 0)
        .select(*_KEY, "currency", "due", "open")
    )
