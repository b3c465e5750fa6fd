"""How the service is, in one look: who works, what was done last, what comes next, what stands still or is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.engine import Connection

from engine.core.schedule import next_due
from engine.jobs import releases
from engine.settings import Workspace
from engine.store import (
    alarms,
    dues,
    feeds,
    gauges,
    halts,
    lease,
    queue,
    ran,
    received,
    runs,
    shared,
    ways_out,
)
from engine.store.feeds import FeedState
from engine.store.halts import Halt

_SILENT = timedelta(minutes=2)  # four looks


@dataclass(frozen=True, slots=True)
class Status:
    """Moments are UTC. `works`: a service has the lease and its process lives; `silent`: it has not looked for too long."""

    now: datetime
    service: lease.Lease | None
    works: bool
    silent: bool
    workers: int  # that share the run, on whatever machine
    sharing: shared.Progress | None  # how far the run is that they are at
    last_run: ran.Run | None
    run_at: datetime | None
    next_run: datetime
    asks_first: str  # why the next run asks before it does anything
    halts: tuple[Halt, ...]
    policies: tuple[str, ...]
    feeds: tuple[FeedState, ...]
    inbox: tuple[str, ...]
    messages: Mapping[tuple[str, str], int]  # (channel, state) → how many, of what is not finished
    rests: tuple[ways_out.Rest, ...]
    alarms: tuple[alarms.Alarm, ...]

    @property
    def well(self) -> bool:
        """Nothing needs a person."""
        calm = not (self.halts or self.alarms or self.asks_first)
        return calm and self.works and not self.silent


def status(conn: Connection, files: Workspace, now: datetime) -> Status:
    """Everything, in one view of the database."""
    there = lease.held(conn)
    works = there is not None and lease.alive(conn, there)
    last, at = dues.last_run(conn)
    tried = feeds.states(conn)
    numbers = gauges.gauges(conn)
    return Status(
        now=now,
        service=there,
        works=works,
        silent=works and there is not None and abs(now - there.beat) > _SILENT,
        workers=queue.workers(conn),
        sharing=shared.progress(conn),
        last_run=last,
        run_at=at,
        next_run=next_due(now, files.settings.daemon.run, ZoneInfo(files.settings.workspace.zone)),
        asks_first=runs.hold(conn) or "",
        halts=halts.halts(conn),
        policies=releases.status(conn, files),
        feeds=tuple(tried.get(name, FeedState(name)) for name in files.settings.feeds),
        inbox=received.status(conn, files),
        messages=numbers.messages,
        rests=tuple(ways_out.rests(conn).values()),
        alarms=alarms.standing(conn),
    )
