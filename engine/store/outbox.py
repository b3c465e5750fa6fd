"""The outbox in the database: who may send which message now, and what has become of each.

A row goes pending → sending → sent, retry, failed, uncertain or cancelled. Every change names the state it
starts from, and every change of a message that is being sent also its owner and fence: where another has
taken it over, nothing changes and the caller is told. Functions work inside the caller's transaction.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.store.tables import COMPANY, action, outbox, setting

PENDING, SENDING, RETRY, SENT = "pending", "sending", "retry", "sent"
FAILED, UNCERTAIN, CANCELLED = "failed", "uncertain", "cancelled"
WAITING = (PENDING, RETRY)
CLAIMED = "claimed"  # the stage of a message that is being sent and of which nothing can have left the house

_WRITTEN = ("email", "letter", "statement")
_EFFECTS = ("terms", "hold", "hand off")
_NOTICE_OUT = ("sent", "done")
_NOTICE_NEVER = ("failed", "cancelled", "declined", "passed over")


@dataclass(frozen=True, slots=True)
class Row:
    """One message of the outbox with what its action says of it. `payload` is its JSON; moments are UTC."""

    id: int
    key: str
    account: str
    kind: str
    policy: str
    step: str
    on: date
    channel: str
    state: str
    payload: Mapping[str, Any]
    not_before: datetime | None
    attempt: int
    owner: str | None
    fence: int
    stage: str | None
    reason: str | None
    changed_at: datetime | None


FIELDS = (
    outbox.c.id,
    outbox.c.action.label("key"),
    action.c.account,
    action.c.kind,
    action.c.policy,
    action.c.step,
    action.c.on,
    *(outbox.c[name] for name in ("channel", "state", "payload", "not_before", "attempt", "owner", "fence")),
    *(outbox.c[name] for name in ("stage", "reason", "changed_at")),
)
_ROWS = sa.select(*FIELDS).join_from(outbox, action, action.c.key == outbox.c.action)


def _siblings(notice: sa.FromClause) -> tuple[sa.ColumnElement[bool], ...]:
    """The written messages that the same step of the same account sent with an effect."""
    same = ("company", "account", "episode", "policy", "step", "item", "occurrence")
    return (*(notice.c[name] == action.c[name] for name in same), notice.c.kind.in_(_WRITTEN))


def _of(actions: sa.FromClause) -> sa.ColumnElement[bool]:
    """Those of a company: an expression, so that no planner begins with all of them instead of what waits or goes."""
    return actions.c.company + sa.literal_column("''") == sa.bindparam("of")


# The states stand in it as text: only so SQLite uses the index of what waits.
_WAITS = outbox.c.state.in_([sa.literal_column(f"'{state}'") for state in WAITING])


def _next() -> sa.Select[Any]:
    """What may go next."""
    other, theirs, notice = outbox.alias("other"), action.alias("theirs"), action.alias("notice")
    on_their_way = (
        sa.select(theirs.c.account)
        .join_from(other, theirs, theirs.c.key == other.c.action)
        .where(
            other.c.state == sa.literal_column(f"'{SENDING}'"),
            _of(theirs),
        )
    )
    unsent = (
        sa.select(sa.literal(1))
        .where(
            action.c.kind.in_(_EFFECTS),
            *_siblings(notice),
            notice.c.state.not_in((*_NOTICE_OUT, *_NOTICE_NEVER)),
        )
        .correlate(action)
        .exists()
    )
    return (
        _ROWS.where(
            _WAITS,
            outbox.c.channel.in_(sa.bindparam("channels", expanding=True)),
            _of(action),
            sa.or_(outbox.c.not_before.is_(None), outbox.c.not_before <= sa.bindparam("at")),
            action.c.account.not_in(on_their_way),
            ~unsent,
        )
        .order_by(outbox.c.id)
        .limit(sa.bindparam("most"))
    )


_LOOK = _next()
_DUE = _LOOK.with_for_update(of=outbox, skip_locked=True)


def text(at: datetime) -> str:
    """A moment as the database keeps it: UTC, always of the same length, so that text sorts as time."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def due(
    conn: Connection, channels: Collection[str], at: datetime, most: int = 1, company: str = COMPANY
) -> list[Row]:
    """The messages that may be sent next, in the order in which they were planned, one an account.

    None of an account that has a message on its way; an effect waits for its notice. The rows are locked
    where the database can.
    """
    # Some more are looked at, since several may be of one account.
    values = {"channels": sorted(channels), "at": text(at), "of": company, "most": most * 2 + 2}
    found: dict[str, Row] = {}
    for one in conn.execute(_DUE, values):
        if len(found) < most:
            found.setdefault(one.account, _row(one))
    return list(found.values())


