"""A day's run in parts: each part is decided by itself, and the whole day is sealed by one.

A part is decided as if there were room for all it wants. Whoever seals puts the parts' contacts in one order, gives out
what the day has room for, asks the safety stop, and writes everything down; until then nothing can be claimed. Many
workers make such a run together, a transaction a part: what has changed meanwhile is decided once more in the sealing
transaction, so that the run is as one that was made in that moment. One process makes one by itself where the ledger is
large, in one transaction.
"""

from __future__ import annotations

import hashlib
import io
import zlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import astuple, dataclass, field, replace
from datetime import date, datetime
from typing import Any

import numpy as np
import orjson
from sqlalchemy.engine import Connection, Engine

from engine.core.decision.asked import asked
from engine.core.decision.decide import proposed
from engine.core.decision.draw import Lot, with_lots
from engine.core.decision.held import held
from engine.core.decision.portfolio import drawn
from engine.core.decision.signature import Signature
from engine.core.decision.state import State
from engine.core.decision.together import share
from engine.errors import Refused
from engine.jobs import evaluate
from engine.jobs.ahead import state_on
from engine.jobs.begun import under_way
from engine.jobs.evaluate import RunReport
from engine.jobs.records import Made, Writing
from engine.jobs.rows import ActionRow, Planned
from engine.jobs.workspace import Workspace, of_texts
from engine.settings.texts import from_kept
from engine.store import bulk, classes, database, decisions, queue, shared, spans
from engine.store.shared import Part, SharedRun
from engine.store.spans import ALL, Span
from engine.store.tables import ACTION_COLUMNS

SIZE = 100_000  # open items of a part
_DAYS = [
    ACTION_COLUMNS.index(name) for name in ("event", "on", "since", "not_before", "respond_by", "taken_on")
]

Defer = Callable[[Connection, SharedRun], None]


@dataclass(slots=True)
class Known:
    """What a worker keeps from one part of a run to the next: the policies, and the numbers of classes."""

    run: int = 0
    ws: Workspace | None = None
    numbers: dict[str, int] = field(default_factory=dict)


# -- begun ---------------------------------------------------------------------------------------------------------------


def begin(
    ws: Workspace,
    conn: Connection,
    *,
    on: date,
    now: datetime,
    defer: Defer,
    agreed: str = "",
    parts: Sequence[Span] = (),
) -> SharedRun | RunReport:
    """Write down the parts of the day's run, and have them worked at, in the caller's transaction.

    A report comes back where the day may not be decided.
    """
    refused = evaluate.made_ready(ws, conn, on, now, agreed)
    if refused is not None:
        return refused
    one = shared.begin(
        conn,
        on=on,
        book_hash=ws.live.hash,
        texts=ws.live.texts,
        settings=_settings(ws),
        moment=now,
        agreed=agreed,
        lots=[_kept(lot) for lot in _lots(ws, conn, on, now)],
        spans=parts or spans.cut(conn, SIZE),
    )
    defer(conn, one)
    return one


def shared_out(ws: Workspace, *, on: date, now: datetime, agreed: str = "") -> SharedRun | RunReport | None:
    """Begin the day's run for the workers that are there. None: nobody is, or it is too small to be shared.

    A report comes back where the day may not be decided.
    """
    engine = ws.database()
    try:
        if not queue.ready(engine):
            return None
        with database.writing(engine) as conn:
            parts = spans.cut(conn, SIZE)
            if len(parts) < 2:
                return None
            return begin(ws, conn, on=on, now=now, agreed=agreed, defer=queue.put_parts, parts=parts)
    finally:
        engine.dispose()


def _lots(ws: Workspace, conn: Connection, on: date, now: datetime) -> Sequence[Lot]:
    """Whom the day draws for a comparison: of all accounts together, so before they are shared out."""
    if not any(on <= split.until for split in ws.live.house.splits):
        return ()
    state = state_on(ws, conn, on, now, asked=asked(ws.live))
    return drawn(ws.live, state, evaluate.day_on(ws, on, state))


def _kept(lot: Lot) -> list[Any]:
    return [lot.account, lot.episode, lot.split, lot.side, lot.stratum]


def _settings(ws: Workspace) -> str:
    """A hash of what the settings of a machine say that a part rests on; the policies have their own."""
    own = sorted((name, str(kind)) for name, kind in ws.own_columns.items())
    return hashlib.sha256(repr((ws.settings.workspace.zone, own)).encode()).hexdigest()


# -- a part --------------------------------------------------------------------------------------------------------------


def decide_part(
    ws: Workspace,
    engine: Engine,
    id: int,
    number: int,
    *,
    worker: str,
    clock: Callable[[], datetime],
    known: Known,
) -> bool:
    """Decide a part where that is still to be done. True where no part of the run is missing any more."""
    with bulk.uncollected(), database.beside(engine) as conn:
        span = shared.take_part(conn, id, number)
        one = shared.of(conn, id)
        if one is None or not one.deciding:
            return False
        if span is not None:
            part = decided_part(ws, conn, one, number, known, span=span, among=engine)
            shared.part_done(conn, one, part, worker, clock())
    with database.reading(engine) as conn:
        return not shared.open_parts(conn, id)


