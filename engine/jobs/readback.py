"""Asks the ledger system some minutes later whether it has taken over what it said yes to.

Light at import: the process that only waits asks `due`.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.core import warnings
from engine.errors import DunwellError
from engine.settings import Workspace as Files
from engine.store import alarms, database, halts, invariants, noted
from engine.store.invariants import Proof
from engine.store.moments import moment_text
from engine.store.tables import COMPANY, journal, journal_head

if TYPE_CHECKING:
    from engine.jobs.workspace import Workspace

LATER = timedelta(minutes=5)  # after its yes
NIGHTLY = timedelta(days=30)  # how far back the nightly look asks
_MOST = 500  # requests that one look asks about
_TAIL = 50_000  # entries at the end of the journal that are looked through
_SEEN = "read back until"
_WAY = "webhook "


def due(conn: Connection, files: Files, now: datetime) -> bool:
    """Whether a ledger system that can be asked has said yes to something, long enough ago."""
    return bool(_asking(files)) and not halts.halted(conn) and bool(_new(conn, files, now, 1))


def ask(ws: Workspace, clock: Callable[[], datetime], stop: threading.Event) -> list[str]:
    """Ask about each request that was sent since the last look. A difference is an alarm."""
    now = clock()
    engine = ws.database()
    try:
        with database.reading(engine) as conn:
            new = _new(conn, ws.files, now, _MOST)
            keys = {key for _, key in new}
            proofs = [one for one in _newest(conn) if one.key in keys]
        said = compare(ws, proofs, clock)
        if new:
            with database.aside(engine) as conn:
                noted.put(conn, _SEEN, str(max(seq for seq, _ in new)))
        return said
    finally:
        engine.dispose()


def ask_all(ws: Workspace, clock: Callable[[], datetime]) -> list[str]:
    """Ask about the newest request of each account of the last weeks: nightly, since a state may be set back."""
    engine = ws.database()
    try:
        with database.reading(engine) as conn:
            since = moment_text(clock() - NIGHTLY)
            proofs = [one for one in _newest(conn) if one.changed_at >= since][-_MOST:]
        return compare(ws, proofs, clock)
    finally:
        engine.dispose()


def compare(ws: Workspace, proofs: Sequence[Proof], clock: Callable[[], datetime]) -> list[str]:
    """What the ledger system has against what was asked for. Raises and clears alarms, and says what differs."""
    names = _asking(ws.files)
    wanted = [one for one in proofs if ws.files.hook(one.channel) in names and one.id]
    if not wanted:
        return []
    answers = asyncio.run(_ask(ws, wanted, clock))
    now, said = clock(), []
    shows = [(one, answer.shown) for one, answer in zip(wanted, answers, strict=True) if answer.shown]
    engine = ws.database()
    try:
        with database.aside(engine) as conn:
            for one, answer in zip(wanted, answers, strict=True):
                name, what = ws.files.hook(one.channel), about(one)
                if answer.differs:
                    said.append(warnings.not_taken_over(one.account, name, answer.differs))
                    alarms.raised(conn, alarms.INVARIANT, what, said[-1], now)
                elif answer.differs is not None:
                    alarms.cleared(conn, alarms.INVARIANT, now, what)
        if shows:
            with database.writing(engine) as conn:
                _took_over(ws, conn, shows, now)
    finally:
        engine.dispose()
    return said


def _took_over(ws: Workspace, conn: Connection, shows: Sequence[tuple[Proof, str]], now: datetime) -> None:
    """What it shows to be as it was asked for is in force, or over, from now on."""
    from engine.store import journal as book
    from engine.store.shown import took_over

    told = []
    for one, state in shows:
        told += took_over(conn, one.account, one.kind, state, ws.today(now), ws.files.hook(one.channel))
    book.append(conn, told, now)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What differs, empty where nothing does, None where it is not known; and the state that it shows, where it does."""

    differs: str | None = None
    shown: str = ""


async def _ask(ws: Workspace, wanted: Sequence[Proof], clock: Callable[[], datetime]) -> list[_Answer]:
    """One after the other, to ask politely."""
    from engine.channels.webhook import Webhook
    from engine.jobs.deliver import ways_out

    answers: list[_Answer] = []
    try:
        async with ways_out(ws, clock) as senders:
            for one in wanted:
                sender = senders[one.channel]
                assert isinstance(sender, Webhook)
                answers.append(_answer(one, *await sender.has(one.id)))
    except DunwellError:
        pass  # the settings are not whole; delivery says so
    return answers + [_Answer()] * (len(wanted) - len(answers))


def _answer(one: Proof, has: bool | None, told: Any) -> _Answer:
    if has is None:
        return _Answer()
    if not has:
        return _Answer("it does not know the request")
    there = told.get("desired")
    if there is None or there == one.desired:
        return _Answer("", str(there or ""))
    return _Answer(f"it says “{there}”, and “{one.desired}” was asked for", str(there))


def about(one: Proof) -> str:
    """What the alarm of a difference is about: the webhook, or terms and holds wherever they go."""
    return f"I5 {one.account} {one.channel.removeprefix(_WAY) if one.kind == 'webhook' else one.kind}"


def _asking(files: Files) -> set[str]:
    hooks = files.settings.webhooks.items()
    return {name for name, hook in hooks if hook.read_back and hook.secret is not None}


def _newest(conn: Connection) -> list[Proof]:
    """The newest request of each account to each ledger system, in the order in which they were planned."""
    asked = invariants.proofs(conn, ("webhook", "terms", "hold", "hand off"))
    return list({(one.account, one.channel, one.kind): one for one in asked}.values())


def _new(conn: Connection, files: Files, now: datetime, most: int) -> list[tuple[int, str]]:
    """(entry of the journal, key) of requests that were sent since the last look, and long enough ago."""
    seen = int(noted.of(conn, _SEEN) or 0)
    head = sa.select(journal_head.c.seq).where(journal_head.c.stream == COMPANY)
    last = int(conn.execute(head).scalar() or 0)
    entries = conn.execute(
        sa.select(journal.c.seq, journal.c.body)
        .where(
            journal.c.stream == COMPANY,
            journal.c.seq > max(seen, last - _TAIL),
            journal.c.kind == "delivery",
            journal.c.at <= moment_text(now - LATER),
            sa.or_(
                journal.c.body.contains('"channel":"webhook ', autoescape=True),
                journal.c.body.contains('"channel":"request"', autoescape=True),
            ),
        )
        .order_by(journal.c.seq)
        .limit(most)
    )
    told = ((seq, orjson.loads(body)) for seq, body in entries)
    return [(seq, body["key"]) for seq, body in told if body["state"] == "sent"]
