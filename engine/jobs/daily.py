"""What the service does for the house by itself: it decides the day, and lets messages out as they may go."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy.engine import Engine

from engine.core import sentences
from engine.jobs import evaluate as evaluation
from engine.jobs import sealing, shared
from engine.jobs.asked_again import assert_again
from engine.jobs.deliver import DeliverReport, deliver_now
from engine.jobs.workspace import Workspace
from engine.store import alarms, database, dues, queue
from engine.store.shared import SharedRun

Clock = Callable[[], datetime]


def evaluate(ws: Workspace, clock: Clock, stop: threading.Event) -> list[str]:
    """Decide the date that is due now. It is one transaction: `stop` finds it made or not begun."""
    now = clock()
    on = dues.business_date(ws.files, now)
    if on is None or stop.is_set():
        return []
    begun = shared.shared_out(ws, on=on, now=now)
    if isinstance(begun, SharedRun):
        return [sentences.shared_out(on, begun.parts)]
    report = begun or evaluation.run(ws, on=on, now=now)
    _warn(ws, report.faults, now)
    return [sentences.run_of_day(on, report.sentence), *follow(ws, clock, stop)]


def seal(ws: Workspace, engine: Engine, run: int, clock: Clock, known: shared.Known) -> list[str]:
    """Seal a run that workers have made, where no part is missing. What a run asks for again, the service does."""
    report = sealing.seal(ws, engine, run, clock=clock, defer=queue.put_parts, known=known)
    if report is None:
        return []
    _warn(ws, report.faults, clock())
    return [sentences.run_of_day(report.on, report.sentence)]


def follow(ws: Workspace, clock: Clock, stop: threading.Event) -> list[str]:
    """What follows a run, whoever has made it: it may need this machine's folder."""
    engine = ws.database()
    try:
        with database.writing(engine) as conn:
            dues.followed(conn)
    finally:
        engine.dispose()
    return assert_again(ws, clock)


def deliver(ws: Workspace, clock: Clock, stop: threading.Event) -> list[str]:
    """Send what may go. After `stop` nothing more is begun, and what is in hand is finished."""
    return _said(deliver_now(ws, now=clock(), clock=clock, stop=stop))


def help_out(ws: Workspace, clock: Clock, stop: threading.Event) -> list[str]:
    """Send what may go to a server, beside the service itself."""
    return _said(deliver_now(ws, now=clock(), clock=clock, stop=stop, helping=True))


def _warn(ws: Workspace, faults: Sequence[str], now: datetime) -> None:
    """The evaluators did not agree on some accounts, of which nothing was done: somebody must look."""
    engine = ws.database()
    try:
        with database.writing(engine) as conn:
            if faults:
                alarms.raised(conn, alarms.RUN, "disagreement", "; ".join(faults[:3]), now)
            else:
                alarms.cleared(conn, alarms.RUN, now, "disagreement")
    finally:
        engine.dispose()


def _said(report: DeliverReport) -> list[str]:
    """What a round did, without anybody's name: nothing where it did nothing."""
    said = [sentences.gone_out(number, channel) for channel, number in sorted(report.sent.items())]
    for results, what in (
        (report.failed, "failed"),
        (report.uncertain, "may or may not have arrived"),
        (report.dropped, "called off"),
    ):
        if results:
            said.append(f"{sentences.messages(len(results))} {what}")
    return [*said, *report.rests]
