"""What has happened with an account, in its order; and what is on the lists of people today."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.core.language.policy import Kind
from engine.errors import NotFound
from engine.store import tables as t
from engine.store.happened import CHAPTERS, KINDS, Happened, money
from engine.store.tables import COMPANY, UNDER_WAY, ActionState

__all__ = ["Happened", "Work", "history", "kinds_named", "money", "worklist"]


@dataclass(frozen=True, slots=True)
class Work:
    """One thing for a person to do: a call, a task, an approval, an address to find, an uncertain message.

    `amount` is minor units. `tries` counts calls that reached nobody. A step that waits for approval is one thing,
    however many its actions, and `role` is who must approve it.
    """

    key: str
    account: str
    name: str
    kind: str
    step: str
    state: str
    role: str
    person: str | None
    since: date
    amount: int
    currency: str
    tries: int
    detail: dict[str, Any]


_FOR_PEOPLE = (
    ActionState.AWAITING_APPROVAL,
    ActionState.HELD_ADDRESS,
    ActionState.UNCERTAIN,
    ActionState.PUT_BACK,
)


def history(
    conn: Connection,
    account: str,
    company: str = COMPANY,
    *,
    since: date | None = None,
    until: date | None = None,
    kinds: Collection[str] = (),
) -> list[Happened]:
    """Everything about an account, the oldest first; only from a day on, through a day, or of some kinds."""
    found = [
        line
        for chapter in CHAPTERS
        for line in chapter(conn, account, company)
        if (since is None or line.on >= since)
        and (until is None or line.on <= until)
        and (not kinds or line.kind in kinds)
    ]
    return sorted(found, key=lambda line: line.on)


def kinds_named(wanted: Collection[str]) -> frozenset[str]:
    """Kinds of lines as a person names them. NotFound, with what may have been meant, for one that no line has."""
    known = (*KINDS, *(kind.value for kind in Kind))
    found = frozenset(" ".join(one.lower().replace("_", " ").split()) for one in wanted)
    for one in sorted(found - set(known)):
        raise NotFound("kind of event", one, tuple(get_close_matches(one, known, 3)) or known[:3])
    return found


def worklist(conn: Connection, on: date, company: str = COMPANY, person: str | None = None) -> list[Work]:
    """What people have to do on a day, the highest amount first; of one person, or of all."""
    planned = sa.and_(t.action.c.state == ActionState.PLANNED.value, t.action.c.kind.in_(["call", "task"]))
    query = (
        sa.select(t.action, t.customer.c.name)
        .join_from(
            t.action,
            t.customer,
            sa.and_(t.customer.c.company == t.action.c.company, t.customer.c.account == t.action.c.account),
            isouter=True,
        )
        .where(
            t.action.c.company == company,
            sa.text(f"action.{UNDER_WAY}"),
            sa.or_(planned, t.action.c.state.in_([state.value for state in _FOR_PEOPLE])),
            sa.or_(t.action.c.not_before.is_(None), t.action.c.not_before <= on),
        )
        .order_by(t.action.c.amount.desc(), t.action.c.key)
    )
    if person is not None:
        query = query.where(t.action.c.person == person)
    work: list[Work] = []
    steps: set[tuple[Any, ...]] = set()
    for row in conn.execute(query):
        asks = row.state == ActionState.AWAITING_APPROVAL.value
        step = (row.account, row.episode, row.policy, row.step, row.item, row.occurrence)
        if asks and step in steps:
            continue
        if asks:
            steps.add(step)
        detail = orjson.loads(row.detail)
        work.append(
            Work(
                key=row.key,
                account=row.account,
                name=row.name or row.account,
                kind=row.kind,
                step=row.step,
                state=row.state,
                role=detail.get("approve") or row.role if asks else row.role,
                person=None if asks else row.person,
                since=row.since,
                amount=row.amount,
                currency=row.currency,
                tries=row.attempts,
                detail=detail,
            )
        )
    return work
