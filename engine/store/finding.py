"""Accounts found by what somebody knows of them: a number, a name, an invoice, an order, a person, a telephone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.store import tables as t
from engine.store.tables import COMPANY


@dataclass(frozen=True, slots=True)
class Found:
    """An account, and by what it was found; `amounts` is what is overdue in each currency, minor units."""

    account: str
    name: str
    by: str = ""
    amounts: tuple[tuple[str, int], ...] = ()


def accounts(conn: Connection, said: str, limit: int = 50, company: str = COMPANY) -> list[Found]:
    """Those that fit, the surest first: the account itself, an item or order of that number, then names and people."""
    word = " ".join(said.lower().split())
    if not word:
        return []
    plain = word.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
    c, i, k = t.customer.c, t.item.c, t.contact.c
    inside, begins = f"%{plain}%", f"{plain}%"
    found: dict[str, str] = {}

    def take(query: sa.Select[Any], fits: Any, by: str) -> None:
        for row in conn.execute(query.where(fits).order_by(query.selected_columns[0]).limit(limit)):
            found.setdefault(row[0], f"{by} {row[1]}".strip())

    def of(table: sa.FromClause, what: sa.ColumnElement[str]) -> sa.Select[Any]:
        return sa.select(table.c.account, what).where(table.c.company == company).distinct()

    nothing = sa.literal("")
    written = {" ".join(said.split()), word, word.upper()}
    take(of(t.customer, nothing), c.account.in_(written), "")
    take(of(t.item, nothing), i.account.in_(written), "")
    if found:
        return _named(conn, list(found.items()), company)
    take(of(t.customer, nothing), sa.func.lower(c.account).like(begins, escape="\\"), "")
    take(of(t.customer, nothing), sa.func.lower(c.name).like(inside, escape="\\"), "")
    if len(found) < limit:
        number = sa.case((sa.func.lower(i.item) == word, "invoice " + i.item), else_="order " + i.po)
        take(of(t.item, number), sa.or_(sa.func.lower(i.item) == word, sa.func.lower(i.po) == word), "")
    if not found:
        name, email = sa.func.lower(k.name), sa.func.lower(k.email)
        here = sa.case((name.like(inside, escape="\\"), k.name), else_=k.email)
        fits = sa.or_(name.like(inside, escape="\\"), email.like(inside, escape="\\"))
        take(of(t.contact, here), fits, "contact")
    digits = "".join(mark for mark in word if mark.isdigit())
    if not found and len(digits) >= 5 and digits == word.translate(str.maketrans("", "", "+ ()-./")):
        bare: sa.ColumnElement[str] = k.phone
        for mark in "+ ()-./":
            bare = sa.func.replace(bare, mark, "")
        take(of(t.contact, k.phone), bare.like(f"%{digits}"), "telephone")
    return _named(conn, list(found.items())[:limit], company)


def largest(conn: Connection, on: date, limit: int = 50, company: str = COMPANY) -> list[Found]:
    """The accounts that owe most of what is past due, as the ledger has it."""
    i = t.item.c
    total = sa.func.sum(i.open).label("total")
    query = (
        sa.select(i.account, total)
        .where(i.company == company, i.open > 0, i.due < on)
        .group_by(i.account)
        .order_by(total.desc(), i.account)
        .limit(limit)
    )
    names = [(account, "") for account, _ in conn.execute(query)]
    past = sa.select(i.account, i.currency, sa.func.sum(i.open)).where(
        i.company == company, i.open > 0, i.due < on, i.account.in_([name for name, _ in names])
    )
    sums: dict[str, list[tuple[str, int]]] = {}
    for account, currency, amount in conn.execute(past.group_by(i.account, i.currency).order_by(i.currency)):
        sums.setdefault(account, []).append((currency, int(amount)))
    return [
        Found(one.account, one.name, one.by, tuple(sums.get(one.account, ())))
        for one in _named(conn, names, company)
    ]


def _named(conn: Connection, found: list[tuple[str, str]], company: str) -> list[Found]:
    wanted = [account for account, _ in found]
    query = sa.select(t.customer.c.account, t.customer.c.name).where(
        t.customer.c.company == company, t.customer.c.account.in_(wanted)
    )
    names = {row.account: row.name for row in conn.execute(query)}
    return [Found(account, names.get(account) or account, by) for account, by in found]
