"""Looks for what has gone wrong, and tells people, more and more rarely, until it is mended or they have heard enough.

Looking is light, so that the process that only waits can ask `due`. Telling loads the ways out.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, make_url

from engine.core import warnings
from engine.errors import DunwellError
from engine.jobs import arrivals
from engine.settings import Workspace as Files
from engine.store import alarms, database, dues, halts, lease, noted, outbox, ran, released, ways_out
from engine.store.alarms import Alarm
from engine.store.gauges import gauges
from engine.store.moments import moment_text
from engine.store.tables import COMPANY, action, ledger_file
from engine.store.tables import outbox as messages

if TYPE_CHECKING:
    from engine.channels.receipt import Receipt
    from engine.jobs.workspace import Workspace

DOUBT = timedelta(hours=1)  # how long a message may be uncertain before people hear of it
LATE = timedelta(hours=1)  # how long after its hour a run may be missing
WAITS = timedelta(days=1)  # how long changed policies may wait for a second person
FAILED = timedelta(days=1)  # how long a failed message is news
SILENCE = timedelta(minutes=3)  # without a beat of the service
RESTS = 6  # rests in a row: about half an hour in which a way out did not work
ROOM, SHARE = 500_000_000, 0.05  # bytes, and of the whole: below either the disk is nearly full
# After the first telling; then once a day.
AGAIN = (timedelta(hours=4), timedelta(hours=20))
DAILY = timedelta(days=1)
_TRY_AGAIN = timedelta(minutes=15)  # where nobody could be told
_MOST_TOLD = 20  # things that one mail names
_NEXT, _LOOKED = "alarms: next try", "alarms: looked on"
_MISSING, _WAITING, _LEDGER, _SILENT = "missing", "waiting", "ledger", "silent feed "


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing that is wrong at this moment."""

    kind: str
    about: str
    sentence: str


# -- looking -----------------------------------------------------------------------------------------------------------


def wrong(conn: Connection, files: Files, now: datetime) -> tuple[Wrong, ...]:
    """All that the database and the disks show to be wrong. Small questions only."""
    return (
        *_uncertain(conn, now),
        *_failed(conn, now),
        *_routes(conn, now),
        *_run(conn, files, now),
        *_staged(conn, now),
        *_disks(files),
        *(Wrong(alarms.FEED, _SILENT + name, said) for name, said in arrivals.stale(conn, files, now)),
    )


def due(conn: Connection, files: Files, now: datetime) -> bool:
    """Whether something is newly wrong, or over, or people are to be told; and once a day in any case."""
    found = {(one.kind, one.about) for one in wrong(conn, files, now)}
    stands = alarms.standing(conn)
    known = {(one.kind, one.about) for one in stands}
    if found - known or any(_ours(one) and (one.kind, one.about) not in found for one in stands):
        return True
    if noted.of(conn, _LOOKED) != _day(files, now).isoformat():
        return True
    stale = next((one for one in stands if (one.kind, one.about) == (alarms.FEED, _LEDGER)), None)
    newest = _newest(conn)
    if stale is not None and newest is not None and newest > moment_text(stale.last_at):
        return True
    return bool(to_tell(stands, now)) and _may_try(conn, now)


def to_tell(stands: Sequence[Alarm], now: datetime) -> tuple[Alarm, ...]:
    """Those of which people are to hear now: at once, after 4 hours, after a day, then daily; quiet ones never."""
    return tuple(one for one in stands if not one.quiet and _next_telling(one) <= now)


def _next_telling(one: Alarm) -> datetime:
    if one.told_at is None or not one.told:
        return one.first_at
    return one.told_at + (AGAIN[one.told - 1] if one.told <= len(AGAIN) else DAILY)


def _uncertain(conn: Connection, now: datetime) -> Iterator[Wrong]:
    # The state stands in it as text: only so SQLite uses the index that has nothing else.
    query = (
        sa.select(messages.c.action, action.c.account, action.c.kind, messages.c.changed_at)
        .join_from(messages, action, action.c.key == messages.c.action)
        .where(
            messages.c.state == sa.literal_column(f"'{outbox.UNCERTAIN}'"),
            messages.c.changed_at <= moment_text(now - DOUBT),
        )
        .order_by(messages.c.id)
    )
    for key, account, kind, since in conn.execute(query):
        sentence = warnings.uncertain(kind, account, key, datetime.fromisoformat(since))
        yield Wrong(alarms.UNCERTAIN, key, sentence)


def _failed(conn: Connection, now: datetime) -> Iterator[Wrong]:
    query = sa.select(sa.func.count()).where(
        messages.c.state == sa.literal_column(f"'{outbox.FAILED}'"),
        messages.c.changed_at > moment_text(now - FAILED),
    )
    if count := int(conn.execute(query).scalar_one()):
        yield Wrong(alarms.FAILED, "", warnings.failed(count))