def any_due(
    conn: Connection, channels: Collection[str], at: datetime, company: str = COMPANY, least: int = 1
) -> bool:
    """Whether `due` would give something, or so many. Nothing is locked."""
    values = {"channels": sorted(channels), "at": text(at), "of": company, "most": least}
    return len(conn.execute(_LOOK, values).all()) >= least


def notice_lost(conn: Connection, row: Row) -> bool:
    """Whether the message that was to announce this effect will never go."""
    if row.kind not in _EFFECTS:
        return False
    notice = action.alias("notice")
    query = sa.select(notice.c.state).where(action.c.key == row.key, *_siblings(notice))
    states = {state for (state,) in conn.execute(query)}
    # One that was called off and planned anew stands there twice: the newer one counts.
    return bool(states) and states <= set(_NOTICE_NEVER)


def announced(conn: Connection, keys: Collection[str]) -> set[str]:
    """Which of these effects the customer has been told of: their notice has gone."""
    notice = action.alias("notice")
    query = sa.select(action.c.key).where(
        action.c.key.in_(keys),
        action.c.kind.in_(_EFFECTS),
        *_siblings(notice),
        notice.c.state.in_(_NOTICE_OUT),
    )
    return set(conn.execute(query.distinct()).scalars())


def places(conn: Connection, many: int) -> int:
    """Keep so many places in the queue free, and say which is the first. In a transaction that alone writes."""
    name = "pg_get_serial_sequence('outbox', 'id')"
    given = sa.text(f"SELECT setval({name}, nextval({name}) + :many)")
    return int(conn.execute(given, {"many": many}).scalar_one()) - many


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
            changed_at=text(at),
        )
    )
    if changed.rowcount != 1:
        return None
    _tell_action(conn, row.key, SENDING, None)
    return find(conn, row.key)


def claim_all(conn: Connection, rows: Sequence[Row], owner: str, at: datetime) -> list[Row]:
    """Take waiting messages, read in this very transaction, to send them; without those somebody else took."""
    if not rows:
        return []
    taken = {"of_ids": [row.id for row in rows], "of_fences": [(row.id, row.fence) for row in rows]}
    changed = conn.execute(_CLAIM, taken | {"claim_owner": owner, "claim_at": text(at)})
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
            "to_at": text(at),
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
    when = text(at)
    ended = [
        {
            "of_id": one.row.id,
            "of_key": one.row.key,
            "to_state": one.state,
            "to_told": _told(one.state),
            "to_reason": one.reason,
            "to_stage": one.stage,
            "to_payload": json.dumps(one.payload),
            "to_not_before": None if one.not_before is None else text(one.not_before),
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
    conn.execute(_TELL, [{name: one[name] for name in ("of_key", "to_told", "to_reason")} for one in told])
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
            not_before=None if not_before is None else text(not_before),
            attempt=row.attempt if attempt is None else attempt,
            owner=None,
            changed_at=text(at),
        )
    )
    if changed.rowcount != 1:
        return False
    _tell_action(conn, row.key, state, reason)
    return True


def move(
    conn: Connection,
    row: Row,
    state: str,
    *,
    reason: str | None,
    at: datetime,
    payload: Mapping[str, Any] | None = None,
    not_before: datetime | None = None,
) -> bool:
    """Change a message as it was last seen, in nobody's hand. Its fence rises."""
    changed = conn.execute(
        sa.update(outbox)
        .where(outbox.c.id == row.id, outbox.c.state == row.state, outbox.c.fence == row.fence)
        .values(
            state=state,
            reason=reason,
            payload=json.dumps(row.payload if payload is None else payload),
            not_before=None if not_before is None else text(not_before),
            owner=None,
            fence=outbox.c.fence + 1,
            changed_at=text(at),
        )
    )
    if changed.rowcount != 1:
        return False
    _tell_action(conn, row.key, state, reason)
    return True


def look_again(conn: Connection, reason: str, company: str = COMPANY) -> None:
    """What waits for this reason alone is decided again at once: it may be over."""
    ours = sa.select(action.c.key).where(action.c.company == company)
    conn.execute(
        sa.update(outbox)
        .where(_WAITS, outbox.c.reason == reason, outbox.c.action.in_(ours))
        .values(not_before=None)
    )


def find(conn: Connection, key: str) -> Row | None:
    """The message of an action."""
    found = conn.execute(_ROWS.where(outbox.c.action == key)).first()
    return None if found is None else _row(found)


