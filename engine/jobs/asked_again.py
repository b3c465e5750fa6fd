"""Terms and holds that the ledger system does not show as asked for are asked for again, run by run, till it does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.channels.request import Request
from engine.core import warnings
from engine.core.cases.restrictions import Standing
from engine.errors import DunwellError
from engine.jobs import requests
from engine.jobs.by_hand import ledger_age
from engine.jobs.readback import about, compare
from engine.jobs.workspace import Workspace
from engine.store import alarms, database, halts, invariants, journal, outbox, restrictions, runs
from engine.store.invariants import Proof
from engine.store.journal import Entry
from engine.store.tables import action


def assert_again(ws: Workspace, clock: Callable[[], datetime]) -> list[str]:
    """At each run: whose terms or hold are known to be others than asked for is asked for again, till it is so.

    It is a state with a version and no toggle, under the same identity, so that asking twice does no harm. New terms and
    holds are not asked for again while nobody can say what is owed, and never once the account has paid.
    """
    now = clock()
    engine = ws.database()
    try:
        with database.reading(engine) as conn:
            proofs = [] if halts.halted(conn) else _open_requests(conn)
        if not proofs:
            return []
        said = compare(ws, proofs, clock)
        with database.reading(engine) as conn:
            wrong = {one.about for one in alarms.standing(conn, alarms.INVARIANT)}
            sure = not _unsure(ws, conn, now)
            open_ = [one for one in _open_requests(conn) if about(one) in wrong]
            again = [one for one in open_ if one.desired != _restricting(conn, one) or sure]
            made = [_made(conn, one) for one in again]
        told = asyncio.run(_send_again(ws, made, clock)) if made else []
        with database.writing(engine) as conn:
            journal.append(conn, [entry for entry, _ in told], now)
        return [*said, *(sentence for _, sentence in told)]
    finally:
        engine.dispose()


def _open_requests(conn: Connection) -> list[Proof]:
    """The newest request of each restriction that stands, as it was sent. What has paid waits for its way back."""
    keys = set()
    for one in restrictions.standing(conn):
        if one.state is Standing.RELEASING:
            keys.add(restrictions.release_key(conn, one))
        elif one.state in (Standing.REQUESTED, Standing.IN_FORCE):
            keys.add(one.action)
    return [one for one in invariants.proofs(conn, ("terms", "hold")) if one.key in keys] if keys else []


def _restricting(conn: Connection, one: Proof) -> str:
    """The value of a request that takes something away; of a way back nothing."""
    there = [each.value for each in restrictions.standing(conn, one.account) if each.action == one.key]
    return there[0] if there else ""


def _unsure(ws: Workspace, conn: Connection, now: datetime) -> bool:
    """Nobody can say what is owed: the ledger is too old, or one that changed too much waits for somebody."""
    return bool(runs.hold(conn)) or 0 < ws.live.house.fresh < ledger_age(conn, ws.today(now), now)


def _made(conn: Connection, one: Proof) -> tuple[str, Request]:
    """(way out, request): the very bytes that were sent."""
    row = outbox.find(conn, one.key)
    assert row is not None
    found = conn.execute(sa.select(action).where(action.c.key == one.key)).mappings().one()
    return row.channel, requests.made(row, found, orjson.loads(found["detail"]), requests.version(conn, row))


async def _send_again(
    ws: Workspace, made: Sequence[tuple[str, Request]], clock: Callable[[], datetime]
) -> list[tuple[Entry, str]]:
    """What to put in the journal of each, and a sentence. What fails is asked for again by the next run."""
    from engine.jobs.deliver import ways_out

    told = []
    try:
        async with ways_out(ws, clock) as senders:
            for channel, request in made:
                receipt = await senders[channel].send(request, _no_stage)
                body = {"key": request.key, "channel": channel, "version": request.version}
                body |= {"desired": request.desired, "state": receipt.state.value, "said": receipt.sentence}
                sentence = warnings.asked_again(request.account, request.desired, receipt.sentence)
                told.append((Entry("asked again", request.account, body), sentence))
    except DunwellError:
        pass  # the settings are not whole; delivery says so
    return told


async def _no_stage(name: str, evidence: object) -> None:
    """It was sent before: nothing new begins that could be done twice."""
