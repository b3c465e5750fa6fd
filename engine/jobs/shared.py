"""A day's run that many workers make together: each part is decided by itself, and the whole day is sealed by one.

A part is one transaction, as if there were room for all it wants. Whoever seals puts the parts' contacts in one order,
gives out what the day has room for, asks the safety stop, and writes everything down; until then nothing can be
claimed. What has changed meanwhile is decided once more in the sealing transaction, so that the run is as one that
was made in that moment.
"""

from __future__ import annotations

import hashlib
import io
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import chain
from typing import Any

import numpy as np
import orjson
import polars as pl
from sqlalchemy.engine import Connection, Engine

from engine.core import sentences
from engine.core.decision.choose import choose
from engine.core.decision.decide import proposed
from engine.core.decision.draw import Lot, with_lots
from engine.core.decision.portfolio import drawn
from engine.core.decision.signature import NONE, Signature
from engine.core.decision.state import State
from engine.core.decision.together import Together, share, together
from engine.core.sentences import Reason
from engine.errors import Refused
from engine.jobs import brakes, evaluate
from engine.jobs.ahead import room_on, state_on
from engine.jobs.evaluate import RunReport
from engine.jobs.records import Writing
from engine.jobs.rows import ActionRow, Planned
from engine.jobs.workspace import Workspace, of_texts
from engine.settings.texts import from_kept
from engine.store import bulk, database, ledger, outbox, queue, runs, shared
from engine.store.evidence import Evidence
from engine.store.runs import RunRecord
from engine.store.shared import Part, SharedRun
from engine.store.spans import Span
from engine.store.tables import ACTION_COLUMNS, OUTBOX_COLUMNS, ActionState

SIZE = 50_000  # accounts of a part
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
    spans: Sequence[Span] = (),
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
        spans=spans or shared.spans(conn, SIZE),
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
            spans = shared.spans(conn, SIZE)
            if len(spans) < 2:
                return None
            return begin(ws, conn, on=on, now=now, agreed=agreed, defer=queue.put_parts, spans=spans)
    finally:
        engine.dispose()


def _lots(ws: Workspace, conn: Connection, on: date, now: datetime) -> Sequence[Lot]:
    """Whom the day draws for a comparison: of all accounts together, so before they are shared out."""
    if not any(on <= split.until for split in ws.live.house.splits):
        return ()
    state = state_on(ws, conn, on, now)
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
            part = _decided(ws, conn, engine, one, number, known, span=span)
            shared.part_done(conn, id, part, worker, clock())
    with database.reading(engine) as conn:
        return not shared.open_parts(conn, id)


def _as_begun(ws: Workspace, conn: Connection, one: SharedRun, known: Known) -> Workspace:
    """The workspace with the policies that the run was begun with, whatever this machine has on its disk."""
    if known.run != one.id or known.ws is None:
        known.run, known.numbers = one.id, {}
        known.ws = ws if ws.book is not None and ws.book.hash == one.book else _of_book(ws, conn, one)
    if _settings(known.ws) != one.settings:
        raise Refused(
            "this machine's dunwell.toml has another zone or other fields than that of the machine which began the run",
            "give all machines the same dunwell.toml",
        )
    return known.ws


def _of_book(ws: Workspace, conn: Connection, one: SharedRun) -> Workspace:
    texts = from_kept(shared.kept_book(conn, one.book))
    return of_texts(ws.files, replace(texts, templates=ws.texts.templates))


