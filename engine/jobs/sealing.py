"""The parts of a run become one: one order, one capacity, one safety stop; then all of it is written down, once."""

from __future__ import annotations

import io
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
from engine.core.decision.held import Held, gathered, groups, no_room
from engine.core.decision.signature import NONE, Signature
from engine.core.decision.together import Together, together
from engine.core.language.policy import House
from engine.core.problem import Place
from engine.core.sentences import Reason
from engine.errors import PartBroken
from engine.jobs import brakes, evaluate
from engine.jobs.ahead import room_on
from engine.jobs.evaluate import RunReport
from engine.jobs.rows import Planned
from engine.jobs.shared import Defer, Known, as_begun, begin, decided_part, unpacked
from engine.jobs.workspace import Workspace
from engine.store import (
    alarms,
    bulk,
    classes,
    database,
    decisions,
    dues,
    ledger,
    outbox,
    ran,
    runs,
    shared,
    spans,
)
from engine.store.decisions import SealedPart
from engine.store.dues import THE_RUN
from engine.store.evidence import Evidence
from engine.store.runs import RunRecord
from engine.store.shared import Part, SharedRun
from engine.store.tables import OUTBOX_COLUMNS, ActionState

# A part's number, what it has for the tables, and the accounts that were decided once more since.
_Told = tuple[int, Mapping[str, Any], frozenset[str]]


def seal(
    ws: Workspace, engine: Engine, id: int, *, clock: Callable[[], datetime], defer: Defer, known: Known
) -> RunReport | None:
    """Write a whole run down, once. None where it is not to be sealed, now or any more.

    Where a newer ledger has come in since it was begun, it is begun anew on that one. One of which a part is not as it was
    written is given up, with an alarm; so is one since which something came in that asks first.
    """
    try:
        return _seal(ws, engine, id, clock, defer, known)
    except PartBroken as error:
        with database.writing(engine) as conn:
            one = shared.of(conn, id, lock=True)
            assert one is not None
            shared.give_up(conn, one, error.sentence, clock())
            alarms.raised(conn, alarms.INVARIANT, "", error.sentence, clock())
        return None


def _seal(
    ws: Workspace, engine: Engine, id: int, clock: Callable[[], datetime], defer: Defer, known: Known
) -> RunReport | None:
    with bulk.uncollected(), database.writing(engine) as conn:
        one = shared.of(conn, id, lock=True)
        if one is None or not one.deciding or shared.open_parts(conn, id):
            return None
        came = dues.ledger_at(conn)
        assert came is not None
        # The clock of whoever took the ledger in may be a little ahead: the run is the later of the two.
        now = max(clock(), datetime.fromisoformat(came))
        halt = brakes.quarantined(conn, Evidence.beside(engine, ws.files.out), now)
        if halt is not None:
            shared.give_up(conn, one, halt.sentence, now)
            return None
        if shared.overtaken(conn, one):
            shared.give_up(conn, one, "a newer ledger came in", now)
            begin(ws, conn, on=one.on, now=now, defer=defer)  # what was agreed to was another ledger
            return None
        if held := runs.hold(conn):
            shared.give_up(conn, one, held, now)
            alarms.raised(conn, alarms.STOPPED, THE_RUN, held, now)
            return None
        ws = as_begun(ws, conn, one, known)
        return _Sealing(ws, conn, one, now, known, engine).sealed()


def made_alone(
    ws: Workspace, conn: Connection, *, on: date, now: datetime, agreed: str, size: int
) -> RunReport:
    """The day's run by this process, in the caller's transaction, `size` open items after `size`."""
    parts = spans.cut(conn, size)
    one = begin(ws, conn, on=on, now=now, agreed=agreed, parts=parts, defer=_by_itself)
    if isinstance(one, RunReport):
        return one
    shared.before_their_run(conn)
    known = Known()
    for number, span in enumerate(parts):
        part = decided_part(ws, conn, one, number, known, span=span, among=None)
        shared.part_done(conn, one, part, "", now)
    return _Sealing(ws, conn, one, now, known).sealed()


def _by_itself(_conn: Connection, _one: SharedRun) -> None:
    """Nobody else is asked to work at it."""


