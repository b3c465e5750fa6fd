"""Something to be done that no step of a policy asked for: a call, a task, or a message that goes out by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.core.language.policy import Kind
from engine.jobs.cases.who import Who
from engine.store import database
from engine.store import tables as t
from engine.store.journal import Entry
from engine.store.moments import moment_text
from engine.store.outbox import PENDING
from engine.store.runs import action_key
from engine.store.tables import NO_EPISODE, ActionState


@dataclass(frozen=True, slots=True)
class Todo:
    """One thing to be done. `step` is its name and `number` tells it from others of that name.

    `amount` is what it is about, minor units. It is not before a day (the customer's) and, where that is said, a moment.
    `courtesy`: a message that demands nothing, so that it counts as no contact. `said` are words of people.
    """

    account: str
    kind: Kind
    step: str
    number: int
    role: str
    amount: int
    currency: str
    person: str | None = None
    policy: str = ""
    not_before: date | None = None
    at: datetime | None = None
    state: ActionState = ActionState.PLANNED
    courtesy: bool = False
    tone: int = 0
    detail: Mapping[str, Any] = field(default_factory=dict)
    said: Mapping[str, str] = field(default_factory=dict)


def put(conn: Connection, todo: Todo, who: Who) -> tuple[str, Entry]:
    """Put it on its list, or into the outbox. Its key, and the entry for the journal.

    It is of no episode: the end of one, by a payment, ends no such thing, and no decision counts it as a step. What it lists
    as items is kept to what is owed.
    """
    key = action_key(
        todo.account,
        NO_EPISODE,
        todo.step,
        "",
        todo.number,
        todo.kind.value,
        todo.role,
        company=database.company(conn),
    )
    conn.execute(
        sa.insert(t.action).values(
            key=key,
            company=who.company,
            account=todo.account,
            episode=NO_EPISODE,
            policy=todo.policy,
            step=todo.step,
            item="",
            occurrence=todo.number,
            kind=todo.kind.value,
            role=todo.role,
            day=-1 if todo.courtesy else 0,
            tone=todo.tone,
            state=todo.state.value,
            on=who.on,
            since=who.on,
            not_before=todo.not_before,
            not_before_at=moment_text(todo.at) if todo.at else None,
            amount=todo.amount,
            currency=todo.currency,
            person=todo.person,
            detail=orjson.dumps(dict(todo.detail)).decode(),
        )
    )
    if todo.kind is Kind.EMAIL:
        at = moment_text(todo.at) if todo.at else None
        message = {"action": key, "channel": "email", "state": PENDING, "payload": "{}", "not_before": at}
        conn.execute(sa.insert(t.outbox).values(**message))
    body = {"key": key, "kind": todo.kind.value, "state": todo.state.value, "by": who.by}
    return key, Entry("action", todo.account, body, dict(todo.said))