def listed(
    conn: Connection, states: Sequence[str] = (), limit: int = 1000, company: str = COMPANY
) -> list[Row]:
    """Messages in the order in which they were planned, those in `states` or all."""
    query = _ROWS.where(action.c.company == company).order_by(outbox.c.id).limit(limit)
    if states:
        query = query.where(outbox.c.state.in_(list(states)))
    return [_row(found) for found in conn.execute(query)]


# Written so that no index of companies is taken: messages are read in their own order, not through all actions of a house.
of_company = sa.func.coalesce(action.c.company, "")


def counted(conn: Connection, company: str = COMPANY) -> dict[tuple[str, str], int]:
    """How many messages a channel has in each state."""
    query = (
        sa.select(outbox.c.channel, outbox.c.state, sa.func.count())
        .join_from(outbox, action, action.c.key == outbox.c.action)
        .where(of_company == company)
        .group_by(outbox.c.channel, outbox.c.state)
    )
    return {(channel, state): count for channel, state, count in conn.execute(query)}


def waiting(conn: Connection) -> tuple[int, datetime | None]:
    """How many messages wait, and from when on the first of those that may not go yet may go."""
    query = sa.select(sa.func.count(), sa.func.min(outbox.c.not_before)).where(_WAITS)
    many, earliest = conn.execute(query).one()
    return int(many), datetime.fromisoformat(earliest) if earliest else None


def under_way(conn: Connection, owner: str | None = None) -> list[Row]:
    """Messages that are being sent, by one owner or by anybody."""
    query = _ROWS.where(outbox.c.state == sa.literal_column(f"'{SENDING}'")).order_by(outbox.c.id)
    return [
        _row(found)
        for found in conn.execute(query if owner is None else query.where(outbox.c.owner == owner))
    ]


@dataclass(frozen=True, slots=True)
class Rest:
    """A way out that waits: until when, why, whether it needs a person, and the number of rests in a row."""

    channel: str
    until: datetime
    because: str
    held: bool
    times: int


def rests(conn: Connection, company: str = COMPANY) -> dict[str, Rest]:
    """The ways out that rest or rested since they last worked, by channel."""
    found = {}
    for name, value in conn.execute(_RESTS, {"of": company}):
        told = json.loads(value)
        channel = name.removeprefix(_ROUTE)
        until = datetime.fromisoformat(told["until"])
        found[channel] = Rest(channel, until, told["because"], told["held"], told["times"])
    return found


def rest(conn: Connection, rest: Rest, company: str = COMPANY) -> None:
    """Let a way out rest."""
    wake(conn, rest.channel, company)
    told = {"until": text(rest.until), "because": rest.because, "held": rest.held, "times": rest.times}
    conn.execute(
        sa.insert(setting).values(company=company, name=_ROUTE + rest.channel, value=json.dumps(told))
    )


def wake(conn: Connection, channel: str, company: str = COMPANY) -> bool:
    """A way out works again, or a person says so. True where it had rested."""
    gone = conn.execute(
        sa.delete(setting).where(setting.c.company == company, setting.c.name == _ROUTE + channel)
    )
    return bool(gone.rowcount)


_ROUTE = "route "
_RESTS = sa.select(setting.c.name, setting.c.value).where(
    setting.c.company == sa.bindparam("of"), setting.c.name.startswith(_ROUTE, autoescape=True)
)


def _mine(row: Row) -> sa.Update:
    return sa.update(outbox).where(
        outbox.c.id == row.id,
        outbox.c.state == SENDING,
        outbox.c.owner == row.owner,
        outbox.c.fence == row.fence,
    )


def _tell_action(conn: Connection, key: str, state: str, reason: str | None) -> None:
    """The action says the same as its message."""
    conn.execute(_TELL, {"of_key": key, "to_told": _told(state), "to_reason": reason})


def _told(state: str) -> str:
    """What the action says of a message in this state: `pending` is `planned` there."""
    return "planned" if state == PENDING else state


_TELL = (
    sa.update(action)
    .where(action.c.key == sa.bindparam("of_key"))
    .values(state=sa.bindparam("to_told"), reason=sa.bindparam("to_reason"))
)
_TELL_TAKEN = (
    sa.update(action)
    .where(action.c.key.in_(sa.bindparam("of_keys", expanding=True)))
    .values(state=SENDING, reason=None)
)


def _row(found: sa.Row[Any]) -> Row:
    return made(dict(found._mapping))


def made(told: dict[str, Any]) -> Row:
    """A row of the columns `FIELDS`."""
    for name in ("not_before", "changed_at"):
        told[name] = datetime.fromisoformat(told[name]) if told[name] else None
    return Row(**{**told, "payload": json.loads(told["payload"])})
