"""What came to pass with a ledger: which document was there from when, what was paid on it when, what was contested.

It is what customers did, and no policy's. What people agreed on the telephone (promises, plans, pauses) followed from calls,
which a simulation makes anew: it is not in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from engine.core.decision.state import ITEMS
from engine.core.figures.past import told
from engine.core.figures.records import Records
from engine.core.money import digits

# What a document is beside its columns in `figures.records`: `rate` as the ledger had it, units of the house's currency.
PAPERS: Mapping[str, pl.DataType] = {
    "account": pl.String(),
    "item": pl.String(),
    "statement": pl.Date(),
    "rate": pl.Float64(),
    "terms": pl.String(),
}
# Disputes; `closed_for` is "customer" or "us", null while it is open.
CONTESTED: Mapping[str, pl.DataType] = {
    "account": pl.String(),
    "item": pl.String(),
    "opened": pl.Date(),
    "closed": pl.Date(),
    "closed_for": pl.String(),
    "reason": pl.String(),
}
# What was learned of an account, and from when until when it held: `insolvent`, `attorney`.
LEARNED: Mapping[str, pl.DataType] = {
    "account": pl.String(),
    "what": pl.String(),
    "from_day": pl.Date(),
    "until": pl.Date(),
}


@dataclass(frozen=True, slots=True)
class Kept:
    """What a history is put together from, beside the records of a report.

    `accounts` are as `state.ACCOUNTS`, every account that ever had a document, with what its master says by now and nothing
    that happened to it. The others are as PAPERS, CONTESTED and LEARNED.
    """

    accounts: pl.DataFrame
    papers: pl.DataFrame
    contested: pl.DataFrame
    learned: pl.DataFrame


@dataclass(frozen=True, slots=True)
class History:
    """The accounts and documents of all days from `first` through `last`, the day of the newest ledger.

    `items` are as `state.ITEMS`, sorted alike, where `open` of a debit is all that is ever to be paid of it; and further
    `arrives`, `ends` (a credit is gone from that day on) and `inferred`, the terms that it was written on. `paid` has `at`
    (which item, by its place in `items`), `on`, `known` (the first morning on which the ledger shows it), `amount` (minor
    units of the item's currency) and `cash`: false where a credit was used. `disputes` have `row`, `at` (null where it is of no
    item that is known), `opened`, `closed`, `off` (the days that it takes off) and `claim`: it counts as one.
    `learned` has `row`, `what`, `from_day`, `until`.
    """

    accounts: pl.DataFrame
    items: pl.DataFrame
    paid: pl.DataFrame
    disputes: pl.DataFrame
    learned: pl.DataFrame
    first: date
    last: date
    house: str  # the house's currency

    @property
    def debits(self) -> pl.DataFrame:
        """The documents that ask for money, with `at`."""
        return self.items.with_row_index("at").filter(pl.col("open") > 0)


def history(records: Records, kept: Kept, house: str) -> History | None:
    """From what is on record; None where no ledger has come in. `house` is the house's currency."""
    first, last = records.told_from, records.as_of
    if first is None or last is None:
        return None
    past = told(records.documents, records.payments)
    rows = kept.accounts.select("account", "row")
    items = _items(
        past.documents.join(kept.papers, on=["account", "item"], how="left", maintain_order="left")
    )
    items = items.with_columns(rate=_rate(records, house, last)).join(rows, on="account")
    items = items.sort("row", "due", "item")
    places = items.select("account", "item", "row").with_row_index("at")
    # What a ledger of its own day told of was known on that morning; a payment whose day is known, on the next.
    known = pl.col("on") + pl.when("presumed").then(pl.duration(days=0)).otherwise(pl.duration(days=1))
    paid = past.less.join(places, on=["account", "item"]).with_columns(known=known)
    paid = paid.select("at", "on", "known", "amount", "cash").sort("known", "at")
    schema = {**ITEMS, "arrives": pl.Date(), "ends": pl.Date(), "inferred": pl.String()}
    return History(
        kept.accounts,
        items.select(pl.col(name).cast(kind) for name, kind in schema.items()),
        paid,
        _disputes(kept.contested, rows, places),
        kept.learned.join(rows, on="account").select("row", "what", "from_day", "until"),
        first,
        last,
        house,
    )


def _items(documents: pl.DataFrame) -> pl.DataFrame:
    """The documents of which anything is ever open on an evening."""
    debit = pl.col("base") > 0
    credit = pl.when(pl.col("open") < 0).then("open").when(pl.col("vanished_on").is_not_null()).then("amount")
    days = (pl.col("due") - pl.col("date")).dt.total_days().clip(lower_bound=0)
    terms = pl.when(days == 0).then(pl.lit("due on receipt")).otherwise(pl.format("net {}", days))
    return documents.with_columns(
        open=pl.when(debit).then(pl.col("base") - pl.col("unseen")).otherwise(credit).fill_null(0),
        arrives=pl.min_horizontal("date", "first_seen"),
        ends=pl.when(~debit).then("vanished_on"),
        inferred=pl.coalesce("terms", terms),
        aside=None,
        aside_since=None,
        aside_until=None,
        days_off=0,
    ).filter((debit & (pl.col("open") > 0)) | (~debit & (pl.col("open") < 0)))


def _rate(records: Records, house: str, on: date) -> pl.Expr:
    """House minor units for one of an item's own: its ledger's rate, else the newest; null where none is known."""
    codes = [code for code in records.documents["currency"].unique() if code != house]
    newest = {code: rate.rate if (rate := records.rate(code, on)) else None for code in codes}
    scale = {code: 10.0 ** (digits(house) - digits(code)) for code in codes}

    def of(each: Mapping[str, float | None]) -> pl.Expr:
        return pl.col("currency").replace_strict(each, default=None, return_dtype=pl.Float64)

    own = pl.coalesce("rate", of(newest)) * of(scale)
    return pl.when(pl.col("currency") == house).then(1.0).otherwise(own)


def _disputes(contested: pl.DataFrame, rows: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    days = (pl.col("closed") - pl.col("opened")).dt.total_days().cast(pl.Int32)
    return (
        contested.join(rows, on="account")
        .join(places.drop("row"), on=["account", "item"], how="left", maintain_order="left")
        .select(
            "row",
            "at",
            "opened",
            "closed",
            off=pl.when(pl.col("closed_for") == "customer").then(days).otherwise(0),
            claim=(pl.col("reason") != "agreed credit").fill_null(value=True),
        )
    )
