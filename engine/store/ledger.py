"""Putting a ledger's rows into the database: what is new, what changed, and what is no longer there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.core.netting import net
from engine.store import bulk
from engine.store.tables import COMPANY, customer, item, ledger_file, payment, rate

# The columns of a ledger that has been read; those a file does not have are filled with nothing.
ROWS: Mapping[str, pl.DataType] = {
    "kind": pl.String(),
    "account": pl.String(),
    "name": pl.String(),
    "item": pl.String(),
    "date": pl.Date(),
    "due": pl.Date(),
    "amount": pl.Int64(),
    "open": pl.Int64(),
    "currency": pl.String(),
    "paid_on": pl.Date(),
    "po": pl.String(),
    "reference": pl.String(),
    "terms": pl.String(),
    "text": pl.String(),
    "disputed": pl.Boolean(),
    "statement": pl.Date(),
    "rate": pl.Float64(),
}
_KEPT = ("kind", "date", "due", "statement", "amount", "open", "currency", "rate", "terms", "po", "reference", "text")
_BEFORE = {
    "account": pl.String(),
    "item": pl.String(),
    "was": pl.Int64(),
    "was_due": pl.Date(),
    "was_currency": pl.String(),
    "vanished_on": pl.Date(),
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a ledger changes. Frames of account, item, was, open, due, currency (and `paid_on` where the file has it)."""

    rows: pl.DataFrame
    new: pl.DataFrame
    smaller: pl.DataFrame
    larger: pl.DataFrame
    vanished: pl.DataFrame
    reappeared: pl.DataFrame
    before: int  # open items before
    owed_before: Mapping[str, int]  # sum of what was open, by currency


def same_file(conn: Connection, sha256: str, company: str = COMPANY) -> Any | None:
    """The row of a file with this content that came in before."""
    query = sa.select(ledger_file).where(ledger_file.c.company == company, ledger_file.c.sha256 == sha256)
    return conn.execute(query).first()


def newest(conn: Connection, company: str = COMPANY) -> date | None:
    """The date of the newest ledger."""
    query = sa.select(sa.func.max(ledger_file.c.as_of)).where(
        ledger_file.c.company == company, ledger_file.c.kind == "ledger"
    )
    found: date | None = conn.execute(query).scalar()
    return found


def complete(rows: pl.DataFrame) -> pl.DataFrame:
    """A ledger's rows with all columns of `ROWS`, in their types; a missing due date is the document's own date."""
    missing = [pl.lit(None, kind).alias(name) for name, kind in ROWS.items() if name not in rows.columns]
    return (
        rows.with_columns(missing)
        .select(pl.col(name).cast(kind) for name, kind in ROWS.items())
        .with_columns(
            pl.col("disputed").fill_null(value=False),
            amount=pl.coalesce("amount", "open"),
            open=pl.coalesce("open", "amount"),
            due=pl.coalesce("due", "date"),
        )
    )


def compare(conn: Connection, rows: pl.DataFrame, company: str = COMPANY) -> Comparison:
    """Rows that are `complete`, against what is in the database."""
    before = bulk.frame(
        conn,
        "SELECT account, item, open, due, currency, vanished_on FROM item WHERE company = :company",
        {"company": company},
        _BEFORE,
    )
    both = rows.join(before, on=["account", "item"], how="left", maintain_order="left")
    gone = before.filter(pl.col("was") != 0).join(rows, on=["account", "item"], how="anti")
    shape = ("account", "item", "was", "open", "due", "currency", "paid_on")
    changed = both.filter(pl.col("was").is_not_null())
    back = pl.col("vanished_on").is_not_null() & (pl.col("open") != 0)
    nearer = (pl.col("open").abs() < pl.col("was").abs()) | (pl.col("open").sign() * pl.col("was").sign() < 0)
    was_open = before.filter(pl.col("was") != 0)
    return Comparison(
        rows=rows,
        new=both.filter(pl.col("was").is_null()).select(*shape),
        smaller=changed.filter((pl.col("was") != 0) & nearer).select(*shape),
        larger=changed.filter(~back & ~nearer & (pl.col("open") != pl.col("was"))).select(*shape),
        vanished=gone.select(
            "account",
            "item",
            "was",
            open=pl.lit(0, pl.Int64),
            due="was_due",
            currency="was_currency",
            paid_on=pl.lit(None, pl.Date),
        ),
        reappeared=changed.filter(back).select(*shape, "vanished_on"),
        before=was_open.height,
        owed_before={
            code: int(total)
            for code, total in was_open.group_by("was_currency").agg(pl.col("was").sum()).sort("was_currency").rows()
        },
    )


