"""Who says so and when; one change of one account, written down with its author."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from engine.errors import NotFound, Refused
from engine.store import journal
from engine.store import tables as t
from engine.store.database import writing
from engine.store.journal import Entry
from engine.store.tables import COMPANY, ActionState


@dataclass(frozen=True, slots=True)
class Who:
    """Who says so, when, and in which company. `on` is the customer's day of it.

    `roles` are the author's own; None where the house keeps no people, and nobody can ask for a role.
    """

    by: str
    at: datetime
    on: date
    company: str = COMPANY
    roles: frozenset[str] | None = None

    def may(self, role: str) -> bool:
        """Whether the author may do what a role may. `role` may also be a person."""
        return self.roles is None or role in self.roles or role == self.by


@dataclass(frozen=True, slots=True)
class Made:
    """What a change within an open transaction made: its number, a sentence, and what to put in the journal."""

    number: int
    sentence: str
    entries: list[Entry]


@contextmanager
def verb(engine: Engine, account: str, who: Who) -> Iterator[tuple[Connection, list[Entry]]]:
    """One transaction of a known account; what the verb lists goes into the journal with it."""
    entries: list[Entry] = []
    with writing(engine) as conn:
        must_know(conn, account, who.company)
        yield conn, entries
        journal.append(conn, entries, who.at, who.company)


def must_be(who: Who, role: str, to: str = "agree to this") -> None:
    """Refused to who has not the role (or is not the person) that is needed."""
    if not who.may(role):
        raise Refused(
            f"{who.by} is no {role}, and only {'an' if role[:1] in 'aeiou' else 'a'} {role} may {to}",
            "let one say so, with  --by NAME;  roles stand under [people] in dunwell.toml",
        )


def must_know(conn: Connection, account: str, company: str = COMPANY) -> None:
    """NotFound, with what may have been meant, for an account that no ledger and no master has."""
    for table in (t.customer, t.item):
        there = sa.select(table.c.account).where(table.c.company == company, table.c.account == account)
        if conn.execute(there.limit(1)).first() is not None:
            return
    names = [
        name
        for (name,) in conn.execute(sa.select(t.customer.c.account).where(t.customer.c.company == company))
    ]
    raise NotFound("account", account, near(account, names))


def known(kind: str, wanted: str, known: Sequence[str], of: str = "") -> None:
    if wanted not in known:
        raise NotFound(kind, wanted, near(wanted, known), of)


def near(wanted: str, known: Sequence[str]) -> tuple[str, ...]:
    lower = {name.lower(): name for name in known}
    return tuple(lower[name] for name in get_close_matches(wanted.lower(), list(lower), n=2, cutoff=0.6))


def change_action(
    conn: Connection, key: str, state: ActionState, reason: str | None, who: Who, **more: Any
) -> None:
    values = {"state": state.value, "reason": reason, "since": who.on, **more}
    conn.execute(sa.update(t.action).where(t.action.c.key == key).values(**values))


def number_of(made: sa.CursorResult[Any]) -> int:
    """The number that the database gave a new row."""
    key = made.inserted_primary_key
    assert key is not None
    return int(key[0])


def day_of(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b %Y}"