def _decided(
    ws: Workspace,
    conn: Connection,
    engine: Engine,
    one: SharedRun,
    number: int,
    known: Known,
    *,
    span: Span | None = None,
    accounts: Collection[str] | None = None,
    distrusted: Collection[Signature] = (),
) -> Part:
    """What some accounts want of the day. Their decisions are written, under the run that will be."""
    ws = _as_begun(ws, conn, one, known)
    head = shared.head(conn)
    state = state_on(ws, conn, one.on, one.moment, span, accounts)
    lots = _lots_of(one, state)
    state = with_lots(state, lots)
    decided = proposed(ws.live, state, evaluate.day_on(ws, one.on, state), ws.rules, distrusted=distrusted)
    zone, moment = ws.settings.workspace.zone, one.moment
    going = evaluate.under_way(conn, span, accounts)
    writing = Writing(ws.live, state, decided, ws.calendar, zone, moment, moment, going, one.agreed, lots)
    choices = [_choice(choice) for choice in writing.choices()]
    numbers = _numbered(engine, one, choices, known)
    names, items, classes = writing.decisions()
    given = np.array(numbers, dtype=np.int64)[np.array(classes, dtype=np.int64)].tolist() if classes else []
    shared.write_decisions(conn, one, names, items, given)
    placed = list(writing.placed())
    told = {
        "actions": [_packed(place, planned) for place, planned in placed],
        "episodes": list(writing.episodes()),
        "settled": list(writing.settled([planned for _, planned in placed])),
        "faults": [
            sentences.disagreement(fault.account, fault.accounts, tuple(name for name, _ in fault.answers))
            for fault in decided.faults
            if fault.answers
        ],
    }
    wants = io.BytesIO()
    share(decided, dict(enumerate(numbers))).write_ipc(wants, compression="zstd")
    return Part(number, head, state.accounts.height, wants.getvalue(), zlib.compress(orjson.dumps(told), 1))


def _lots_of(one: SharedRun, state: State) -> list[Lot]:
    if not one.lots:
        return []
    rows = dict(state.accounts.select("account", "row").iter_rows())
    return [Lot(rows[account], account, *rest) for account, *rest in one.lots if account in rows]


def _choice(choice: Mapping[str, Any]) -> str:
    """A class as text, by which it is known in all parts."""
    return orjson.dumps({name: value for name, value in choice.items() if name != "number"}).decode()


def _numbered(engine: Engine, one: SharedRun, choices: Sequence[str], known: Known) -> list[int]:
    """The numbers that these classes have in the run."""
    digests = [shared.digest(choice) for choice in choices]
    new = [choice for choice, name in zip(choices, digests, strict=True) if name not in known.numbers]
    if new:
        known.numbers |= shared.numbers(engine, one.id, new)
    return [known.numbers[name] for name in digests]


def _packed(place: int, planned: Planned) -> list[Any]:
    return [place, planned.place, planned.channel, planned.moment, planned.waits_as, *planned.row]


def _unpacked(packed: Sequence[Any]) -> tuple[int, Planned]:
    place, line, channel, moment, waits_as, *row = packed
    for at in _DAYS:
        if row[at] is not None:
            row[at] = date.fromisoformat(row[at])
    return place, Planned(ActionRow(*row), line, channel, moment, waits_as)


# -- sealed --------------------------------------------------------------------------------------------------------------


def seal(
    ws: Workspace, engine: Engine, id: int, *, clock: Callable[[], datetime], defer: Defer, known: Known
) -> RunReport | None:
    """Write a whole run down, once. None where it is not to be sealed, now or any more.

    Where a newer ledger has come in since it was begun, it is begun anew on that one.
    """
    with bulk.uncollected(), database.writing(engine) as conn:
        one = shared.of(conn, id, lock=True)
        if one is None or not one.deciding or shared.open_parts(conn, id):
            return None
        now = clock()
        halt = brakes.quarantined(conn, Evidence.beside(engine, ws.files.out), now)
        if halt is not None:
            shared.give_up(conn, one, halt.sentence, now)
            return None
        if shared.overtaken(conn, one):
            shared.give_up(conn, one, "a newer ledger came in", now)
            begin(ws, conn, on=one.on, now=now, defer=defer, agreed=one.agreed)
            return None
        ws = _as_begun(ws, conn, one, known)
        return _Sealing(ws, conn, engine, one, now, known).sealed()


