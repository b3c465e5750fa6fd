"""Messages as people look for them: the newest first, with the names of accounts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.store.outbox import FIELDS, Row, made, of_company
from engine.store.tables import COMPANY, action, customer, outbox


@dataclass(frozen=True, slots=True)
class Listed:
    """A message as a list shows it, with its account's name and what it is about, minor units."""

    row: Row
    name: str
    amount: int
    currency: str
    edited: bool


def searched(
    conn: Connection,
    states: Sequence[str] = (),
    said: str = "",
    most: int = 100,
    key: str = "",
    company: str = COMPANY,
) -> list[Listed]:
    """The newest messages first: in some states, and with some words in account, name or step; or the one of a key."""
    name = sa.func.coalesce(sa.func.nullif(customer.c.name, ""), action.c.account).label("shown")
    of = sa.and_(customer.c.company == action.c.company, customer.c.account == action.c.account)
    query = (
        sa.select(*FIELDS, name, action.c.amount, action.c.currency, action.c.detail)
        .join_from(outbox, action, action.c.key == outbox.c.action)
        .join(customer, of, isouter=True)
        .where(of_company == company)
        .order_by(outbox.c.id.desc())
        .limit(most)
    )
    if key:
        query = query.where(outbox.c.action == key)
    if states:
        query = query.where(outbox.c.state.in_(list(states)))
    for word in said.lower().split():
        inside = f"%{word.replace('!', '!!').replace('%', '!%').replace('_', '!_')}%"
        fits = [
            sa.func.lower(column).like(inside, escape="!")
            for column in (name.element, action.c.step, action.c.account)
        ]
        query = query.where(sa.or_(*fits))
    found = []
    for one in conn.execute(query):
        told = dict(one._mapping)
        more = {each: told.pop(each) for each in ("shown", "amount", "currency", "detail")}
        edited = '"edited"' in more["detail"]
        found.append(Listed(made(told), more["shown"], more["amount"], more["currency"], edited))
    return found
