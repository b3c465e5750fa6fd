"""Who is named in what is kept of an account: contacts of the master, and whoever was spoken with."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.core.people import Person, nobody, same_name
from engine.errors import NotFound
from engine.store import tables as t
from engine.store.tables import COMPANY

OURS = "account owner"  # the role of a contact who is one of us


def persons(conn: Connection, account: str, company: str = COMPANY) -> list[Person]:
    """Everybody at the customer whose name is kept, each once, with all the addresses and numbers kept beside it."""
    ways: dict[str, set[str]] = {}
    for name, *theirs in _named(conn, account, company):
        if not name or nobody(name):
            continue
        known = next((one for one in ways if same_name(one, name)), name)
        ways.setdefault(known, set()).update(way for way in theirs if way)
    others = _others(conn, account, company)
    return [Person(name, tuple(sorted(found)), others) for name, found in ways.items()]


def person(conn: Connection, account: str, name: str, company: str = COMPANY) -> Person:
    """The person of that name. NotFound, with who may have been meant."""
    known = persons(conn, account, company)
    for one in known:
        if same_name(one.name, name):
            return one
    names = {one.name.lower(): one.name for one in known}
    near = get_close_matches(name.lower(), list(names), 3, 0.4)
    raise NotFound("person", name, tuple(names[one] for one in near), account)


def _named(conn: Connection, account: str, company: str) -> Iterator[tuple[str | None, ...]]:
    """(name, address or number, …) wherever one is kept."""
    for table, columns in (
        (t.contact, ("name", "email", "phone")),
        (t.call, ("spoken_with", "number")),
        (t.promise, ("spoken_with",)),
        (t.plan, ("spoken_with",)),
    ):
        query = sa.select(*(table.c[column] for column in columns))
        mine = [table.c.company == company, table.c.account == account]
        if table is t.contact:
            mine.append(table.c.role != OURS)
        for row in conn.execute(query.where(*mine).order_by(table.c.id)):
            yield tuple(row)
    rule = t.contact_rule
    query = sa.select(rule.c.whom).where(rule.c.company == company, rule.c.account == account)
    for (whom,) in conn.execute(query.order_by(rule.c.id)):
        if "@" not in whom and not re.search(r"\d", whom):
            yield (whom,)


def _others(conn: Connection, account: str, company: str) -> frozenset[str]:
    """The words of the company's own name and number."""
    query = sa.select(t.customer.c.name).where(
        t.customer.c.company == company, t.customer.c.account == account
    )
    name: str = conn.execute(query).scalar() or ""
    return frozenset(word.lower() for word in re.findall(r"\w+", f"{account} {name}"))
