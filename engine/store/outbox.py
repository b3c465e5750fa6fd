"""The outbox in the database: its messages, which may go now, and those that are in nobody's hand.

A row goes pending → sending → sent, retry, failed, uncertain or cancelled. Every change names the state it
starts from; of a message that is being sent, `sending` has all. Functions work inside the caller's transaction.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.store.moments import moment_text
from engine.store.tables import COMPANY, action, outbox

PENDING, SENDING, RETRY, SENT = "pending", "sending", "retry", "sent"
FAILED, UNCERTAIN, CANCELLED = "failed", "uncertain", "cancelled"
WAITING = (PENDING, RETRY)

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


def due(
    conn: Connection, channels: Collection[str], at: datetime, most: int = 1, company: str = COMPANY
) -> list[Row]:
    """The messages that may be sent next, in the order in which they were planned, one an account.

    None of an account that has a message on its way; an effect waits for its notice. The rows are locked
    where the database can.
    """
    # Some more are looked at, since several may be of one account.
    values = {"channels": sorted(channels), "at": moment_text(at), "of": company, "most": most * 2 + 2}
    found: dict[str, Row] = {}
    for one in conn.execute(_DUE, values):
        if len(found) < most:
            found.setdefault(one.account, _row(one))
    return list(found.values())


def any_due(
    conn: Connection, channels: Collection[str], at: datetime, company: str = COMPANY, least: int = 1
) -> bool:
    """Whether `due` would give something, or so many. Nothing is locked."""
    values = {"channels": sorted(channels), "at": moment_text(at), "of": company, "most": least}
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
    if conn.dialect.name == "sqlite":
        return int(conn.execute(sa.text("SELECT COALESCE(MAX(id), 0) + 1 FROM outbox")).scalar_one())
    name = "pg_get_serial_sequence('outbox', 'id')"
    given = sa.text(f"SELECT setval({name}, nextval({name}) + :many)")
    return int(conn.execute(given, {"many": many}).scalar_one()) - many


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
            not_before=None if not_before is None else moment_text(not_before),
            owner=None,
            fence=outbox.c.fence + 1,
            changed_at=moment_text(at),
        )
    )
    if changed.rowcount != 1:
        return False
    tell(conn, row.key, state, reason)
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


def tell(conn: Connection, key: str, state: str, reason: str | None) -> None:
    """The action says the same as its message."""
    conn.execute(TELL, {"of_key": key, "to_told": told_of(state), "to_reason": reason})


def told_of(state: str) -> str:
    """What the action says of a message in this state: `pending` is `planned` there."""
    return "planned" if state == PENDING else state


TELL = (
    sa.update(action)
    .where(action.c.key == sa.bindparam("of_key"))
    .values(state=sa.bindparam("to_told"), reason=sa.bindparam("to_reason"))
)


def _row(found: sa.Row[Any]) -> Row:
    return made(dict(found._mapping))


def made(told: dict[str, Any]) -> Row:
    """A row of the columns `FIELDS`."""
    for name in ("not_before", "changed_at"):
        told[name] = datetime.fromisoformat(told[name]) if told[name] else None
    return Row(**{**told, "payload": json.loads(told["payload"])})