@dataclass
class _Sealing:
    """The parts of a run while they become one, in one transaction."""

    ws: Workspace
    conn: Connection
    engine: Engine
    one: SharedRun
    now: datetime
    known: Known

    def sealed(self) -> RunReport:
        conn, one = self.conn, self.one
        parts = [(number, head, _frame(data)) for number, head, data in shared.contacts(conn, one.id)]
        again, anew = self._decided_again(min(head for _, head, _ in parts))
        wants = [(number, frame) for number, _, frame in parts]
        if again is not None:
            wants.append((again.number, _frame(again.contacts)))
        choices = shared.choices(conn, one.id)
        contacts = pl.concat(
            frame.with_columns(part=pl.lit(number), at=pl.int_range(pl.len())) for number, frame in wants
        )
        stale = pl.col("account").is_in(list(anew)) & (pl.col("part") != one.parts)
        contacts = contacts.filter(~stale)
        deeds = {number: self._deed(choices[number]) for number in contacts["number"].unique().to_list()}
        house = evaluate.house_on(self.ws, conn, one.on, one.agreed)
        room = room_on(self.ws, conn, one.on).on(one.on)
        whole = together(house, contacts.drop("part", "at"), deeds, room)
        before = runs.run_of(conn, one.on)
        faults: list[str] = []
        head = self._head(choices, whole)
        writes = self._records(head, contacts, whole, deeds, again, anew, faults) if not whole.stopped else ()
        committed = runs.commit_parts(conn, head, chain([head], writes), one.run)
        shared.sealed(conn, one, self.now)
        evaluate.settled_up(self.ws, conn, one.on, self.now, whole.stopped)
        new = committed.added + committed.advanced
        return RunReport(
            on=one.on,
            actions=new,
            by_kind={name: many for name, many in head.counts.items() if name != "actions"} if new else {},
            already=committed.ignored,
            awaiting=evaluate.awaiting(conn, one.on),
            held=(),
            stopped=whole.stopped,
            faults=tuple(faults),
            evaluators=tuple(rule.name for rule in self.ws.rules),
            sentence=sentences.run_said(new, before is not None, whole.stopped),
        )

    def _decided_again(self, head: int) -> tuple[Part | None, Collection[str]]:
        """What has changed since its part was decided, and who is of a class that another part cannot trust."""
        conn, one = self.conn, self.one
        found = shared.changed_since(conn, one, head)
        choices = shared.choices(conn, one.id)
        bad = {
            choice["signature"] for choice in choices.values() if choice["reason"] == Reason.DISAGREE.value
        }
        trusted = [
            number
            for number, choice in choices.items()
            if choice["signature"] in bad and choice["reason"] != Reason.DISAGREE.value
        ]
        if trusted:
            found |= shared.of_classes(conn, one, trusted)
        if not found:
            return None, ()
        shared.undecided(conn, one, found)
        distrusted = {Signature(**orjson.loads(signature)) for signature in bad}
        part = _decided(
            self.ws, conn, self.engine, one, one.parts, self.known, accounts=found, distrusted=distrusted
        )
        return part, found

    def _deed(self, choice: Mapping[str, Any]) -> Any:
        return choose(self.ws.live, Signature(**orjson.loads(choice["signature"]))).actions

    def _head(self, choices: Mapping[int, Mapping[str, Any]], whole: Together) -> RunRecord:
        """What of the run is no part's. Its counts grow with the parts."""
        one, lots = self.one, () if whole.stopped else self.one.lots
        agreed = [("let go", "", orjson.dumps({"by": one.agreed, "on": one.on}))] if one.agreed else []
        told = [
            (
                "drawn",
                account,
                orjson.dumps({"split": split, "side": side, "alike": alike, "episode": episode}),
            )
            for account, episode, split, side, alike in lots
        ]
        return RunRecord(
            policy_set="main",
            business_date=one.on,
            book_hash=one.book,
            book_texts=self.ws.live.texts,
            started=one.moment,
            finished=self.now,
            choices=list(choices.values()),
            journal=[*agreed, *told],
            drawn=[(split, account, side, alike, episode) for account, episode, split, side, alike in lots],
            counts={"actions": 0},
            as_of=ledger.newest(self.conn),
            state="stopped" if whole.stopped else "done",
        )

    def _records(
        self,
        head: RunRecord,
        contacts: pl.DataFrame,
        whole: Together,
        deeds: Mapping[int, Sequence[Any]],
        again: Part | None,
        anew: Collection[str],
        faults: list[str],
    ) -> Iterator[RunRecord]:
        """What each part writes, with the place that each message has in the whole day's queue."""
        places = _places(self.conn, contacts, whole, deeds)
        keys = contacts.select("part", "at").iter_rows()
        allotted = dict(zip(keys, zip(whole.goes, whole.person, places, strict=True), strict=True))
        counts: dict[str, int] = {}
        for number in [*range(self.one.parts), *([again.number] if again else [])]:
            mine = again is not None and number == again.number
            packed = again.rows if mine and again else shared.rows(self.conn, self.one.id, number)
            told = orjson.loads(zlib.decompress(packed))
            skip = frozenset() if mine else frozenset(anew)
            faults += told["faults"]
            yield _record(head, told, number, allotted, skip, counts)
        assert isinstance(head.counts, dict)
        head.counts.update(actions=sum(counts.values()), **counts)


