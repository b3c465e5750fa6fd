"""Putting a ledger's rows into the database: what is new, what changed, and what is no longer there."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

import orjson
import polars as pl
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.core import snapshot
from engine.core.netting import net
from engine.core.snapshot import Comparison
from engine.store import bulk
from engine.store.spans import among, listed, one_of
from engine.store.tables import COMPANY, contact, customer, item, ledger_file, payment, rate
from engine.store.view import frame

_KEPT = (
    "kind",
    "date",
    "due",
    "statement",
    "amount",
    "open",
    "currency",
    "rate",
    "terms",
    "po",
    "reference",
    "text",
)
_KEY = ["account", "item"]
_BEFORE = {
    "account": pl.String(),
    "item": pl.String(),
    "currency": pl.String(),
    "open": pl.Int64(),
    "due": pl.Date(),
    "vanished_on": pl.Date(),
}


def same_file(conn: Connection, sha256: str, company: str = COMPANY) -> Any | None:
    """The row of a file with this content that came in before."""
    query = sa.select(ledger_file).where(ledger_file.c.company == company, ledger_file.c.sha256 == sha256)
    return conn.execute(query).first()


def last(conn: Connection, kind: str, company: str = COMPANY) -> Any | None:
    """The row of the file of this kind that came in last."""
    query = sa.select(ledger_file).where(ledger_file.c.company == company, ledger_file.c.kind == kind)
    return conn.execute(query.order_by(ledger_file.c.id.desc()).limit(1)).first()


def known_file(conn: Connection, content: str, last: Any | None, company: str = COMPANY) -> Any | None:
    """The row of a file with this content: the last one where that has it, else the first that had."""
    if last is not None and last.sha256.partition(" ")[0] == content:
        return last
    return same_file(conn, content, company)


def seen_again(conn: Connection, file: int, at: str) -> None:
    """The last ledger was found unchanged at this moment, so it is as fresh as if it had come in then."""
    conn.execute(
        sa.update(ledger_file)
        .where(ledger_file.c.id == file, ledger_file.c.imported_at < at)
        .values(imported_at=at)
    )


def newest(conn: Connection, company: str = COMPANY) -> date | None:
    """The date of the newest ledger."""
    query = sa.select(sa.func.max(ledger_file.c.as_of)).where(
        ledger_file.c.company == company, ledger_file.c.kind == "ledger"
    )
    found: date | None = conn.execute(query).scalar()
    return found


def items(conn: Connection, company: str = COMPANY) -> int:
    """How many items the database knows, settled ones too."""
    found: int = conn.execute(sa.select(sa.func.count()).where(item.c.company == company)).scalar_one()
    return found


def currencies(conn: Connection, company: str = COMPANY) -> list[str]:
    """Those of the newest ledger."""
    found = last(conn, "ledger", company)
    return sorted(orjson.loads(found.summary).get("totals") or {}) if found else []


def known(
    conn: Connection, company: str = COMPANY, *, accounts: Collection[str] | None = None
) -> pl.DataFrame:
    """Every item the database knows of these accounts, or of all, settled ones too: account, item, currency, open, due,
    vanished_on."""
    names: dict[str, Any] = {"company": company}
    query = "SELECT account, item, currency, open, due, vanished_on FROM item WHERE company = :company"
    if accounts is not None:
        query += one_of(conn, "account")
        names["accounts"] = listed(conn, accounts)
    return frame(conn, query, names, _BEFORE)


def rest(conn: Connection, before: pl.DataFrame, company: str = COMPANY) -> dict[str, tuple[int, int]]:
    """currency -> how many items are open, and their total, beside those of `before`: summed by the database."""
    query = sa.select(item.c.currency, sa.func.count(), sa.func.sum(item.c.open)).group_by(item.c.currency)
    found = conn.execute(query.where(item.c.company == company, item.c.open != 0)).all()
    named = before.filter(pl.col("open") != 0).group_by("currency").agg(pl.len(), pl.col("open").sum())
    less = {code: (count, total) for code, count, total in named.iter_rows()}
    left = {
        code: (count - less.get(code, (0, 0))[0], int(total) - less.get(code, (0, 0))[1])
        for code, count, total in found
    }
    return {code: one for code, one in left.items() if one[0]}


def compare(
    before: pl.DataFrame, rows: pl.DataFrame, rest: Mapping[str, tuple[int, int]] | None = None
) -> Comparison:
    """A ledger's rows against what is `known`; `rest` is what else is open, and stays."""
    return snapshot.compare(before, rows, before.filter(pl.col("vanished_on").is_not_null()), rest)


