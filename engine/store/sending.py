"""Messages that are being sent: taken from the outbox, their steps, and what has become of each.

Every change names the owner and the fence of the hand that took the message: where another has taken it over, nothing
changes and the caller is told. Functions work inside the caller's transaction.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.store.moments import moment_text
from engine.store.outbox import PENDING, RETRY, SENDING, TELL, WAITING, Row, find, tell, told_of
from engine.store.tables import action, outbox

CLAIMED = "claimed"  # the stage of a message that is being sent and of which nothing can have left the house


def claim(conn: Connection, row: Row, owner: str, at: datetime) -> Row | None:
    """Take a waiting message to send it. None where somebody was faster."""
    changed = conn.execute(
        sa.update(outbox)
        .where(outbox.c.id == row.id, outbox.c.state == row.state, outbox.c.fence == row.fence)
        .values(
            state=SENDING,
            owner=owner,
            fence=outbox.c.fence + 1,
            attempt=outbox.c.attempt + 1,
            stage=CLAIMED,
            reason=None,
            changed_at=moment_text(at),
        )
    )
    if changed.rowcount != 1:
        return None
    tell(conn, row.key, SENDING, None)
    return find(conn, row.key)


def claim_all(conn: Connection, rows: Sequence[Row], owner: str, at: datetime) -> list[Row]:
    """Take waiting messages, read in this very transaction, to send them; without those somebody else took."""
    if not rows:
        return []
    taken = {"of_ids": [row.id for row in rows], "of_fences": [(row.id, row.fence) for row in rows]}
    changed = conn.execute(_CLAIM, taken | {"claim_owner": owner, "claim_at": moment_text(at)})
    if changed.rowcount != len(rows):
        keys = [row.key for row in rows]
        mine = sa.and_(outbox.c.action.in_(keys), outbox.c.state == SENDING, outbox.c.owner == owner)
        fences = {row.key: row.fence + 1 for row in rows}
        query = sa.select(outbox.c.action, outbox.c.fence).where(mine)
        held = {found.action: found.fence for found in conn.execute(query)}
        rows = [row for row in rows if held.get(row.key) == fences[row.key]]
    conn.execute(_TELL_TAKEN, {"of_keys": [row.key for row in rows]})
    return [
        replace(
            row,
            state=SENDING,
            owner=owner,
            fence=row.fence + 1,
            attempt=row.attempt + 1,
            stage=CLAIMED,
            reason=None,
            changed_at=at.astimezone(UTC),
        )
        for row in rows
    ]


_CLAIM = (
    sa.update(outbox)
    .where(
        outbox.c.id.in_(sa.bindparam("of_ids", expanding=True)),
        outbox.c.state.in_(WAITING),
        sa.tuple_(outbox.c.id, outbox.c.fence).in_(sa.bindparam("of_fences", expanding=True)),
    )
    .values(
        state=SENDING,
        owner=sa.bindparam("claim_owner"),
        fence=outbox.c.fence + 1,
        attempt=outbox.c.attempt + 1,
        stage=CLAIMED,
        reason=None,
        changed_at=sa.bindparam("claim_at"),
    )
)


def give_back(conn: Connection, row: Row, at: datetime) -> bool:
    """A claimed message of which nothing was begun waits again, as if it had not been claimed."""
    state = PENDING if row.attempt == 1 else RETRY
    return settle(conn, row, state, reason=None, at=at, attempt=row.attempt - 1)


def advance(conn: Connection, steps: Sequence[tuple[Row, str, Mapping[str, Any]]], at: datetime) -> set[int]:
    """Write down, before each begins, the (message, step, payload) that may deliver.

    The numbers of those that are ours come back: another has the rest, of which nothing may go. Nor may what has
    begun that step before: a claim passes it once.
    """
    going = [
        {
            "of_id": row.id,
            "to_stage": stage,
            "to_payload": json.dumps(payload),
            "to_at": moment_text(at),
            "to_message_id": payload.get("evidence", {}).get("message-id"),
        }
        for row, stage, payload in steps
    ]
    rows = [row for row, _, _ in steps]
    if conn.dialect.name == "postgresql":
        return _changed_together(conn, _ADVANCE_TOGETHER, rows, going)
    ours = _held(conn, rows, (CLAIMED,))
    if ours:
        conn.execute(_ADVANCE, [one for one in going if one["of_id"] in ours])
    return ours


@dataclass(frozen=True, slots=True)
class Settling:
    """What has become of a message that was being sent."""

    row: Row
    state: str
    reason: str | None
    stage: str
    payload: Mapping[str, Any]
    not_before: datetime | None
    attempt: int


def settle_all(conn: Connection, settling: Sequence[Settling], at: datetime) -> set[int]:
    """Write what has become of messages that were being sent. The numbers of those that are ours come back."""
    when = moment_text(at)
    ended = [
        {
            "of_id": one.row.id,
            "of_key": one.row.key,
            "to_state": one.state,
            "to_told": told_of(one.state),
            "to_reason": one.reason,
            "to_stage": one.stage,
            "to_payload": json.dumps(one.payload),
            "to_not_before": None if one.not_before is None else moment_text(one.not_before),
            "to_attempt": one.attempt,
            "to_at": when,
        }
        for one in settling
    ]
    rows = [one.row for one in settling]
    if conn.dialect.name == "postgresql":
        return _changed_together(conn, _SETTLE_TOGETHER, rows, ended)
    ours = _held(conn, rows)
    if not ours:
        return ours
    told = [one for one in ended if one["of_id"] in ours]
    conn.execute(_SETTLE, told)
    conn.execute(TELL, [{name: one[name] for name in ("of_key", "to_told", "to_reason")} for one in told])
    return ours


def _changed_together(
    conn: Connection, change: sa.Executable, rows: Sequence[Row], values: Sequence[Mapping[str, Any]]
) -> set[int]:
    """The same on PostgreSQL in one statement, which changes what is still in the hand that took it."""
    if not rows:
        return set()
    given = [
        {**one, "of_owner": row.owner, "of_fence": row.fence} for one, row in zip(values, rows, strict=True)
    ]
    numbers = [row.id for row in rows]
    return set(conn.execute(change, {"given": orjson.dumps(given).decode(), "ids": numbers}).scalars())


def _held(conn: Connection, rows: Sequence[Row], stages: Collection[str] = ()) -> set[int]:
    """Which of these messages are still in the hand that took them, and at a stage. Locked, where the database can."""
    fences = {row.id: (row.owner, row.fence) for row in rows}
    found = conn.execute(_HELD, {"ids": list(fences)})
    return {
        number
        for number, owner, fence, stage in found
        if fences[number] == (owner, fence) and (not stages or stage in stages)
    }


_HELD = (
    sa.select(outbox.c.id, outbox.c.owner, outbox.c.fence, outbox.c.stage)
    .where(outbox.c.id.in_(sa.bindparam("ids", expanding=True)), outbox.c.state == SENDING)
    .with_for_update()
)
_ADVANCE = (
    sa.update(outbox)
    .where(outbox.c.id == sa.bindparam("of_id"))
    .values(
        stage=sa.bindparam("to_stage"),
        payload=sa.bindparam("to_payload"),
        changed_at=sa.bindparam("to_at"),
        message_id=sa.bindparam("to_message_id"),
    )
)
_SETTLE = (
    sa.update(outbox)
    .where(outbox.c.id == sa.bindparam("of_id"))
    .values(
        state=sa.bindparam("to_state"),
        reason=sa.bindparam("to_reason"),
        stage=sa.bindparam("to_stage"),
        payload=sa.bindparam("to_payload"),
        not_before=sa.bindparam("to_not_before"),
        attempt=sa.bindparam("to_attempt"),
        owner=None,
        changed_at=sa.bindparam("to_at"),
    )
)


# PostgreSQL is given them all as one text of JSON, and their numbers beside it: it cannot know how few they are. A
# message is changed only in the hand that took it, as `_HELD` has it.
_IN_HAND = """
    outbox.id = ANY(:ids) AND outbox.id = given.of_id AND outbox.state = 'sending'
    AND outbox.owner = given.of_owner AND outbox.fence = given.of_fence
