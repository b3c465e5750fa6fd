"""When a step counts as taken: then every item it covered is marked, and never offered the step again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.errors import NotFound
from engine.store import bulk, restrictions
from engine.store.moments import moment_text
from engine.store.tables import ActionState, action, mark

TAKEN, PASSED = "taken", "passed over"


def take(conn: Connection, key: str, at: datetime, on: date | None = None) -> None:
    """An action has been taken: a message sent, an effect requested, a call's outcome logged.

    Writes the day and the moment and, once, the marks in the action's detail: `marks` as taken, `passed` as
    passed over; of terms and a hold also what the account is on from then. The state is the caller's to write. `on`
    is the customer's day; without it the UTC day of `at`. Doing it twice changes nothing.
    """
    found = conn.execute(sa.select(action).where(action.c.key == key)).mappings().first()
    if found is None:
        raise NotFound("action", key)
    day = on or at.date()
    conn.execute(
        sa.update(action)
        .where(action.c.key == key, action.c.taken_on.is_(None))
        .values(taken_on=day, taken_at=moment_text(at))
    )
    add(conn, rows(found, day, TAKEN))
    if found["taken_on"] is None:
        restrictions.requested(conn, [found], day, at)


def take_all(conn: Connection, keys: Sequence[str], at: datetime, on: date | None = None) -> None:
    """As `take`, for many actions with a few statements."""
    day = on or at.date()
    taken = {"of_keys": list(keys), "to_day": day, "to_at": moment_text(at)}
    found = conn.execute(_TAKE, taken).mappings().all()
    before: Sequence[Any] = []
    if left := set(keys) - {row["key"] for row in found}:  # taken before, or there is none
        before = conn.execute(sa.select(*_MARKING).where(action.c.key.in_(left))).mappings().all()
        if missing := left - {row["key"] for row in before}:
            raise NotFound("action", min(missing))
    add(conn, [one for row in (*found, *before) for one in rows(row, day, TAKEN)])
    restrictions.requested(conn, found, day, at)


# What marks and restrictions are made of.
_MARKING = [
    action.c[name] for name in ("key", "company", "account", "episode", "policy", "event", "kind", "detail")
]
_TAKE = (
    sa.update(action)
    .where(action.c.key.in_(sa.bindparam("of_keys", expanding=True)), action.c.taken_on.is_(None))
    .values(taken_on=sa.bindparam("to_day"), taken_at=sa.bindparam("to_at"))
    .returning(*_MARKING)
)


def pass_over(conn: Connection, key: str, on: date, reason: str) -> None:
    """A held or unmade step gives way to a higher one: it is not asked again, and says why."""
    found = conn.execute(sa.select(action).where(action.c.key == key)).mappings().first()
    if found is None:
        raise NotFound("action", key)
    conn.execute(
        sa.update(action)
        .where(action.c.key == key)
        .values(state=ActionState.PASSED_OVER.value, reason=reason, since=on)
    )
    add(conn, rows(found, on, PASSED))


def rows(found: Any, on: date, how: str) -> list[dict[str, Any]]:
    """The marks that an action's detail asks for; `found` is a row of the table `action`."""
    detail = orjson.loads(found["detail"] or b"{}")
    event = found["event"]
    same = {
        "company": found["company"],
        "account": found["account"],
        "episode": found["episode"],
        "policy": found["policy"],
        "event": event.isoformat() if isinstance(event, date) else event or "",
        "on": on,
        "action": found["key"],
    }
    passed = [{**same, "item": item, "step": step, "how": PASSED} for item, step in detail.get("passed", [])]
    return [
        {**same, "item": item, "step": step, "how": how} for item, step in detail.get("marks", [])
    ] + passed


def add(conn: Connection, marks: Iterable[dict[str, Any]]) -> None:
    """Write marks; one that is there already stays as it is."""
    listed = list(marks)
    if not listed:
        return
    conn.execute(bulk.inserting(conn, mark).on_conflict_do_nothing(), listed)