def _routes(conn: Connection, now: datetime) -> Iterator[Wrong]:
    for channel, rest in sorted(ways_out.rests(conn).items()):
        if rest.held or rest.times >= RESTS:
            because = warnings.without_people(rest.because)
            yield Wrong(alarms.ROUTE, channel, warnings.route(channel, because, rest.held))


def _run(conn: Connection, files: Files, now: datetime) -> Iterator[Wrong]:
    """A run that was due an hour ago and still is. One that asks first, or that a brake holds, has its own alarm."""
    then = now - LATE
    on = dues.business_date(files, then)
    if on is None or on != dues.business_date(files, now) or ran.run_of(conn, on) is not None:
        return
    if dues.run_due(conn, files, now) and dues.run_due(conn, files, then):
        yield Wrong(alarms.RUN, _MISSING, warnings.run_missing(on))


def _staged(conn: Connection, now: datetime) -> Iterator[Wrong]:
    waits = released.standing(conn)
    if waits is not None and waits.state is released.State.STAGED and waits.staged_at <= now - WAITS:
        yield Wrong(alarms.POLICIES, _WAITING, warnings.staged(waits.staged_at))


def _disks(files: Files) -> Iterator[Wrong]:
    """Where the database is, if it is a file of ours, and where messages go."""
    url = make_url(files.database_url)
    places: dict[str, Path] = {}
    if url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:"):
        places["the database"] = Path(str(url.database)).parent
    places["the folder of messages"] = files.out
    for name, place in places.items():
        there = next((folder for folder in (place, *place.parents) if folder.exists()), None)
        if there is None:
            continue
        total, _, free = shutil.disk_usage(there)
        if free < ROOM or (total and free / total < SHARE):
            yield Wrong(alarms.DISK, name, warnings.disk(name, free, free / total if total else 0))


def silent(conn: Connection, now: datetime) -> str:
    """That the service has not shown itself for three minutes, as others see it; empty: it has, or there is none."""
    held = lease.held(conn)
    if held is None or now - held.beat <= SILENCE:
        return ""
    return warnings.silent(held.host, held.pid, held.beat)


def _ours(one: Alarm) -> bool:
    """Whether this alarm is raised by looking, and so is over when nothing is seen any more."""
    if one.kind in (alarms.UNCERTAIN, alarms.FAILED, alarms.ROUTE, alarms.DISK):
        return True
    if one.kind == alarms.FEED and one.about.startswith(_SILENT):
        return True
    return (one.kind, one.about) in ((alarms.RUN, _MISSING), (alarms.POLICIES, _WAITING))


# -- the duty ----------------------------------------------------------------------------------------------------------


def watch(ws: Workspace, clock: Callable[[], datetime], stop: threading.Event) -> list[str]:
    """Raise what is wrong, clear what is over, and tell people what they are to hear. A line for each change."""
    now = clock()
    engine = ws.database()
    try:
        with database.reading(engine) as conn:
            found = (*wrong(conn, ws.files, now), *_stale(ws, conn, now))
        with database.aside(engine) as conn:
            said = _keep(conn, ws.files, found, now)
        with database.reading(engine) as conn:
            telling = to_tell(alarms.standing(conn), now) if _may_try(conn, now) else ()
        if telling and not stop.is_set():
            told, how = asyncio.run(_tell(ws, telling, clock))
            with database.aside(engine) as conn:
                if told:
                    for one in telling:
                        alarms.told(conn, one, now)
                else:
                    noted.put(conn, _NEXT, moment_text(now + _TRY_AGAIN))
            said += [f"alarm {one.kind}: {warnings.without_people(one.sentence)}" for one in telling] + how
        return said
    finally:
        engine.dispose()


def _keep(conn: Connection, files: Files, found: Sequence[Wrong], now: datetime) -> list[str]:
    said = []
    for one in found:
        alarms.raised(conn, one.kind, one.about, one.sentence, now)
    seen = {(one.kind, one.about) for one in found}
    for alarm in alarms.standing(conn):
        ours = _ours(alarm) or (alarm.kind, alarm.about) == (alarms.FEED, _LEDGER)
        if ours and (alarm.kind, alarm.about) not in seen:
            alarms.cleared(conn, alarm.kind, now, alarm.about)
            said.append(f"over: {warnings.without_people(alarm.sentence)}")
    noted.put(conn, _LOOKED, _day(files, now).isoformat())
    return said


