"""A promise was broken: whoever gave it on the phone is called again, by the same person of ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.core.language.follows import Outcome
from engine.core.language.policy import Kind
from engine.jobs.cases import known, ours
from engine.jobs.cases.todo import Todo, put
from engine.jobs.cases.who import Who
from engine.jobs.workspace import Workspace
from engine.store import tables as t
from engine.store.journal import Entry
from engine.store.tables import OUTCOMES, UNDONE, ActionState

STEP = "call same person"
_BROKEN = ("broken", "partly kept")
_TO_MAKE = (ActionState.PLANNED.value, ActionState.PUT_BACK.value)
_LATELY = timedelta(days=30)


def follow_up(ws: Workspace, conn: Connection, who: Who) -> list[Entry]:
    """Calls for promises that were given on the phone and are broken, once each. What to put in the journal.

    Where the account has a call since then, as by a ladder, that one asks for the same person, and no other is made.
    """
    entries = []
    for promise, call in _broken(conn, who):
        outcome = ws.live.outcomes.get(call.outcome)
        if outcome is None or not _waits_for_it(outcome):
            continue
        told: dict[str, Any] = {"call": call.id, "promise": promise.id, "ask_for": call.spoken_with}
        told |= {"number": call.number} if call.number else {}
        since = _calls_since(conn, promise, who)
        if since:
            entries += [_asks_for(conn, row, told) for row in since if _nobody_named(row)]
            continue
        it = known.account(ws, conn, promise.account, who)
        if it.left_alone or it.no_calls or it.barred(call.spoken_with, call.number or "") or not it.open:
            continue
        about, person = it.about(), ours.person_of(ws, call.by)
        role = ours.role_of(ws, person)
        todo = Todo(
            *(promise.account, Kind.CALL, STEP, promise.id, role, about.amount, about.currency),
            person=person,
            policy=OUTCOMES,
            not_before=it.clock.from_day(who.on).day,
            detail={**told, "items": about.items},
        )
        entries.append(put(conn, todo, who)[1])
    return entries


def _broken(conn: Connection, who: Who) -> list[tuple[Any, Any]]:
    """Promises broken lately after which the account gave no other, each with the call in which it was given."""
    p, later = t.promise.c, t.promise.alias("later")
    another = (
        sa.select(later.c.id)
        .where(later.c.company == p.company, later.c.account == p.account, later.c.id > p.id)
        .where(
            later.c.state != "withdrawn", later.c.plan.is_(None) | p.plan.is_(None) | (later.c.plan != p.plan)
        )
        .exists()
    )
    query = (
        sa.select(p.id, p.account, p.settled_on, p.call)
        .where(p.company == who.company, p.state.in_(_BROKEN), p.call.is_not(None), ~another)
        .where(p.settled_on <= who.on, p.settled_on > who.on - _LATELY)
        .order_by(p.id)
    )
    promises = conn.execute(query).all()
    numbers = [row.call for row in promises]
    calls = {row.id: row for row in conn.execute(sa.select(t.call).where(t.call.c.id.in_(numbers)))}
    return [(row, calls[row.call]) for row in promises if row.call in calls and calls[row.call].spoken_with]


def _waits_for_it(outcome: Outcome) -> bool:
    call = outcome.follow.call
    window = outcome.promise is not None and outcome.promise.most > 0  # its call is on the list already
    return call is not None and call.same_person and call.after is None and not window


def _calls_since(conn: Connection, promise: Any, who: Who) -> Sequence[Any]:
    """Calls of the account that were asked for since the promise was broken, or still are to be made."""
    a = t.action.c
    mine = (a.company == who.company, a.account == promise.account, a.kind == Kind.CALL.value)
    kept = a.state.not_in([state.value for state in UNDONE])
    query = sa.select(t.action).where(*mine, kept, sa.or_(a.on >= promise.settled_on, a.state.in_(_TO_MAKE)))
    return conn.execute(query.order_by(a.key)).all()


def _nobody_named(row: Any) -> bool:
    return row.state in _TO_MAKE and "ask_for" not in orjson.loads(row.detail)


def _asks_for(conn: Connection, row: Any, told: Mapping[str, Any]) -> Entry:
    # It belongs to its ladder: only whom to ask for is added.
    named = {name: value for name, value in told.items() if name in ("ask_for", "number")}
    change = sa.update(t.action).where(t.action.c.key == row.key)
    conn.execute(change.values(detail=orjson.dumps({**orjson.loads(row.detail), **named}).decode()))
    return Entry(
        "asks for", row.account, {"key": row.key, "promise": told["promise"]}, {"who": told["ask_for"]}
    )
