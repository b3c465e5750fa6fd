"""Interest and lump sums in the database: what was charged, and what an account's items are that could be."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.core.cases.late_money import INTEREST, LUMP_SUM, Contest, Line, Owing, Whom
from engine.core.netting import net
from engine.store import bulk
from engine.store import tables as t
from engine.store.queries import Ask
from engine.store.state import open_items
from engine.store.tables import COMPANY

_KINDS = ("invoice", "debit_note")


@dataclass(frozen=True, slots=True)
class Charged:
    """One charge as it was made. Minor units of `currency`; the days of interest are both included."""

    id: int
    item: str
    pack: str
    kind: str
    amount: int
    currency: str
    first: date
    last: date
    calculation: Mapping[str, Any]
    on: date
    by: str
    action: str | None
    waived_on: date | None
    waived_by: str | None
    because: str


def whom(conn: Connection, account: str, company: str = COMPANY) -> Whom:
    """What law asks of a customer; nothing where no master knows it."""
    c = t.customer.c
    query = sa.select(c.country, c.natural_person, c.legal_form).where(
        c.company == company, c.account == account
    )
    row = conn.execute(query).first()
    return Whom(row.country or "", bool(row.natural_person), row.legal_form or "") if row else Whom()


def owing(
    conn: Connection, account: str, on: date, company: str = COMPANY, named: Sequence[str] = ()
) -> list[Owing]:
    """The open items of an account, after credits, the oldest due first; `named` are taken in though they are settled."""
    items = net(open_items(Ask.of(conn, company, on, (account,)), ""), "account")
    open_ = {row["item"]: row for row in items.iter_rows(named=True)}
    i = t.item.c
    query = sa.select(i.item, i.due, i.currency).where(
        i.company == company, i.account == account, i.kind.in_(_KINDS), i.item.in_([*open_, *named])
    )
    payments, contests = _payments(conn, account, company), _contests(conn, account, company)
    found = []
    for row in conn.execute(query.order_by(i.due, i.item)):
        now = open_.get(row.item)
        found.append(
            Owing(
                item=row.item,
                due=row.due,
                owed=max(now["owed"], 0) if now else 0,
                currency=row.currency,
                payments=tuple(payments.get((row.item, row.currency), ())),
                contests=tuple(contests.get(row.item, ())),
                aside=(now["aside"] or "") if now else "",
            )
        )
    return found


def _payments(conn: Connection, account: str, company: str) -> dict[tuple[str, str], list[tuple[date, int]]]:
    p = t.payment.c
    query = sa.select(p.item, p.currency, p.paid_on, p.amount).where(
        p.company == company, p.account == account, p.item.is_not(None), p.reversed == 0
    )
    found: dict[tuple[str, str], list[tuple[date, int]]] = {}
    for row in conn.execute(query.order_by(p.paid_on, p.id)):
        found.setdefault((row.item, row.currency), []).append((row.paid_on, row.amount))
    return found


def _contests(conn: Connection, account: str, company: str) -> dict[str, list[Contest]]:
    d = t.dispute.c
    query = sa.select(d.item, d.opened, d.closed, d.closed_for, d.amount).where(
        d.company == company, d.account == account
    )
    found: dict[str, list[Contest]] = {}
    for row in conn.execute(query.order_by(d.opened, d.id)):
        found.setdefault(row.item, []).append(Contest(row.opened, row.closed, row.closed_for, row.amount))
    return found


def charged(
    conn: Connection, account: str, company: str = COMPANY, *, items: Sequence[str] | None = None
) -> list[Charged]:
    """What an account was charged, waived or not, the oldest first; only for some items."""
    c = t.charge.c
    query = sa.select(t.charge).where(c.company == company, c.account == account)
    if items is not None:
        query = query.where(c.item.in_(list(items)))
    return [
        Charged(
            row.id, row.item, row.pack, row.kind, row.amount, row.currency, row.from_day, row.to_day,
            bulk.read_json(row.calculation), row.on, row.by, row.action, row.waived_on, row.waived_by, row.because,
        )
        for row in conn.execute(query.order_by(c.on, c.id))
    ]  # fmt: skip


def through(before: Sequence[Charged], item: str) -> tuple[date | None, bool]:
    """The last day of interest that an item was charged, and whether its lump sum was; waived ones count."""
    days = [one.last for one in before if one.item == item and one.kind == INTEREST]
    return max(days, default=None), any(one.item == item and one.kind == LUMP_SUM for one in before)


def add(
    conn: Connection, account: str, line: Line, *, on: date, at: str, by: str, company: str = COMPANY
) -> int:
    """Write down a charge; its number. IntegrityError where it was charged before."""
    made = conn.execute(
        sa.insert(t.charge).values(
            company=company,
            account=account,
            item=line.item,
            pack=line.pack,
            kind=line.kind,
            amount=line.amount,
            currency=line.currency,
            from_day=line.first,
            to_day=line.last,
            calculation=bulk.write_json(line.calculation),
            on=on,
            at=at,
            by=by,
        )
    )
    key = made.inserted_primary_key
    assert key is not None
    return int(key[0])


def shown(conn: Connection, account: str, items: Sequence[str], company: str = COMPANY) -> list[Charged]:
    """The charges that a message about these items shows: those that nobody has waived."""
    return [one for one in charged(conn, account, company, items=items) if one.waived_on is None]


def told(conn: Connection, sent: Sequence[tuple[str, str]], showing: Container[str]) -> None:
    """Messages (account, key of the action) have gone out: the charges they showed were told to the customer by them.

    `showing` are the templates that show charges. The first message that did so is kept.
    """
    c = t.charge.c
    new = (c.company == COMPANY, c.action.is_(None), c.waived_on.is_(None))
    with_new = sa.select(c.account).where(*new, c.account.in_(sorted({account for account, _ in sent})))
    accounts = set(conn.execute(with_new.distinct()).scalars())
    for account, key in sent if accounts else ():
        if account not in accounts:
            continue
        row = conn.execute(sa.select(t.action.c.detail).where(t.action.c.key == key)).scalar_one()
        detail = bulk.read_json(row)
        if detail.get("template") in showing:
            items = [number for number, _ in detail.get("items", ())]
            mine = sa.update(t.charge).where(*new, c.account == account, c.item.in_(items))
            conn.execute(mine.values(action=key))
