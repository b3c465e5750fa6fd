"""Stopping everything and letting it go on; and a database that was put back is found out, and stands still by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy.engine import Connection, Engine

from engine.core import sentences
from engine.errors import DatabaseBusy, Refused
from engine.settings import Workspace as Files
from engine.store import brakes, database, halts, outbox, shared
from engine.store.adoption import adopt
from engine.store.evidence import Evidence, Trace
from engine.store.halts import Halt

ITSELF = "Dunwell"


def why(conn: Connection) -> str:
    """Why nothing may move, or nothing."""
    halt = halts.halted(conn)
    return halt.sentence if halt else ""


def found_out(conn: Connection, evidence: Evidence) -> str:
    """Why this database must be an older copy of the one that sent the last messages, or nothing."""
    if evidence.behind(conn):
        return sentences.older_copy(len(evidence.gap(conn)))
    lost = evidence.lost_entries(conn)
    return sentences.journal_shorter(lost) if lost else ""


def quarantined(conn: Connection, evidence: Evidence, now: datetime) -> Halt | None:
    """In a transaction that writes: put an older copy in quarantine, and say what halts the house, if anything."""
    if because := found_out(conn, evidence):
        brakes.halt(conn, halts.QUARANTINE, because, ITSELF, now)
    return halts.halted(conn)


def looked_at(engine: Engine, evidence: Evidence, now: datetime) -> None:
    """The same before a round of delivery, writing only where there is something to write."""
    with database.reading(engine) as conn:
        older = found_out(conn, evidence)
    if older:
        with database.writing(engine) as conn:
            quarantined(conn, evidence, now)


# -- by a person -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Resumed:
    """What was lifted, what was adopted, and what may go now, by channel."""

    lifted: tuple[Halt, ...]
    adopted: tuple[Trace, ...]
    goes: Mapping[str, int]


T = TypeVar("T")
_TRIES = 20  # of half a minute: a large run writes for as long


def stop(files: Files, because: str, by: str, now: datetime) -> tuple[Halt, int]:
    """Stop everything: from the next claim and the next run on. Also how many messages are on their way still.

    It needs no policies. While somebody writes it waits its turn.
    """

    def work(conn: Connection) -> tuple[Halt, int]:
        return brakes.halt(conn, halts.STOPPED, because, by, now), len(outbox.under_way(conn))

    return _written(files, work)


def gap(files: Files) -> tuple[tuple[Halt, ...], tuple[Trace, ...]]:
    """What halts the house, and what went out that the database does not know of."""
    engine = database.open(files.database_url)
    try:
        with database.reading(engine) as conn:
            return halts.halts(conn), Evidence.beside(engine, files.out).gap(conn)
    finally:
        engine.dispose()


def resume(files: Files, by: str, now: datetime, *, take_over: bool = False) -> Resumed:
    """Let everything go on. After a restore only once what went out meanwhile is adopted, with `take_over`."""
    zone = ZoneInfo(files.settings.workspace.zone)

    def work(conn: Connection) -> Resumed:
        evidence = Evidence.beside(conn.engine, files.out)
        on = halts.halts(conn)
        if not on:
            raise Refused("nothing is stopped", "")
        missing: tuple[Trace, ...] = ()
        if any(halt.kind == halts.QUARANTINE for halt in on):
            missing = evidence.gap(conn)
            if missing and not take_over:
                raise Refused(
                    sentences.unknown_to_it(len(missing)),
                    "“dunwell quarantine” lists them; “dunwell resume --adopt” takes them as sent, so that none goes twice",
                )
            if going := shared.under_way(
                conn
            ):  # its jobs are not in the backup, and its parts may have been cut elsewhere
                shared.give_up(conn, going, "the database was restored", now)
            left = adopt(conn, missing, by, now, lambda at: at.astimezone(zone).date())
            if left:  # nothing tells what they were: they are noted as seen by a person
                evidence.remember(conn, [replace(trace, state="left") for trace in left])
        for halt in on:
            brakes.lift(conn, halt.kind, by, now)
        evidence.mark_head(conn)
        goes: dict[str, int] = {}
        for (channel, state), count in outbox.counted(conn).items():
            if state in outbox.WAITING:
                goes[channel] = goes.get(channel, 0) + count
        return Resumed(on, missing, goes)

    return _written(files, work)


def _written(files: Files, work: Callable[[Connection], T]) -> T:
    for _ in range(_TRIES - 1):
        try:
            return _once(files, work)
        except DatabaseBusy:
            continue
    return _once(files, work)


def _once(files: Files, work: Callable[[Connection], T]) -> T:
    engine = database.open(files.database_url)
    try:
        with database.writing(engine) as conn:
            return work(conn)
    finally:
        engine.dispose()
