"""What a person can do with a message: see it, try it again, call it off, or end a doubt about it.

What a person has changed is in the journal with the name, like every end of a try.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum

from sqlalchemy.engine import Connection

from engine.errors import NotFound, Refused
from engine.store import journal, ways_out
from engine.store import outbox as store
from engine.store.journal import Entry
from engine.store.moments import moment_text
from engine.store.outbox import Row, counted, listed
from engine.store.ways_out import Rest

__all__ = ["Resolution", "cancel", "counted", "listed", "resolve", "resting", "retry", "show", "wake"]


class Resolution(StrEnum):
    """What became of a message of which nobody could know whether it arrived."""

    DELIVERED = "delivered"
    SEND_AGAIN = "send again"  # the very same message, with the same Message-ID
    CANCEL = "cancel"


def show(conn: Connection, key: str) -> Row:
    """One message with all that is known of it. NotFound where there is none."""
    row = store.find(conn, key)
    if row is None:
        raise NotFound("message", key)
    return row


def retry(conn: Connection, key: str, by: str, at: datetime) -> Row:
    """Try a message again now: one that waits for its next try, or that failed. Refused in other states."""
    row = _in(conn, key, (store.RETRY, store.FAILED), "tried again")
    return _change(conn, row, store.RETRY, f"tried again by {by}", by, at)


def cancel(conn: Connection, key: str, by: str, at: datetime, because: str) -> Row:
    """Call off a message that has not gone. Refused when it has, or may have, or is on its way."""
    row = _in(conn, key, (*store.WAITING, store.FAILED), "called off")
    return _change(conn, row, store.CANCELLED, f"called off by {by}: {because}", by, at)


def resolve(
    conn: Connection,
    key: str,
    how: Resolution,
    by: str,
    at: datetime,
    evidence: str,
    taken: Callable[[Connection, str, datetime], None],
) -> Row:
    """Say what became of an uncertain message. `evidence` is where it was seen, or why it is sent again.

    `delivered` calls `taken` in the same transaction. The fence rises: a late answer to the first try changes
    nothing.
    """
    row = _in(conn, key, (store.UNCERTAIN,), "resolved")
    if not evidence.strip():
        raise Refused("nothing says how that is known", "write where it was seen, or why it is done")
    payload = {
        **row.payload,
        "resolved": {"how": how.value, "by": by, "at": moment_text(at), "evidence": evidence},
    }
    state = {
        Resolution.DELIVERED: store.SENT,
        Resolution.SEND_AGAIN: store.RETRY,
        Resolution.CANCEL: store.CANCELLED,
    }[how]
    words = {
        Resolution.DELIVERED: f"delivered, says {by}: {evidence}",
        Resolution.SEND_AGAIN: f"sent again by {by}: {evidence}",
        Resolution.CANCEL: f"called off by {by}: {evidence}",
    }[how]
    if not store.move(conn, row, state, reason=words, at=at, payload=payload):
        raise _moved(row)
    _write_down(conn, row, state, words, by, at)
    if how is Resolution.DELIVERED and not row.payload.get("reached"):
        taken(conn, key, at)
    return show(conn, key)


def resting(conn: Connection) -> list[Rest]:
    """The ways out that rest or rested since they last worked."""
    return sorted(ways_out.rests(conn).values(), key=lambda rest: rest.channel)


def wake(conn: Connection, channel: str) -> None:
    """Open a way out again after its fault was mended. Refused where it does not rest."""
    if not ways_out.wake(conn, channel):
        raise Refused(f"{channel} does not rest", "there is nothing to wake")


def _in(conn: Connection, key: str, states: tuple[str, ...], done: str) -> Row:
    row = show(conn, key)
    if row.state in states:
        return row
    hint = {
        store.SENDING: "it is being sent at this moment; look again in a minute",
        store.UNCERTAIN: "nobody knows whether it arrived: find out, then resolve it",
        store.SENT: "it has gone",
        store.CANCELLED: "it was called off; if its step is still due, the next run plans it anew",
    }.get(row.state, "")
    raise Refused(f"the message is {row.state}, so it cannot be {done}", hint)


def _change(conn: Connection, row: Row, state: str, reason: str, by: str, at: datetime) -> Row:
    if not store.move(conn, row, state, reason=reason, at=at):
        raise _moved(row)
    _write_down(conn, row, state, reason, by, at)
    return show(conn, row.key)


def _write_down(conn: Connection, row: Row, state: str, said: str, by: str, at: datetime) -> None:
    body = {"key": row.key, "channel": row.channel, "state": state, "by": by}
    journal.append(conn, [Entry("delivery", row.account, body, {"said": said})], at)


def _moved(row: Row) -> Refused:
    return Refused("somebody else has just changed this message", f"look at it again; it was {row.state}")