def _places(
    conn: Connection, contacts: pl.DataFrame, whole: Together, deeds: Mapping[int, Sequence[Any]]
) -> list[int]:
    """contact -> the first place in the queue that is kept for its messages."""
    if not contacts.height:
        return []
    many = {number: len(actions) for number, actions in deeds.items()}
    size = contacts["number"].replace_strict(many, return_dtype=pl.Int64).to_numpy()
    order = np.argsort(whole.place)
    ends = np.cumsum(size[order])
    first = outbox.places(conn, int(ends[-1]))
    return ((ends - size[order])[whole.place] + first).tolist()  # type: ignore[no-any-return]


def _record(
    head: RunRecord,
    told: Mapping[str, Any],
    number: int,
    allotted: Mapping[tuple[int, int], tuple[bool, str | None, int]],
    skip: frozenset[str],
    counts: dict[str, int],
) -> RunRecord:
    """A part as it is written; `skip` are accounts that were decided once more."""
    actions: list[Planned] = []
    messages: list[tuple[Any, ...]] = []
    taken: dict[int, int] = {}
    for packed in told["actions"]:
        at, planned = _unpacked(packed)
        if planned.row.account in skip:
            continue
        place = 0
        if at != NONE:
            goes, person, place = allotted[number, at]
            planned = planned.allotted(goes=goes, person=person)
        actions.append(planned)
        if planned.sends:
            messages.append((*planned.message, place + taken.get(at, 0)))
            taken[at] = taken.get(at, 0) + 1
        if planned.row.state == ActionState.PLANNED.value:
            counts[planned.row.kind] = counts.get(planned.row.kind, 0) + 1
    return replace(
        head,
        choices=(),
        drawn=(),
        actions=[planned.row for planned in actions],
        outbox=messages,
        outbox_columns=(*OUTBOX_COLUMNS, "id"),
        journal=[planned.entry for planned in actions],
        episodes=[
            (account, episode, date.fromisoformat(since), home)
            for account, episode, since, home in told["episodes"]
            if account not in skip
        ],
        settled=[(key, state, reason) for key, state, reason in told["settled"] if _account(key) not in skip],
    )


def _account(key: str) -> str:
    """The account that an action's key names."""
    return key.split("|")[1].replace("%7C", "|").replace("%25", "%")


def _frame(data: bytes) -> pl.DataFrame:
    return pl.read_ipc(io.BytesIO(data))
