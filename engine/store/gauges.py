"""How the service stands, in numbers, from questions so small that they may be asked every few seconds.

What waits, is on its way or is in doubt is counted; what is finished never is, however many millions there are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.store import alarms, halts
from engine.store.outbox import PENDING, RETRY, SENDING, UNCERTAIN
from engine.store.tables import COMPANY, journal, journal_head, lease, ledger_file, outbox, run

OPEN = (PENDING, RETRY, SENDING, UNCERTAIN)
_LATEST = 50  # rows at the end of a table among which the newest is looked for
_AT_ONCE = 50_000  # entries of the journal that one look goes through


@dataclass(frozen=True, slots=True)
class Gauges:
    """What the database says of the service. Moments are UTC; None: there is none yet."""

    messages: Mapping[tuple[str, str], int]  # (channel, state) → how many, of what is not finished
    uncertain_since: datetime | None  # the oldest doubt
    ledger_from: datetime | None  # since when the newest ledger may be out of date
    last_run: datetime | None
    alarms: Mapping[str, int]  # kind → how many stand
    halts: tuple[str, ...]  # the kinds of brakes that are on
    beat: datetime | None  # when whoever holds the lease last showed itself


def gauges(conn: Connection, company: str = COMPANY) -> Gauges:
    """All of it, in one view of the database."""
    return Gauges(
        messages=_open(conn),
        uncertain_since=_oldest_doubt(conn),
        ledger_from=_ledger(conn, company),
        last_run=_moment(
            conn.execute(
                sa.select(sa.func.max(run.c.finished)).where(
                    run.c.id.in_(_latest(run.c.id)), run.c.company == company
                )
            ).scalar()
        ),
        alarms=Counter(alarm.kind for alarm in alarms.standing(conn, company=company)),
        halts=tuple(halt.kind for halt in halts.halts(conn, company)),
        beat=_moment(
            conn.execute(sa.select(sa.func.max(lease.c.beat)).where(lease.c.company == company)).scalar()
        ),
    )


def _open(conn: Connection) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for query in OPEN_COUNTS:
        found |= {(channel, state): number for channel, state, number in conn.execute(query)}
    return found


def _counts(*states: str) -> sa.Select[Any]:
    """The states stand in it as text: only so SQLite uses the index that has nothing else."""
    which: list[sa.ColumnElement[str]] = [sa.literal_column(f"'{state}'") for state in states]
    only = outbox.c.state.in_(which) if len(which) > 1 else outbox.c.state == which[0]
    query = sa.select(outbox.c.channel, outbox.c.state, sa.func.count())
    return query.where(only).group_by(outbox.c.channel, outbox.c.state)


OPEN_COUNTS = (_counts(PENDING, RETRY), _counts(SENDING), _counts(UNCERTAIN))
OLDEST_DOUBT = sa.select(sa.func.min(outbox.c.changed_at)).where(
    outbox.c.state == sa.literal_column(f"'{UNCERTAIN}'")
)


def _oldest_doubt(conn: Connection) -> datetime | None:
    return _moment(conn.execute(OLDEST_DOUBT).scalar())


def _ledger(conn: Connection, company: str) -> datetime | None:
    """Since it came in, or the end of its own day where that is earlier."""
    query = (
        sa.select(ledger_file.c.as_of, ledger_file.c.imported_at)
        .where(
            ledger_file.c.id.in_(_latest(ledger_file.c.id)),
            ledger_file.c.company == company,
            ledger_file.c.kind == "ledger",
            ledger_file.c.as_of.is_not(None),
        )
        .order_by(ledger_file.c.as_of.desc(), ledger_file.c.id.desc())
        .limit(1)
    )
    found = conn.execute(query).first()
    if found is None:
        return None
    end = datetime.combine(found.as_of, time(), UTC) + timedelta(days=1)
    return min(end, datetime.fromisoformat(found.imported_at).astimezone(UTC))


def _latest(key: sa.Column[int]) -> sa.Select[Any]:
    return sa.select(key).order_by(key.desc()).limit(_LATEST)


def _moment(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)


@dataclass(slots=True)
class Deliveries:
    """How many messages each way out has ended in which way, since the service began to count."""

    stream: str = COMPANY
    ended: Counter[tuple[str, str]] = field(default_factory=Counter)  # (channel, state) → how many
    _seen: int | None = None  # the last entry of the journal that was looked at

    def look(self, conn: Connection) -> None:
        """Count what the journal has more than at the last look, at most so much that it stays quick."""
        head = conn.execute(
            sa.select(journal_head.c.seq).where(journal_head.c.stream == self.stream)
        ).scalar()
        if (
            self._seen is None or head is None or head < self._seen
        ):  # the first look; or a backup was restored
            self._seen = head or 0
            return
        until = min(head, self._seen + _AT_ONCE)
        entries = sa.select(journal.c.body).where(
            journal.c.stream == self.stream,
            journal.c.seq > self._seen,
            journal.c.seq <= until,
            journal.c.kind == "delivery",
        )
        for (body,) in conn.execute(entries):
            told = orjson.loads(body)
            if told.get("channel"):
                self.ended[str(told["channel"]), str(told["state"])] += 1
        self._seen = until
