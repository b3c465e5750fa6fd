"""Taking into the database what it does not know of: messages that went out before an older copy was put back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.store import marks
from engine.store.evidence import Trace
from engine.store.journal import Entry, append
from engine.store.moments import moment_text
from engine.store.outbox import SENT, UNCERTAIN
from engine.store.tables import action, outbox

_DAYS = frozenset(column.name for column in action.columns if isinstance(column.type, sa.Date))


def adopt(
    conn: Connection, traces: Sequence[Trace], by: str, at: datetime, day: Callable[[datetime], date]
) -> tuple[Trace, ...]:
    """Write what the evidence knows and the database does not: sent as sent, in doubt as in doubt.

    No run sends it again then, and a person resolves the doubts as any other. `day` gives the office's date.
    What comes back are those that cannot be adopted, since nothing tells what they were.
    """
    reason = f"it went out before an older copy of the database was put back; adopted by {by}"
    entries, left = [], []
    for trace in traces:
        state = SENT if trace.certain else UNCERTAIN
        known = conn.execute(sa.select(action.c.key).where(action.c.key == trace.key)).first()
        if known is None and not trace.planned:
            left.append(trace)
            continue
        if known is None:
            conn.execute(sa.insert(action).values(_planned(trace)))
        conn.execute(sa.update(action).where(action.c.key == trace.key).values(state=state, reason=reason))
        _message(conn, trace, state, reason)
        if trace.certain:
            marks.take(conn, trace.key, trace.at, day(trace.at))
        body = {"key": trace.key, "channel": trace.channel, "state": state, "said": reason}
        entries.append(Entry("delivery", trace.account, body))
    append(conn, entries, at)
    return tuple(left)


def _message(conn: Connection, trace: Trace, state: str, reason: str) -> None:
    """The message as it went, with the fence it had, so that the evidence finds it known."""
    values = {
        "state": state,
        "reason": reason,
        "fence": trace.fence,
        "attempt": 1,
        "owner": None,
        "not_before": None,
        "changed_at": moment_text(trace.at),
        "payload": orjson.dumps({"evidence": dict(trace.seen)}).decode(),
    }
    changed = conn.execute(sa.update(outbox).where(outbox.c.action == trace.key).values(values))
    if not changed.rowcount:
        conn.execute(sa.insert(outbox).values({**values, "action": trace.key, "channel": trace.channel}))


def _planned(trace: Trace) -> dict[str, Any]:
    """The action as it was, without the run that is no more."""
    found = {name: value for name, value in trace.planned.items() if name in action.columns}
    for name in _DAYS & set(found):
        found[name] = date.fromisoformat(found[name]) if found[name] else None
    return {**found, "key": trace.key, "run": None, "taken_on": None, "taken_at": None}
