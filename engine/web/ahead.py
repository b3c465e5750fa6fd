"""The coming week and today's work, worked out once for everybody who looks, and again when something has happened."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.core.decision.summary import HeldStep, PlannedAction, Preview
from engine.core.language.policy import Kind
from engine.errors import DunwellError
from engine.jobs import ahead
from engine.jobs.worklist import Shared, shared_out
from engine.jobs.workspace import Workspace
from engine.screen import weekly
from engine.screen.written import by_step
from engine.store.tables import COMPANY, journal

DAYS = 7
_PATIENCE = 0.15  # seconds that a page waits for a new one where there is an old one
# What is written down and changes nothing of what goes out.
_ELSEWHERE = ("signed in", "signed out", "refused", "link", "call draft", "seal", "evidence")


@dataclass(frozen=True, slots=True)
class Step:
    """The actions of one step of one account on one day: the first, what they all do, and their kinds."""

    first: PlannedAction
    does: str
    kinds: frozenset[Kind]


@dataclass(frozen=True, slots=True)
class Looked:
    """A preview and the moment at which it was worked out, with what pages ask of it.

    `steps` are by day; `held` has each account that a reason holds once, on the first day on which it does, the largest
    first; `needs` how many of a kind somebody must agree to.
    """

    preview: Preview
    at: datetime
    steps: Mapping[date, list[Step]]
    held: Mapping[str, list[HeldStep]]
    needs: Mapping[Kind, str]

    @classmethod
    def of(cls, preview: Preview, at: datetime) -> Looked:
        kinds: dict[tuple[object, ...], set[Kind]] = {}
        for one in preview.actions:
            kinds.setdefault(_step(one), set()).add(one.kind)
        steps: dict[date, list[Step]] = {}
        for first, does in by_step(preview.actions):
            steps.setdefault(first.on, []).append(Step(first, does, frozenset(kinds[_step(first)])))
        held: dict[str, dict[str, HeldStep]] = {}
        for waits in preview.held:
            held.setdefault(waits.reason.value, {}).setdefault(waits.account, waits)
        largest = {
            reason: sorted(them.values(), key=lambda one: -one.amount) for reason, them in held.items()
        }
        there = {one.kind for one in preview.actions}
        return cls(preview, at, steps, largest, {kind: weekly.needs(preview, kind) for kind in there})


def _step(one: PlannedAction) -> tuple[object, ...]:
    return (one.on, one.account, one.policy, one.step, one.items)


@dataclass(frozen=True, slots=True)
class Seen:
    """What was looked at, and whether nothing has happened since."""

    looked: Looked
    fresh: bool


@dataclass(frozen=True, slots=True, eq=False)
class Stamp:
    """What a look rests on: the journal's last entry, the workspace that decides, the day."""

    head: int
    ws: Workspace
    on: date

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Stamp):
            return NotImplemented
        return self.ws is other.ws and (self.head, self.on) == (other.head, other.on)

    __hash__ = object.__hash__


class Ahead:
    """The last preview of a house. One is worked out at a time; meanwhile the one before is shown, and says so."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: tuple[Stamp, Looked] | None = None
        self._working: threading.Thread | None = None
        self._failed: DunwellError | None = None

    def seen(self, conn: Connection, ws: Workspace, now: datetime, start: date) -> Seen | None:
        """The week from `start` on; None while the first is being worked out. Raises what stood in its way."""
        stamp = Stamp(_head(conn), ws, start)
        with self._lock:
            last, failed = self._last, self._failed
            if last is not None and last[0] == stamp:
                return Seen(last[1], fresh=True)
            if failed is not None:
                self._failed = None
                raise failed
            if self._working is None or not self._working.is_alive():
                self._working = threading.Thread(
                    target=self._work, args=(stamp, ws, now, start), name="dunwell-week", daemon=True
                )
                self._working.start()
            working = self._working
        working.join(_PATIENCE)
        with self._lock:
            if self._failed is not None:
                failed, self._failed = self._failed, None
                raise failed
            last = self._last
        return None if last is None else Seen(last[1], fresh=last[0] == stamp)

    def _work(self, stamp: Stamp, ws: Workspace, now: datetime, start: date) -> None:
        try:
            preview = ahead.preview(ws, start=start, days=DAYS, now=now)
        except DunwellError as error:
            with self._lock:
                self._failed = error
            return
        looked = Looked.of(preview, now)
        with self._lock:
            self._last = (stamp, looked)


class Today:
    """Today's work as it was last shared out. It is never shown old: whoever comes first after a change waits for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: tuple[Stamp, Shared] | None = None

    def shared(self, conn: Connection, ws: Workspace, on: date) -> Shared:
        stamp = Stamp(_head(conn), ws, on)
        with self._lock:
            if self._last is None or self._last[0] != stamp:
                self._last = (stamp, shared_out(ws, conn, on=on))
            return self._last[1]


def _head(conn: Connection) -> int:
    """The number of the last thing that happened, as far as it can change what goes out."""
    mine = (journal.c.stream == COMPANY, journal.c.kind.not_in(_ELSEWHERE))
    query = sa.select(journal.c.seq).where(*mine).order_by(journal.c.seq.desc())
    return conn.execute(query.limit(1)).scalar() or 0
