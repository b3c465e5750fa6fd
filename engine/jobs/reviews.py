"""When a figure leaves the band that the house wants it in, somebody is asked to review the policies, with the evidence."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.settings import Workspace as Files
from engine.store import noted
from engine.store.tables import COMPANY, ledger_file

if TYPE_CHECKING:
    from engine.core.figures.bands import Left
    from engine.core.figures.report import Report
    from engine.jobs.cases import Who
    from engine.jobs.workspace import Workspace

BY = "the report"
_REVIEWED = "reviewed ledger of"


@dataclass(frozen=True, slots=True)
class Review:
    """What a look at the bands has found. `new` are the figures for which a task was made; one a month and figure."""

    left: tuple[Left, ...]
    new: tuple[str, ...]
    sentence: str


def review(ws: Workspace, conn: Connection, who: Who) -> Review:
    """Look at every band, as of the newest ledger, and make a task for each figure that has left its own.

    A figure is asked about once a month, whatever has become of the task. Everything within the caller's transaction.
    """
    from engine.core.figures.bands import leaves
    from engine.core.sentences import figures as said
    from engine.jobs.report import Asked, made
    from engine.store import journal

    bands = ws.live.house.bands
    if not bands:
        return Review((), (), said.NO_BANDS)
    found = made(ws, conn, Asked(only=frozenset(bands)))
    first = found.scopes[0].name
    lines = [
        line
        for line in found.lines
        if line.figure.name in bands and (line.scope in ("", first) or not _one(found))
    ]
    left = [gone for line in lines if (gone := leaves(bands[line.figure.name], line))]
    entries, new = [], []
    for gone in left:
        if (entry := _task(ws, conn, found, gone, who)) is not None:
            entries.append(entry)
            new.append(gone.line.figure.name)
    journal.append(conn, entries, who.at, who.company)
    return Review(tuple(left), tuple(new), said.reviewed(len(new), len(left), len(bands)))


def _one(found: Report) -> bool:
    """Whether the first column stands for all: there is one currency, or all of them are converted into one."""
    return found.single or found.scopes[0].converted


def _task(ws: Workspace, conn: Connection, found: Report, gone: Left, who: Who) -> Any | None:
    """The journal's entry of the task, or None where there is one of this month already."""
    from engine.core.sentences import figures as said
    from engine.jobs.cases import tasks
    from engine.store.tables import action

    line, band = gone.line, gone.band
    scope = f" in {line.scope}" if line.scope and not _one(found) else ""
    step = f"{said.REVIEW}: {line.figure.name}{scope}"
    number = found.as_of.year * 100 + found.as_of.month
    mine = (
        action.c.company == who.company,
        action.c.account == "",
        action.c.step == step,
        action.c.occurrence == number,
    )
    if conn.execute(sa.select(action.c.key).where(*mine)).first() is not None:
        return None

    def told(number: float | None) -> str:
        return "" if number is None else said.written(number, line.figure.unit.value, line.currency)

    place = f"{band.place.file.rpartition('/')[2]}:{band.place.line}"
    period = found.period
    what = said.left_band(
        f"{line.figure.name}{scope}",
        told(line.value.number),
        band.text,
        place,
        told(gone.mean),
        gone.earlier,
        (period.first, period.last),
        step,
    )
    evidence = {
        "figure": line.figure.name,
        "definition": line.figure.says,
        "currency": line.scope or None,
        "value": line.value.number,
        "band": band.text,
        "line": str(band.place),
        "mean": gone.mean,
        "from": period.first.isoformat(),
        "to": period.last.isoformat(),
        "trend": [
            {"to": one.last.isoformat(), "value": value.number}
            for one, value in zip(found.periods, line.trend, strict=True)
        ],
    }
    return tasks.add(ws, conn, "", step, number, what, who, currency=line.currency, more={"review": evidence})


# -- the duty ----------------------------------------------------------------------------------------------------------


def due(conn: Connection, files: Files, now: datetime) -> bool:
    """Once for each day that a ledger has come in of, where the house has bands."""
    if not _banded(files.policies / "house.yaml"):
        return False
    newest = _newest(conn)
    return newest is not None and noted.of(conn, _REVIEWED) != newest.isoformat()


def work(ws: Workspace, clock: Callable[[], datetime], stop: threading.Event) -> list[str]:
    """Look at the bands. Policies that cannot be read have none: the next ledger asks again."""
    from engine.jobs.cases import Who
    from engine.store import database

    now = clock()
    engine = ws.database()
    try:
        with database.writing(engine) as conn:
            newest = _newest(conn)
            if newest is None or stop.is_set():
                return []
            found = review(ws, conn, Who(BY, now, ws.today(now))) if ws.book is not None else None
            noted.put(conn, _REVIEWED, newest.isoformat())
    finally:
        engine.dispose()
    return [found.sentence] if found is not None and found.new else []


def _newest(conn: Connection) -> date | None:
    """The day of the newest ledger."""
    query = sa.select(sa.func.max(ledger_file.c.as_of)).where(
        ledger_file.c.company == COMPANY, ledger_file.c.kind == "ledger"
    )
    found: date | None = conn.execute(query).scalar()
    return found


def _banded(house: Path) -> bool:
    """Whether the house's file speaks of bands at all: to look at it costs nothing, to read it with all policies does."""
    try:
        return re.search(rb"(?m)^bands\s*:", house.read_bytes()) is not None
    except OSError:
        return False