def _stale(ws: Workspace, conn: Connection, now: datetime) -> Iterator[Wrong]:
    """The newest ledger is older than the policies allow. While they cannot be read, nobody can say."""
    if ws.book is None or not ws.book.house.fresh or halts.halted(conn):
        return
    since = gauges(conn).ledger_from
    if since is not None and now - since > timedelta(hours=ws.book.house.fresh):
        yield Wrong(alarms.FEED, _LEDGER, warnings.stale(since, int((now - since).total_seconds() // 3600)))


# -- telling -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Note:
    """What a webhook is told of alarms. The id is the same for the same alarms told as often."""

    key: str
    day: date
    content: bytes

    @property
    def id(self) -> str:
        return "dwa_" + hashlib.sha256(self.key.encode()).hexdigest()[:40]

    def body(self) -> bytes:
        return self.content


async def _tell(
    ws: Workspace, telling: Sequence[Alarm], clock: Callable[[], datetime]
) -> tuple[bool, list[str]]:
    """Mail to the admins and a note to the webhook, as far as they are set. Whether it is done, and what went wrong.

    Where nothing is set the log is all there is, and that is done. The same alarms told as often make the same
    Message-ID, so after a crash a second mail can be seen to be the same. An alarm about mail does not go by mail.
    """
    wanted, said, done = ws.settings.alarms, [], []
    if not wanted.email and not wanted.webhook:
        return True, []
    try:
        from engine.jobs.deliver import ways_out

        async with ways_out(ws, clock) as senders:
            by_mail = [one for one in telling if (one.kind, one.about) != (alarms.ROUTE, "email")]
            if wanted.email and by_mail:
                done.append(await _mail(ws, by_mail, senders["email"], clock()))
            if wanted.webhook:
                sender = senders[f"webhook {wanted.webhook}"]
                done.append(
                    await sender.send(_note(ws.settings.workspace.company, telling, clock()), _no_stage)
                )
    except DunwellError as error:
        said.append(f"nobody could be told: {error.sentence}")
    said += [f"told in vain: {warnings.without_people(one.sentence)}" for one in done if not _reached(one)]
    only_log = wanted.email and not wanted.webhook and not done and not said
    return bool(only_log) or any(map(_reached, done)), said


def _reached(receipt: Receipt) -> bool:
    """In doubt it has arrived: a person who hears of it a day later is better than one who hears it every hour."""
    return receipt.state.value in ("sent", "uncertain") or bool(receipt.reached)


async def _mail(ws: Workspace, telling: Sequence[Alarm], sender: Any, at: datetime) -> Receipt:
    from engine.channels.mail import compose
    from engine.channels.receipt import Outcome, Receipt, Unsendable

    named = telling[:_MOST_TOLD]
    ours, mail, to = ws.settings.company, ws.settings.mail, ws.settings.alarms.email
    made = compose(
        _key(ws.settings.workspace.company, telling),
        sender=str(mail.from_ or ours.email or to[0]),
        to=[str(address) for address in to],
        subject=warnings.subject([one.sentence for one in telling]),
        text=warnings.letter(
            ws.settings.workspace.name or ours.name,
            [(one.id, one.sentence, one.first_at, one.told) for one in named],
            len(telling) - len(named),
        ),
        at=at,
        name="Dunwell",
    )
    if isinstance(made, Unsendable):
        return Receipt(Outcome.FAILED, "", made.sentence)
    receipt: Receipt = await sender.send(made, _no_stage)
    return receipt


def _note(company: str, telling: Sequence[Alarm], at: datetime) -> _Note:
    told = [
        {
            "id": one.id,
            "kind": one.kind,
            "about": one.about,
            "sentence": warnings.without_people(one.sentence),
            "since": moment_text(one.first_at),
            "seen": one.times,
            "told": one.told,
        }
        for one in telling
    ]
    body = {"type": "dunwell.alarms", "at": moment_text(at), "alarms": told}
    return _Note(
        _key(company, telling), at.date(), json.dumps(body, ensure_ascii=False, indent=1).encode() + b"\n"
    )


async def _no_stage(name: str, evidence: object) -> None:
    """An alarm is told twice rather than not at all: nothing is kept between its steps."""


def _key(company: str, telling: Sequence[Alarm]) -> str:
    whose = f"of {company} " if company != COMPANY else ""
    return f"alarms {whose}" + " ".join(f"{one.id}.{one.told}" for one in telling)


# -- kept between looks ------------------------------------------------------------------------------------------------


def _newest(conn: Connection) -> str | None:
    """When the last ledger came in."""
    query = sa.select(sa.func.max(ledger_file.c.imported_at)).where(
        ledger_file.c.company == COMPANY, ledger_file.c.kind == "ledger"
    )
    found: str | None = conn.execute(query).scalar()
    return found


def _may_try(conn: Connection, now: datetime) -> bool:
    return (noted.of(conn, _NEXT) or "") <= moment_text(now)


def _day(files: Files, now: datetime) -> date:
    from zoneinfo import ZoneInfo

    return now.astimezone(ZoneInfo(files.settings.workspace.zone)).date()