def as_begun(ws: Workspace, conn: Connection, one: SharedRun, known: Known) -> Workspace:
    """The workspace with the policies that the run was begun with, whatever this machine has on its disk."""
    if _settings(ws) != one.settings:
        raise Refused(
            "this machine's dunwell.toml has another zone or other fields than that of the machine which began the run",
            "give all machines the same dunwell.toml",
        )
    if known.run != one.id or known.ws is None:
        known.run, known.numbers = one.id, {}
        known.ws = ws if ws.book is not None and ws.book.hash == one.book else _of_book(ws, conn, one)
    return known.ws


def _of_book(ws: Workspace, conn: Connection, one: SharedRun) -> Workspace:
    texts = from_kept(shared.kept_book(conn, one.book))
    return of_texts(ws.files, replace(texts, templates=ws.texts.templates))


def decided_part(
    ws: Workspace,
    conn: Connection,
    one: SharedRun,
    number: int,
    known: Known,
    *,
    among: Engine | None,
    span: Span | None = None,
    accounts: Collection[str] | None = None,
    distrusted: Collection[Signature] = (),
) -> Part:
    """What some accounts want of the day. Their decisions are written, under the run that will be.

    `among` is whose workers make the run together; None: whoever has `conn` makes it alone.
    """
    ws = as_begun(ws, conn, one, known)
    head = shared.head(conn)
    state = state_on(ws, conn, one.on, one.moment, span, accounts, asked(ws.live))
    lots = _lots_of(one, state)
    state = with_lots(state, lots)
    decided = proposed(ws.live, state, evaluate.day_on(ws, one.on, state), ws.rules, distrusted=distrusted)
    zone, moment = ws.settings.workspace.zone, one.moment
    going = under_way(conn, span, accounts)
    company = database.company(conn)
    writing = Writing(
        company, ws.live, state, decided, ws.calendar, zone, moment, moment, going, one.agreed, lots
    )
    choices = [_choice(choice) for choice in writing.choices()]
    numbers = _numbered(among or conn, one, choices, known)
    names, items, own = writing.decisions()
    given = np.array(numbers, dtype=np.int64)[np.array(own, dtype=np.int64)].tolist() if own else []
    rows = (names, items, given)
    decisions.write(conn, one.run, one.time, rows)
    placed, made = list(writing.placed()), Made()
    made.add(planned for _, planned in placed)
    told = {
        "classes": [
            [number, classes.digest(choice)] for number, choice in zip(numbers, choices, strict=True)
        ],
        "actions": [_packed(place, planned) for place, planned in placed],
        "episodes": list(writing.episodes()),
        "settled": list(writing.settled(made)),
        "faults": [fault.sentence for fault in decided.faults if fault.answers],
        "held": [
            [reason, place and astuple(place), accounts]
            for (reason, place), accounts in held(ws.live.house, decided).items()
        ],
    }
    wants = io.BytesIO()
    share(decided, dict(enumerate(numbers))).write_ipc(wants, compression="zstd")
    return Part(
        number=number,
        span=span or ALL,
        head=head,
        accounts=state.accounts.height,
        decided=decisions.digest(rows),
        contacts=wants.getvalue(),
        rows=zlib.compress(orjson.dumps(told), 1),
    )


def _lots_of(one: SharedRun, state: State) -> list[Lot]:
    if not one.lots:
        return []
    rows = dict(state.accounts.select("account", "row").iter_rows())
    return [Lot(rows[account], account, *rest) for account, *rest in one.lots if account in rows]


def _choice(choice: Mapping[str, Any]) -> str:
    """A class as text, by which it is known in all parts."""
    return orjson.dumps({name: value for name, value in choice.items() if name != "number"}).decode()


def _numbered(of: Engine | Connection, one: SharedRun, choices: Sequence[str], known: Known) -> list[int]:
    """The numbers that these classes have in the run."""
    digests = [classes.digest(choice) for choice in choices]
    new = [choice for choice, name in zip(choices, digests, strict=True) if name not in known.numbers]
    if new:
        known.numbers |= classes.numbers(of, one.id, new)
    return [known.numbers[name] for name in digests]


def _packed(place: int, planned: Planned) -> list[Any]:
    return [place, planned.place, planned.channel, planned.moment, planned.waits_as, *planned.row]


def unpacked(packed: Sequence[Any]) -> tuple[int, Planned]:
    place, line, channel, moment, waits_as, *row = packed
    for at in _DAYS:
        if row[at] is not None:
            row[at] = date.fromisoformat(row[at])
    return place, Planned(ActionRow(*row), line, channel, moment, waits_as)