@dataclass
class _Sealing:
    """The parts of a run while they become one, in one transaction. `among` as `decided_part` has it.

    `faults` and `waits` are what the parts looked at so far say of disagreements, and of what they hold back; `classes`
    are what its classes' numbers stand for, as text.
    """

    ws: Workspace
    conn: Connection
    one: SharedRun
    now: datetime
    known: Known
    among: Engine | None = None
    faults: list[str] = field(default_factory=list)
    waits: list[Held] = field(default_factory=list)
    classes: Mapping[int, str] = field(default_factory=dict)

    def sealed(self) -> RunReport:
        conn, one = self.conn, self.one
        parts = shared.parts(conn, one.id)
        decided = [SealedPart(part.number, part.span, part.decided) for part in parts]
        again, anew, instead = self._decided_again(parts)
        if again is not None:
            later = decisions.again(sorted(anew), instead)
            decided.append(SealedPart(again.number, again.span, again.decided, later))
        self.classes = classes.choices(conn, one.id)
        choices = _read(self.classes)
        contacts = pl.concat(
            _frame(part.contacts).with_columns(part=pl.lit(part.number), at=pl.int_range(pl.len()))
            for part in (*parts, *([again] if again else []))
        )
        stale = pl.col("account").is_in(list(anew)) & (pl.col("part") != one.parts)
        contacts = contacts.filter(~stale)
        deeds = {number: self._deed(choices[number]) for number in contacts["number"].unique().to_list()}
        house = evaluate.house_on(self.ws, conn, one.on, one.agreed)
        room = room_on(self.ws, conn, one.on).on(one.on)
        whole = together(house, contacts.drop("part", "at"), deeds, room)
        before = ran.run_of(conn, one.on)
        head = self._head(choices, whole)
        told = self._told(parts, again, anew)
        records = self._records(head, contacts, whole, deeds, told)
        committed = runs.commit_run(conn, head, chain([head], records), one.run, decided)
        shared.sealed(conn, one, self.now)
        evaluate.settled_up(self.ws, conn, one.on, self.now, whole.stopped)
        new = committed.added + committed.advanced
        return RunReport(
            on=one.on,
            actions=new,
            by_kind={name: many for name, many in head.counts.items() if name != "actions"} if new else {},
            already=committed.ignored,
            awaiting=evaluate.awaiting(conn, one.on),
            held=groups(gathered([*self.waits, _without_room(house, contacts, whole)])),
            stopped=whole.stopped,
            faults=tuple(self.faults),
            evaluators=tuple(rule.name for rule in self.ws.rules),
            sentence=sentences.run_said(new, before is not None, whole.stopped),
        )

    def _decided_again(
        self, parts: Sequence[Part]
    ) -> tuple[Part | None, frozenset[str], Mapping[int, Sequence[Any]]]:
        """What has changed since its part was decided, and who is of a class that another part cannot trust: decided once
        more, of which accounts, and what their parts had decided.
        """
        conn, one = self.conn, self.one
        found = shared.changed_since(conn, one, min(part.head for part in parts))
        choices = _read(classes.choices(conn, one.id))
        bad = {
            choice["signature"] for choice in choices.values() if choice["reason"] == Reason.DISAGREE.value
        }
        trusted = [
            number
            for number, choice in choices.items()
            if choice["signature"] in bad and choice["reason"] != Reason.DISAGREE.value
        ]
        if trusted:
            found |= classes.of_classes(conn, one, trusted)
        if not found:
            return None, frozenset(), {}
        instead = shared.undecided(conn, one, parts, found)
        distrusted = {Signature(**orjson.loads(signature)) for signature in bad}
        part = decided_part(
            self.ws,
            conn,
            one,
            one.parts,
            self.known,
            among=self.among,
            accounts=found,
            distrusted=distrusted,
        )
        return part, frozenset(found), instead

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

    def _told(self, parts: Iterable[Part], again: Part | None, anew: frozenset[str]) -> Iterator[_Told]:
        """What each part has for the tables. Who was decided once more is taken from there alone."""
        for part in parts:
            yield self._unpacked(part.number, shared.rows(self.conn, self.one, part), anew)
        if again is not None:
            yield self._unpacked(again.number, again.rows, frozenset())

    def _unpacked(self, number: int, rows: bytes, skip: frozenset[str]) -> _Told:
        told = orjson.loads(zlib.decompress(rows))
        if any(classes.digest(self.classes.get(each, "")) != digest for each, digest in told["classes"]):
            raise PartBroken(self.one.on, number)
        self.faults += told["faults"]
        self.waits.append(
            {
                (Reason(reason), place and Place(*place)): {
                    account: overdue for account, overdue in accounts.items() if account not in skip
                }
                for reason, place, accounts in told["held"]
            }
        )
        return number, told, skip

    def _records(
        self,
        head: RunRecord,
        contacts: pl.DataFrame,
        whole: Together,
        deeds: Mapping[int, Sequence[Any]],
        told: Iterable[_Told],
    ) -> Iterator[RunRecord]:
        """What each part writes, with the place that each message has in the whole day's queue."""
        if whole.stopped:
            deque(told, 0)  # looked at all the same
            return
        places = _places(self.conn, contacts, whole, deeds)
        keys = contacts.select("part", "at").iter_rows()
        allotted = dict(zip(keys, zip(whole.goes, whole.person, places, strict=True), strict=True))
        counts: dict[str, int] = {}
        for one in told:
            yield _record(head, one, allotted, counts)
        assert isinstance(head.counts, dict)
        head.counts.update(actions=sum(counts.values()), **counts)


def _read(classes: Mapping[int, str]) -> dict[int, dict[str, Any]]:
    """number → what was chosen for the class, as it will be a row of `class_choice`."""
    return {number: orjson.loads(choice) | {"number": number} for number, choice in classes.items()}


def _without_room(house: House, contacts: pl.DataFrame, whole: Together) -> Held:
    """The contacts that the whole day holds."""
    left = contacts.select("account", "overdue").filter(~pl.Series(whole.goes, dtype=pl.Boolean))
    _, reason, place = no_room(house, whole.stopped)
    return {(reason, place): dict(left.iter_rows())} if left.height else {}


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
    part: _Told,
    allotted: Mapping[tuple[int, int], tuple[bool, str | None, int]],
    counts: dict[str, int],
) -> RunRecord:
    """A part as it is written."""
    number, told, skip = part
    actions: list[Planned] = []
    messages: list[tuple[Any, ...]] = []
    taken: dict[int, int] = {}
    for packed in told["actions"]:
        at, planned = unpacked(packed)
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
        if planned.row.state == ActionState.PLANNED:
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
