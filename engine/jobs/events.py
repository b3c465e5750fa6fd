"""Tells other programs what has happened: an event is an entry of the journal, signed, in the order of the book.

Each receiver is told from the moment on at which it was first written into the settings. Until it takes an event nothing
later goes to it. An event may come twice, always with the same id. Light at import: the process that only waits asks `due`.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from engine.core.events import EVENTS, named
from engine.settings import Webhook as Receiver
from engine.settings import Workspace as Files
from engine.store import database, halts, noted, ways_out
from engine.store.tables import COMPANY, journal, journal_head
from engine.store.ways_out import Rest

if TYPE_CHECKING:
    from engine.channels.receipt import Receipt
    from engine.jobs.workspace import Workspace

_MOST = 200  # events between two looks at the database
_PLACE = "events "  # its place in the journal; and its name among the ways out
_FIRST, _LONGEST = timedelta(minutes=1), timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Event:
    """An entry of the journal as it is told. `number` is its place in the book."""

    number: int
    at: str
    kind: str
    account: str
    facts: Mapping[str, Any]
    company: str = COMPANY

    @property
    def id(self) -> str:
        """The same for every try, so that the receiver can drop the second, and no other company's."""
        return f"dwe_{self.company}_{self.number}"

    def body(self) -> bytes:
        """The event as JSON, always the same bytes for the same entry."""
        told = {
            "type": named(self.kind),
            "id": self.id,
            "number": self.number,
            "at": self.at,
            "kind": self.kind,
            "account": self.account,
            "facts": dict(self.facts),
        }
        return json.dumps(told, ensure_ascii=False).encode()


def due(conn: Connection, files: Files, now: datetime) -> bool:
    """Whether a receiver is new, or there is something that it has not heard."""
    hooks = dict(_receivers(files))
    if not hooks or halts.halted(conn):
        return False
    rests = ways_out.rests(conn)
    for name, hook in hooks.items():
        rest = rests.get(_PLACE + name)
        if rest is None or rest.until <= now:
            place = _place(conn, name)
            if place is None or _after(conn, hook, place, 1):
                return True
    return False


def tell(ws: Workspace, clock: Callable[[], datetime], stop: threading.Event) -> list[str]:
    """Tell each receiver what it has not heard. Says what could not be told, and why."""
    engine = ws.database()
    try:
        with database.reading(engine) as conn:
            if halts.halted(conn):
                return []
        return asyncio.run(_tell(ws, engine, clock, stop))
    finally:
        engine.dispose()


async def _tell(
    ws: Workspace, engine: Engine, clock: Callable[[], datetime], stop: threading.Event
) -> list[str]:
    from engine.jobs.deliver import ways_out

    async with ways_out(ws, clock) as senders:
        each = [
            _one(engine, name, hook, senders[f"webhook {name}"], clock, stop)
            for name, hook in _receivers(ws.files)
        ]
        return [said for found in await asyncio.gather(*each) for said in found]


async def _one(
    engine: Engine,
    name: str,
    hook: Receiver,
    sender: Any,
    clock: Callable[[], datetime],
    stop: threading.Event,
) -> list[str]:
    """One receiver, event after event, until it has heard all or one cannot be told."""
    with database.reading(engine) as conn:
        rest, place = ways_out.rests(conn).get(_PLACE + name), _place(conn, name)
    if rest is not None and rest.until > clock():
        return []
    if place is None:
        with database.aside(engine) as conn:
            noted.put(conn, _PLACE + name, str(_head(conn)))
        return []
    said: list[str] = []
    while not stop.is_set():
        with database.reading(engine) as conn:
            events = _after(conn, hook, place, _MOST)
        if not events:
            return said
        told = place
        receipt: Receipt | None = None
        for event in events:
            receipt = await sender.send(event, _no_stage)
            if receipt.state.value == "failed":  # it will never take this one, and has said so
                said.append(f"event {event.number} ({named(event.kind)}) is refused: {receipt.sentence}")
            elif receipt.state.value != "sent":
                break
            told, receipt = event.number, None
            if stop.is_set():
                break
        with database.aside(engine) as conn:
            if told > place:
                noted.put(conn, _PLACE + name, str(told))
            if receipt is not None:
                rest = _rest(name, receipt, rest if told == place else None, clock())
                ways_out.rest(conn, rest)
                said.append(f"the events for {name} wait: {receipt.sentence}")
                return said
            if rest is not None:
                ways_out.wake(conn, rest.channel)
                rest = None
        place = told
    return said


async def _no_stage(name: str, evidence: Mapping[str, str]) -> None:
    """There is no point of no return: an event that comes twice does no harm."""


def _rest(name: str, receipt: Receipt, before: Rest | None, now: datetime) -> Rest:
    """For how long nothing is tried: twice as long each time, an hour at most."""
    made = Rest(_PLACE + name, now + _FIRST, receipt.sentence, receipt.route.value == "held", 1)
    if before is None:
        return made
    wait = min(_LONGEST, _FIRST * 2 ** min(before.times, 10))
    return replace(made, until=now + wait, times=before.times + 1)


def _receivers(files: Files) -> Iterator[tuple[str, Receiver]]:
    """Who is to hear something. Without a secret nothing could be signed."""
    for name, hook in files.settings.webhooks.items():
        if hook.events and hook.secret is not None:
            yield name, hook


def _after(conn: Connection, hook: Receiver, place: int, most: int) -> list[Event]:
    kinds = [kind for name in hook.events for kind in EVENTS.get(name, ())]
    rows = conn.execute(
        sa.select(journal.c.seq, journal.c.at, journal.c.kind, journal.c.account, journal.c.body)
        .where(journal.c.stream == COMPANY, journal.c.seq > place, journal.c.kind.in_(kinds))
        .order_by(journal.c.seq)
        .limit(most)
    )
    whose = database.company(conn)
    return [Event(row.seq, row.at, row.kind, row.account, orjson.loads(row.body), whose) for row in rows]


def _place(conn: Connection, name: str) -> int | None:
    """The last entry that a receiver has heard of; None where it is new."""
    found = noted.of(conn, _PLACE + name)
    return None if found is None else int(found)


def _head(conn: Connection) -> int:
    query = sa.select(journal_head.c.seq).where(journal_head.c.stream == COMPANY)
    return int(conn.execute(query).scalar() or 0)