def payments(before: pl.DataFrame, rows: pl.DataFrame, change: Comparison, as_of: date) -> pl.DataFrame:
    """What was paid, as two ledgers show it: account, item, amount, currency, paid_on, days_late, presumed.

    Credits that were used up at the same time are taken off first, the oldest due first: nobody paid that
    part. A document that comes with the day of its payment was paid on that day, whether or not it was ever
    seen open.
    """
    due = pl.concat([rows.select(*_KEY, "due"), before.select(*_KEY, "due")]).unique(
        _KEY, keep="first", maintain_order=True
    )
    paid_on = rows.filter(pl.col("paid_on").is_not_null()).select(*_KEY, "paid_on")
    less = pl.concat(
        [
            change.vanished.select(*_KEY, "currency", before="open", after=pl.lit(0, pl.Int64)),
            change.changed.select(*_KEY, "currency", "before", "after"),
        ]
    ).with_columns(
        # how much nearer to nothing: of a debt above zero, of a credit below
        open=pl.when(pl.col("before") > 0)
        .then((pl.col("before") - pl.col("after").clip(lower_bound=0)).clip(lower_bound=0))
        .otherwise((pl.col("before") - pl.col("after").clip(upper_bound=0)).clip(upper_bound=0))
    )
    seen = net(less.join(due, on=_KEY, how="left", maintain_order="left"), "account").select(
        *_KEY, "currency", "due", amount="owed"
    )
    settled = rows.join(before, on=_KEY, how="anti").filter(pl.col("paid_on").is_not_null())
    told = settled.select(*_KEY, "currency", "due", amount=pl.col("amount") - pl.col("open"))
    return (
        pl.concat([seen, told])
        .filter(pl.col("amount") > 0)
        .join(paid_on, on=_KEY, how="left", maintain_order="left")
        .with_columns(
            presumed=pl.col("paid_on").is_null().cast(pl.Int32), paid_on=pl.col("paid_on").fill_null(as_of)
        )
        .with_columns(days_late=(pl.col("paid_on") - pl.col("due")).dt.total_days().cast(pl.Int32))
    )


def store(
    conn: Connection,
    before: pl.DataFrame,
    rows: pl.DataFrame,
    change: Comparison,
    *,
    file: int,
    as_of: date,
    company: str = COMPANY,
) -> None:
    """Write what a ledger says: items, payments, customers that were not known, exchange rates."""
    columns = ("company", *_KEY, *_KEPT, "first_file", "last_file")
    values = [(company, *row, file, file) for row in rows.select(*_KEY, *_KEPT).iter_rows()]
    fresh = (*_KEPT, "last_file", "vanished_on")
    bulk.upsert(conn, item, columns, values, key=("company", *_KEY), update=fresh)
    _forget_gone(conn, change.vanished, as_of, company)
    names = ("account", "item", "amount", "currency", "paid_on", "days_late", "presumed")
    paid = payments(before, rows, change, as_of).select(names)
    bulk.insert(
        conn, payment, ("company", "file", *names), [(company, file, *row) for row in paid.iter_rows()]
    )
    _take_back(conn, change.reappeared.join(before, on=_KEY), company)
    _store_rates(conn, rows, as_of, company)


def store_names(conn: Connection, named: pl.DataFrame, company: str = COMPANY) -> int:
    """Customers that a ledger names and nobody else did, with what it says of them. How many they are."""
    query = sa.select(customer.c.account).where(customer.c.company == company)
    there = set(conn.execute(query.where(among(conn, customer.c.account, set(named["account"])))).scalars())
    rows = [
        row
        for row in named.unique("account", maintain_order=True).iter_rows(named=True)
        if row["account"] not in there
    ]
    bulk.insert(
        conn,
        customer,
        ("company", "account", "name"),
        [(company, row["account"], row["name"] or "") for row in rows],
    )
    contacts = [
        (
            company,
            row["account"],
            "accounts payable",
            row["contact"] or "",
            row["email"],
            row["phone"],
            int(bool(row["email"])),
        )
        for row in rows
        if row.get("email") or row.get("phone") or row.get("contact")
    ]
    bulk.insert(conn, contact, ("company", "account", "role", "name", "email", "phone", "email_ok"), contacts)
    return len(rows)


def _forget_gone(conn: Connection, vanished: pl.DataFrame, as_of: date, company: str) -> None:
    gone = [
        {"gone_account": account, "gone_item": name} for account, name in vanished.select(_KEY).iter_rows()
    ]
    if gone:
        theirs = (
            item.c.company == company,
            item.c.account == sa.bindparam("gone_account"),
            item.c.item == sa.bindparam("gone_item"),
        )
        conn.execute(sa.update(item).where(*theirs).values(open=0, vanished_on=as_of), gone)


def _take_back(conn: Connection, reappeared: pl.DataFrame, company: str) -> None:
    """What was presumed paid because it vanished was not."""
    for account, name, vanished in reappeared.select(*_KEY, "vanished_on").iter_rows():
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


def _store_rates(conn: Connection, rows: pl.DataFrame, as_of: date, company: str) -> None:
    named = rows.filter(pl.col("rate").is_not_null()).group_by("currency").agg(pl.col("rate").last())
    values = [(company, code, as_of, value) for code, value in named.iter_rows()]
    bulk.upsert(
        conn,
        rate,
        ("company", "currency", "on", "rate"),
        values,
        key=("company", "currency", "on"),
        update=("rate",),
    )
