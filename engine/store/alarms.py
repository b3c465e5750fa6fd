"""What is wrong and has not been put right: one open row for each thing, for as long as it lasts.

A thing is named by its kind and by what it is about. Raising it again changes nothing but its words, its last
moment and how often it was seen; when it is over the row stays, closed, as its history. Functions work inside
the caller's transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.store.moments import moment_text
from engine.store.tables import COMPANY, alarm

UNCERTAIN, FAILED, ROUTE, RUN = "uncertain", "failed", "route", "run"
FEED, POLICIES, DISK, DATABASE = "feed", "policies", "disk", "database"
SILENT, INVARIANT, CLOCK, STOPPED, INBOX = "silent", "invariant", "clock", "stopped", "inbox"

KINDS: Final = frozenset(
    {UNCERTAIN, FAILED, ROUTE, RUN, FEED, POLICIES, DISK, DATABASE}
    | {SILENT, INVARIANT, CLOCK, STOPPED, INBOX}
)


@dataclass(frozen=True, slots=True)
class Alarm:
    """One thing that is or was wrong. `about` says which of its kind: a key, a feed, a file. Moments are UTC."""

    id: int
    kind: str
    about: str
    sentence: str
    first_at: datetime
    last_at: datetime
    times: int
    told_at: datetime | None
    told: int
    cleared_at: datetime | None
    quiet: str  # why a person wants to hear no more of it, with the name; empty: people are told


def raised(
    conn: Connection, kind: str, about: str, sentence: str, at: datetime, company: str = COMPANY
) -> bool:
    """Write down that something is wrong, or that it still is. True where it had not been open."""
    seen = conn.execute(
        sa.update(alarm)
        .where(*_open(kind, about, company))
        .values(sentence=sentence, last_at=moment_text(at), times=alarm.c.times + 1)
    )
    if seen.rowcount:
        return False
    conn.execute(
        sa.insert(alarm).values(
            company=company,
            kind=kind,
            about=about,
            sentence=sentence,
            first_at=moment_text(at),
            last_at=moment_text(at),
        )
    )
    return True


def cleared(conn: Connection, kind: str, at: datetime, about: str = "", company: str = COMPANY) -> bool:
    """Write down that it is over. True where it had been open."""
    over = conn.execute(
        sa.update(alarm).where(*_open(kind, about, company)).values(cleared_at=moment_text(at))
    )
    return bool(over.rowcount)


def standing(conn: Connection, kind: str | None = None, company: str = COMPANY) -> tuple[Alarm, ...]:
    """What is wrong now, the oldest first; of one kind or all."""
    query = _ALARMS.where(alarm.c.company == company, alarm.c.cleared_at.is_(None))
    if kind is not None:
        query = query.where(alarm.c.kind == kind)
    return tuple(_alarm(row) for row in conn.execute(query.order_by(alarm.c.first_at, alarm.c.id)))


def history(conn: Connection, limit: int = 1000, company: str = COMPANY) -> tuple[Alarm, ...]:
    """What was wrong and is over, the latest first."""
    query = _ALARMS.where(alarm.c.company == company, alarm.c.cleared_at.is_not(None))
    query = query.order_by(alarm.c.cleared_at.desc(), alarm.c.id.desc()).limit(limit)
    return tuple(_alarm(row) for row in conn.execute(query))


def find(conn: Connection, number: int, company: str = COMPANY) -> Alarm | None:
    """The alarm with this number, open or over."""
    row = conn.execute(_ALARMS.where(alarm.c.company == company, alarm.c.id == number)).first()
    return None if row is None else _alarm(row)


def told(conn: Connection, one: Alarm, at: datetime) -> bool:
    """Write down that people were told of it once more. False where another process had done so."""
    changed = conn.execute(
        sa.update(alarm)
        .where(alarm.c.id == one.id, alarm.c.told == one.told)
        .values(told=one.told + 1, told_at=moment_text(at))
    )
    return bool(changed.rowcount)


def quieted(conn: Connection, one: Alarm, because: str) -> None:
    """Write down that a person knows of it and need not be told again; it stays visible until it is over."""
    conn.execute(sa.update(alarm).where(alarm.c.id == one.id).values(quiet=because))


def _open(kind: str, about: str, company: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        alarm.c.company == company,
        alarm.c.kind == kind,
        alarm.c.about == about,
        alarm.c.cleared_at.is_(None),
    )


_COLUMNS = ("id", "kind", "about", "sentence", "first_at", "last_at", "times", "told_at", "told")
_ALARMS = sa.select(*(alarm.c[name] for name in (*_COLUMNS, "cleared_at", "quiet")))


def _alarm(row: sa.Row[Any]) -> Alarm:
    return Alarm(
        row.id,
        row.kind,
        row.about,
        row.sentence,
        datetime.fromisoformat(row.first_at),
        datetime.fromisoformat(row.last_at),
        row.times,
        None if row.told_at is None else datetime.fromisoformat(row.told_at),
        row.told,
        None if row.cleared_at is None else datetime.fromisoformat(row.cleared_at),
        row.quiet,
    )