"""
_ADVANCE_TOGETHER = sa.text(
    f"""
    UPDATE outbox SET stage = to_stage, payload = to_payload, changed_at = to_at, message_id = to_message_id
    FROM json_to_recordset(CAST(:given AS json)) AS given (
        of_id int, of_owner text, of_fence int, to_stage text, to_payload text, to_at text, to_message_id text
    )
    WHERE {_IN_HAND} AND outbox.stage = '{CLAIMED}'
    RETURNING outbox.id
    """  # noqa: S608
)
_SETTLE_TOGETHER = sa.text(
    f"""
    WITH given AS (
        SELECT * FROM json_to_recordset(CAST(:given AS json)) AS given (
            of_id int, of_key text, of_owner text, of_fence int, to_state text, to_told text, to_reason text,
            to_stage text, to_payload text, to_not_before text, to_attempt int, to_at text
        )
    ), ended AS (
        UPDATE outbox SET
            state = to_state, reason = to_reason, stage = to_stage, payload = to_payload,
            not_before = to_not_before, attempt = to_attempt, owner = NULL, changed_at = to_at
        FROM given WHERE {_IN_HAND}
        RETURNING outbox.id, of_key, to_told, to_reason
    ), told AS (
        UPDATE action SET state = to_told, reason = to_reason FROM ended WHERE action.key = ended.of_key
    )
    SELECT id FROM ended
    """  # noqa: S608
)


def settle(
    conn: Connection,
    row: Row,
    state: str,
    *,
    reason: str | None,
    at: datetime,
    stage: str | None = None,
    payload: Mapping[str, Any] | None = None,
    not_before: datetime | None = None,
    attempt: int | None = None,
) -> bool:
    """Write what has become of a message that was being sent. False: another has it; nothing is changed."""
    changed = conn.execute(
        _mine(row).values(
            state=state,
            reason=reason,
            stage=stage if stage is not None else outbox.c.stage,
            payload=json.dumps(row.payload if payload is None else payload),
            not_before=None if not_before is None else moment_text(not_before),
            attempt=row.attempt if attempt is None else attempt,
            owner=None,
            changed_at=moment_text(at),
        )
    )
    if changed.rowcount != 1:
        return False
    tell(conn, row.key, state, reason)
    return True


def _mine(row: Row) -> sa.Update:
    return sa.update(outbox).where(
        outbox.c.id == row.id,
        outbox.c.state == SENDING,
        outbox.c.owner == row.owner,
        outbox.c.fence == row.fence,
    )


_TELL_TAKEN = (
    sa.update(action)
    .where(action.c.key.in_(sa.bindparam("of_keys", expanding=True)))
    .values(state=SENDING, reason=None)
)
