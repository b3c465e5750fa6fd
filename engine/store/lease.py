"""Which process is the service: one works, others wait, and the death of the one is proven before another begins.

The row of the lease says who it is; the lock of `store.owner`, which falls with its process, says whether it
still lives. Functions work inside the caller's transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.store.moments import moment_text
from engine.store.owner import gone
from engine.store.tables import COMPANY, lease

_DAEMON = "daemon"


@dataclass(frozen=True, slots=True)
class Lease:
    """Who is the service, since when, its last beat and what it was at then. Moments are UTC."""

    owner: str
    host: str
    pid: int
    since: datetime
    beat: datetime
    doing: str


def taken(conn: Connection, owner: str, host: str, pid: int, at: datetime, company: str = COMPANY) -> Lease:
    """Take the lease where it is free or its holder has ended; whoever has it then comes back."""
    there = held(conn, company)
    if there is not None and there.owner != owner and not gone(conn.engine, there.owner):
        return there
    if there is None or there.owner != owner:
        conn.execute(sa.delete(lease).where(*_mine(company)))
        conn.execute(
            sa.insert(lease).values(
                company=company,
                name=_DAEMON,
                owner=owner,
                host=host,
                pid=pid,
                since=moment_text(at),
                beat=moment_text(at),
            )
        )
    mine = held(conn, company)
    assert mine is not None
    return mine


def beat(conn: Connection, owner: str, at: datetime, doing: str, company: str = COMPANY) -> bool:
    """Write down that the holder lives and what it is at. False: another has the lease, or nobody."""
    changed = conn.execute(
        sa.update(lease)
        .where(*_mine(company), lease.c.owner == owner)
        .values(beat=moment_text(at), doing=doing)
    )
    return bool(changed.rowcount)


def left(conn: Connection, owner: str, company: str = COMPANY) -> bool:
    """Give the lease back, so that the next may begin at once."""
    gone_ = conn.execute(sa.delete(lease).where(*_mine(company), lease.c.owner == owner))
    return bool(gone_.rowcount)


def held(conn: Connection, company: str = COMPANY) -> Lease | None:
    """Who has the lease, dead or alive."""
    found = conn.execute(sa.select(lease).where(*_mine(company))).first()
    if found is None:
        return None
    since, seen = datetime.fromisoformat(found.since), datetime.fromisoformat(found.beat)
    return Lease(found.owner, found.host, found.pid, since, seen, found.doing)


def alive(conn: Connection, one: Lease) -> bool:
    """Whether the process that has the lease still lives, or nobody could prove that it does not."""
    return not gone(conn.engine, one.owner)


def _mine(company: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (lease.c.company == company, lease.c.name == _DAEMON)
