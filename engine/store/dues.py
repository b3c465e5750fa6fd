"""What is due at this moment, seen in the database at little cost: the day's run, messages, a clock that went back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.core.schedule import due_on
from engine.settings import Workspace
from engine.store import alarms, halts, noted, outbox, queue, ran, runs, shared, ways_out
from engine.store.owner import gone
from engine.store.tables import COMPANY, journal, journal_head, ledger_file, run

# A clock may be set right by a little, and two machines never agree; beyond this it cannot be believed.
_BACK = timedelta(minutes=5)
THE_RUN = "run"  # what the alarm of a run that asks first is about
_MANY = 256
_ALONE = timedelta(minutes=5)  # after which a run that no worker is there for is made without them
_WAYS = ("email", "letter", "request")
_FOLLOWED = "followed shared run"


def business_date(files: Workspace, now: datetime) -> date | None:
    """The date whose run is due by the clock at this moment."""
    return due_on(now, files.settings.daemon.run, ZoneInfo(files.settings.workspace.zone))


def run_due(conn: Connection, files: Workspace, now: datetime) -> bool:
    """Whether the day is to be decided: once a date, and once more after a newer ledger came in.

    A run that asks first (the safety stop, a ledger that changed too much) is asked for once; then it waits for
    a person. A date is not gone back to, as after a change of the office's zone. One that workers have begun is theirs,
    for as long as there are any.
    """
    on = business_date(files, now)
    if on is None or (came := ledger_at(conn)) is None or halts.halted(conn):
        return False
    if runs.hold(conn):
        return all(alarm.about != THE_RUN for alarm in alarms.standing(conn, alarms.STOPPED))
    if (one := shared.under_way(conn)) is not None:  # workers are at it, or will be
        return now - one.begun_at > _ALONE and queue.workers(conn) == 0
    made = ran.run_of(conn, on)
    if made is None:
        return not _later(conn, on)
    return made.state == "done" and (_finished(conn, on) or "") < came


def follow_due(conn: Connection, _files: Workspace, _now: datetime) -> bool:
    """Whether workers have sealed a run which nothing has followed yet."""
    return shared.last_sealed(conn) > int(noted.of(conn, _FOLLOWED) or 0) and not halts.halted(conn)


def followed(conn: Connection) -> None:
    """What follows the last run that workers have sealed is being done."""
    noted.put(conn, _FOLLOWED, str(shared.last_sealed(conn)))


def messages_due(conn: Connection, files: Workspace, now: datetime) -> bool:
    """Whether a message may go now, or one is left in the hand of a process that has ended."""
    if any(gone(conn.engine, name) for name in _senders(outbox.under_way(conn))):
        return True  # it is settled even while everything else stands still
    if halts.halted(conn):
        return False
    rests = ways_out.rests(conn)
    closed = {name for name, rest in rests.items() if rest.until > now}
    return outbox.any_due(conn, _ways(files) - closed, now)


def many_messages(conn: Connection, files: Workspace, now: datetime) -> bool:
    """Whether more messages may go now than one process claims at once."""
    rests = ways_out.rests(conn)
    closed = {name for name, rest in rests.items() if rest.until > now}
    return outbox.any_due(conn, _ways(files) - closed, now, least=_MANY)


def clock_behind(conn: Connection, now: datetime) -> datetime | None:
    """The moment of the journal's last entry, where it is well after `now`: the clock has gone back."""
    query = (
        sa.select(journal.c.at)
        .join(
            journal_head,
            sa.and_(journal_head.c.stream == journal.c.stream, journal_head.c.seq == journal.c.seq),
        )
        .where(journal_head.c.stream == COMPANY)
    )
    found: str | None = conn.execute(query).scalar()
    last = datetime.fromisoformat(found) if found else None
    return last if last is not None and last - now > _BACK else None


def last_run(conn: Connection, company: str = COMPANY) -> tuple[ran.Run | None, datetime | None]:
    """The run of the latest date, and when it was made."""
    query = sa.select(sa.func.max(run.c.business_date)).where(
        run.c.company == company, run.c.policy_set == "main"
    )
    on: date | None = conn.execute(query).scalar()
    made = ran.run_of(conn, on) if on is not None else None
    at = _finished(conn, on, company) if on is not None else None
    return made, datetime.fromisoformat(at) if at else None


def _ways(files: Workspace) -> set[str]:
    return {*_WAYS, *(f"webhook {name}" for name in files.settings.webhooks)}


def _senders(rows: Iterable[outbox.Row]) -> set[str]:
    return {row.owner for row in rows if row.owner}


def ledger_at(conn: Connection, company: str = COMPANY) -> str | None:
    """When the last ledger came in."""
    query = sa.select(sa.func.max(ledger_file.c.imported_at)).where(
        ledger_file.c.company == company, ledger_file.c.kind == "ledger"
    )
    found: str | None = conn.execute(query).scalar()
    return found


def _finished(conn: Connection, on: date, company: str = COMPANY) -> str | None:
    query = sa.select(run.c.finished).where(
        run.c.company == company, run.c.policy_set == "main", run.c.business_date == on
    )
    found: str | None = conn.execute(query).scalar()
    return found


def _later(conn: Connection, on: date, company: str = COMPANY) -> bool:
    """Whether a date just after this one has been decided: offices are at most a day and two hours apart."""
    query = sa.select(run.c.id).where(
        run.c.company == company,
        run.c.policy_set == "main",
        run.c.business_date > on,
        run.c.business_date <= on + timedelta(days=2),
    )
    return conn.execute(query).first() is not None