def payments(change: Comparison, as_of: date) -> pl.DataFrame:
    """What was paid, as far as the two ledgers show: account, item, amount, currency, paid_on, days_late, presumed.

    Credits that were used up at the same time are taken off first, the oldest due first: nobody paid that part. A document
    that comes with the day of its payment was paid on that day, whether or not it was ever seen open.
    """
    said = change.rows.filter(pl.col("paid_on").is_not_null()).select("account", "item", "paid_on", part=pl.col("amount") - pl.col("open"))
    new = change.new.select("account", "item").join(said, on=["account", "item"])
    told = new.join(change.rows.select("account", "item", "due", "currency"), on=["account", "item"]).filter(pl.col("part") > 0)
    lower = pl.concat([change.smaller, change.vanished]).with_columns(
        open=pl.when(pl.col("was") > 0)
        .then(pl.col("was") - pl.col("open").clip(lower_bound=0))
        .otherwise(pl.col("was") - pl.col("open").clip(upper_bound=0))
    )
    paid = net(lower, "account").filter(pl.col("owed") > 0)
    return pl.concat(
        [
            told.select("account", "item", "due", amount="part", currency="currency", paid_on="paid_on", presumed=pl.lit(0)),
            paid.select(
                "account",
                "item",
                "due",
                amount="owed",
                currency="currency",
                paid_on=pl.coalesce("paid_on", pl.lit(as_of)),
                presumed=pl.col("paid_on").is_null().cast(pl.Int32),
            ),
        ]
    ).with_columns(days_late=(pl.col("paid_on") - pl.col("due")).dt.total_days().cast(pl.Int32))


def store(conn: Connection, change: Comparison, file: int, as_of: date, company: str = COMPANY) -> None:
    """Write a comparison: items, payments, customers that were not known, exchange rates."""
    _store_items(conn, change, file, as_of, company)
    paid = payments(change, as_of)
    names = ("account", "item", "amount", "currency", "paid_on", "days_late", "presumed")
    rows = [(company, file, *row) for row in paid.select(names).rows()]
    bulk.insert(conn, payment, ("company", "file", *names), rows)
    for account, name, vanished in change.reappeared.select("account", "item", "vanished_on").rows():
        conn.execute(
            sa.update(payment)
            .where(
                payment.c.company == company,
                payment.c.account == account,
                payment.c.item == name,
                payment.c.presumed == 1,
                payment.c.paid_on == vanished,
            )
            .values(reversed=1)
        )
    _store_customers(conn, change.rows, company)
    rates = change.rows.filter(pl.col("rate").is_not_null()).group_by("currency").agg(pl.col("rate").last())
    for code, value in rates.rows():
        conn.execute(
            sa.delete(rate).where(rate.c.company == company, rate.c.currency == code, rate.c.on == as_of)
        )
        conn.execute(sa.insert(rate).values(company=company, currency=code, on=as_of, rate=value))


def _store_items(conn: Connection, change: Comparison, file: int, as_of: date, company: str) -> None:
    columns = ("company", "account", "item", *_KEPT, "first_file", "last_file")
    rows = [(company, *row, file, file) for row in change.rows.select("account", "item", *_KEPT).rows()]
    bulk.upsert(
        conn,
        item,
        columns,
        rows,
        key=("company", "account", "item"),
        update=(*_KEPT, "last_file", "vanished_on"),
    )
    gone = [
        {"gone_account": account, "gone_item": name} for account, name in change.vanished.select("account", "item").rows()
    ]
    if gone:
        conn.execute(
            sa.update(item)
            .where(
                item.c.company == company,
                item.c.account == sa.bindparam("gone_account"),
                item.c.item == sa.bindparam("gone_item"),
            )
            .values(open=0, vanished_on=as_of),
            gone,
        )


def _store_customers(conn: Connection, rows: pl.DataFrame, company: str) -> None:
    """A customer whom the master does not know yet is known by what the ledger says; the master's words stay."""
    known = {account for (account,) in conn.execute(sa.select(customer.c.account).where(customer.c.company == company))}
    names = rows.group_by("account", maintain_order=True).agg(pl.col("name").drop_nulls().last())
    new = [(company, account, name or "") for account, name in names.rows() if account not in known]
    bulk.insert(conn, customer, ("company", "account", "name"), new)
