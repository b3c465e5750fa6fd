"""Invoices that a customer contests."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from engine.errors import Refused
from engine.jobs.cases.who import Made, Who, known, number_of, verb
from engine.store import asked
from engine.store import tables as t
from engine.store.journal import Entry


def open_dispute(engine: Engine, account: str, item: str, reason: str, who: Who) -> str:
    """The customer disputes an item: its steps wait from now on."""
    with verb(engine, account, who) as (conn, entries):
        made = disputed(conn, account, item, reason, who)
        entries += made.entries
        return made.sentence


def disputed(
    conn: Connection,
    account: str,
    item: str,
    reason: str,
    who: Who,
    *,
    amount: int | None = None,
    owner: str = "",
    person: str | None = None,
    answer_by: date | None = None,
    said: str = "",
    expected: str = "",
    call: int | None = None,
) -> Made:
    """As `open_dispute`, in a transaction that is open already. `amount` is what is contested, minor units; None: all."""
    known("open item", item, _open_items(conn, account, who.company), of=account)
    if _running_dispute(conn, account, item, who.company) is not None:
        raise Refused(f"{item} of {account} is disputed already")
    made = conn.execute(
        sa.insert(t.dispute).values(
            company=who.company,
            account=account,
            item=item,
            reason=reason,
            opened=who.on,
            opened_by=who.by,
            amount=amount,
            owner=owner or None,
            person=person,
            answer_by=answer_by,
            said=said,
            expected=expected or None,
            call=call,
        )
    )
    body = {"item": item, "by": who.by, "on": who.on}
    told = {"reason": reason, "said": said} if said else {"reason": reason}
    entries = [Entry("dispute opened", account, body, told)]
    entries += asked.renew(conn, who.on, who.company, account)[1]
    sentence = f"{item} of {account} is disputed; its steps wait until the dispute is closed."
    return Made(number_of(made), sentence, entries)


def close_dispute(engine: Engine, account: str, item: str, who: Who, *, closed_for: str) -> str:
    """A dispute is settled for the `customer` (the days it took are taken off the item's day) or for `us`."""
    with verb(engine, account, who) as (conn, entries):
        known("side", closed_for, ("customer", "us"))
        number = _running_dispute(conn, account, item, who.company)
        if number is None:
            raise Refused(f"{item} of {account} is not disputed")
        change = {"closed": who.on, "closed_for": closed_for, "closed_by": who.by}
        conn.execute(sa.update(t.dispute).where(t.dispute.c.id == number).values(**change))
        entries.append(
            Entry("dispute closed", account, {"item": item, "by": who.by, "on": who.on, "for": closed_for})
        )
        return (
            f"The dispute of {item} of {account} is closed for {closed_for}; its steps go on from tomorrow."
        )


def _running_dispute(conn: Connection, account: str, item: str, company: str) -> int | None:
    query = sa.select(t.dispute.c.id).where(
        t.dispute.c.company == company,
        t.dispute.c.account == account,
        t.dispute.c.item == item,
        t.dispute.c.closed.is_(None),
    )
    found: int | None = conn.execute(query).scalar()
    return found


def _open_items(conn: Connection, account: str, company: str) -> list[str]:
    query = sa.select(t.item.c.item).where(
        t.item.c.company == company, t.item.c.account == account, t.item.c.open != 0
    )
    return [name for (name,) in conn.execute(query)]
