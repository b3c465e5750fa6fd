"""One evaluation of all accounts, made for a day and written down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.core import sentences
from engine.core.decision.allocate import usual_stop
from engine.core.decision.asked import asked
from engine.core.decision.decide import Decided, allotted, proposed
from engine.core.decision.draw import with_lots
from engine.core.decision.held import HeldGroup, groups, held
from engine.core.decision.plan import day_of
from engine.core.decision.portfolio import drawn
from engine.core.decision.state import State
from engine.core.decision.view import Day
from engine.core.language.policy import House
from engine.errors import Refused
from engine.jobs import brakes
from engine.jobs.ahead import AT_ONCE, room_on, state_on
from engine.jobs.begun import under_way
from engine.jobs.cases import Who, broken, restrictions
from engine.jobs.cases.followups import follow_up
from engine.jobs.records import Writing
from engine.jobs.workspace import Workspace
from engine.store import alarms, bulk, database, journal, ledger, promises, ran, runs, shared, spans
from engine.store.dues import THE_RUN
from engine.store.evidence import Evidence
from engine.store.tables import COMPANY, UNDER_WAY, ActionState, action

_RUN = "the day's run"  # who makes the tasks that nobody asked for


@dataclass(frozen=True, slots=True)
class RunReport:
    """What a run did. `actions` are newly decided; `already` were decided by an earlier run of the day."""

    on: date
    actions: int
    by_kind: Mapping[str, int]
    already: int
    awaiting: int
    held: tuple[HeldGroup, ...]
    stopped: str
    faults: tuple[str, ...]
    evaluators: tuple[str, ...]
    sentence: str
    remedy: str = ""  # what lets a halted house go on; `--agree` does not


def run(ws: Workspace, *, on: date, now: datetime, agreed: str = "", at_once: int = AT_ONCE) -> RunReport:
    """Decide the day and write everything down in one transaction. Running it again adds only what is newly due.

    `agreed` names who lets a run go that the safety stop, or a ledger that changed too much, has held. Where more than
    `at_once` items are open, the accounts are decided in parts, so that a larger ledger hardly needs more memory.
    """
    engine = ws.database()
    try:
        with bulk.uncollected(), database.writing(engine) as conn:
            if spans.more_open_than(conn, at_once):
                from engine.jobs.sealing import made_alone  # which is seldom needed, and needs what is here

                return made_alone(ws, conn, on=on, now=now, agreed=agreed, size=at_once // 2)
            return _run(ws, conn, on, now, agreed)
    finally:
        engine.dispose()


def _run(ws: Workspace, conn: Connection, on: date, now: datetime, agreed: str) -> RunReport:
    refused = made_ready(ws, conn, on, now, agreed)
    if refused is not None:
        return refused
    book = ws.live
    state = state_on(ws, conn, on, now, asked=asked(book))
    house = house_on(ws, conn, on, agreed)
    day = day_on(ws, on, state)
    lots = drawn(book, state, day)
    state = with_lots(state, lots)
    whole = proposed(book, state, day, ws.rules)
    decided = allotted(replace(book, house=house), whole, room_on(ws, conn, on))
    zone = ws.settings.workspace.zone
    company = database.company(conn)
    writing = Writing(
        company, book, state, decided, ws.calendar, zone, now, now, under_way(conn), agreed, lots
    )
    head = writing.head()
    before = ran.run_of(conn, on)
    committed = runs.commit_run(conn, head, writing.parts(head))
    settled_up(ws, conn, on, now, decided.stopped)
    return _report(ws, conn, decided, head, committed, before is not None)


def made_ready(ws: Workspace, conn: Connection, on: date, now: datetime, agreed: str) -> RunReport | None:
    """What has to be settled before a day is decided; a report where it may not be decided.

    A run that workers are still at is given up: two of them would decide the same.
    """
    halt = brakes.quarantined(conn, Evidence.beside(conn.engine, ws.files.out), now)
    if halt is not None:
        return _not_made(ws, conn, on, halt.sentence, halt.remedy)
    as_of = ledger.newest(conn)
    if as_of is None:
        raise Refused("there is no ledger yet", "“dunwell import FILE” brings one in")
    held = runs.hold(conn)
    if held and not agreed:
        alarms.raised(conn, alarms.STOPPED, THE_RUN, held, now)
        return _not_made(ws, conn, on, held)
    if held:
        runs.lift_hold(conn)
    if other := shared.under_way(conn):
        shared.give_up(conn, other, "the day is decided anew", now)
    _, settled = promises.settle_promises(conn, on, as_of)  # the last import may have been too early to tell
    settled += follow_up(ws, conn, Who(_RUN, now, on))
    if settled:
        journal.append(conn, settled, now)
    return None


def house_on(ws: Workspace, conn: Connection, on: date, agreed: str) -> House:
    """The house with the safety stop that the last runs give it, or with none where somebody has agreed."""
    house = ws.live.house
    return replace(house, stop={}) if agreed else usual_stop(house, ran.usual(conn, on))


def day_on(ws: Workspace, on: date, state: State) -> Day:
    """The day as the house's calendar has it, with a ledger of that age."""
    fresh = ws.live.house.fresh
    return day_of(ws.live, ws.calendar, on, stale=fresh > 0 and state.age > fresh)


def settled_up(ws: Workspace, conn: Connection, on: date, now: datetime, stopped: str) -> None:
    """What follows a day that has been decided: reviews that fall due, the alarm of a stop, calls about promises."""
    journal.append(conn, restrictions.reviews(conn, on, now, ws.live.house.owner), now)
    if stopped:
        alarms.raised(conn, alarms.STOPPED, THE_RUN, stopped, now)
    else:
        alarms.cleared(conn, alarms.STOPPED, now, THE_RUN)
        if called := broken.follow_up(ws, conn, Who("", now, on)):
            journal.append(conn, called, now)


def _not_made(ws: Workspace, conn: Connection, on: date, why: str, remedy: str = "") -> RunReport:
    """Nothing was decided, and nothing written down."""
    evaluators = tuple(rule.name for rule in ws.rules)
    return RunReport(on, 0, {}, 0, awaiting(conn, on), (), why, (), evaluators, why, remedy)


def awaiting(conn: Connection, on: date) -> int:
    """How many actions wait for somebody to agree on a day."""
    waits = action.c.state == ActionState.AWAITING_APPROVAL.value
    ripe = sa.or_(action.c.not_before.is_(None), action.c.not_before <= on)
    query = sa.select(sa.func.count()).where(
        action.c.company == COMPANY, waits, ripe, sa.text(f"action.{UNDER_WAY}")
    )
    return int(conn.execute(query).scalar_one())


def _report(
    ws: Workspace,
    conn: Connection,
    decided: Decided,
    head: runs.RunRecord,
    committed: runs.Committed,
    again: bool,
) -> RunReport:
    by_kind = {name: count for name, count in head.counts.items() if name != "actions"}
    new = committed.added + committed.advanced
    return RunReport(
        on=decided.day.on,
        actions=new,
        by_kind=by_kind if new else {},
        already=committed.ignored,
        awaiting=awaiting(conn, decided.day.on),
        held=groups(held(ws.live.house, decided)),
        stopped=decided.stopped,
        faults=tuple(fault.sentence for fault in decided.faults),
        evaluators=decided.evaluators,
        sentence=sentences.run_said(new, again, decided.stopped),
    )
