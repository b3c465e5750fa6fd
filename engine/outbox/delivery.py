"""What a round of delivery needs, and what it gives: the decision made again, the results, and when to try once more."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.engine import Connection, Engine

from engine.channels.receipt import Sender
from engine.store.evidence import Trace
from engine.store.outbox import Row
from engine.store.ways_out import Rest

# Minutes after the first, second, … try. Mail that was not taken in three days is given up, as mail servers
# do.
_WAITS = (1, 5, 15, 60, 4 * 60, 12 * 60, 24 * 60, 24 * 60)


def next_attempt(attempt: int, now: datetime, rng: random.Random) -> datetime | None:
    """When to try again after try number `attempt` (from 1), up to a fifth later by chance; None: give up."""
    if attempt > len(_WAITS):
        return None
    return now + timedelta(minutes=_WAITS[attempt - 1]) * (1 + rng.random() / 5)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a decision made again at the last moment says: it goes, it waits until `not_before`, or it is
    dropped.

    `facts` is handed to the maker of the message: what was read in the same transaction, so that the message
    says what was decided.
    """

    go: bool
    reason: str = ""
    not_before: datetime | None = None
    facts: Any = None


@dataclass(frozen=True, slots=True)
class Result:
    """What a round did with one message."""

    key: str
    account: str
    channel: str
    state: str
    sentence: str
    refused: tuple[str, ...] = ()  # addresses that will not take it, now or later


@dataclass(slots=True)
class Round:
    """What a round of delivery did, message by message, the ways out that rest, and what halted it."""

    results: list[Result] = field(default_factory=list)
    rests: dict[str, Rest] = field(default_factory=dict)
    halted: str = ""

    def count(self, state: str) -> int:
        return sum(result.state == state for result in self.results)


Decide = Callable[[Connection, Row], Verdict]
DecideAll = Callable[[Connection, Sequence[Row]], Mapping[str, Verdict]]
Make = Callable[[Row, Verdict], Any]
Taken = Callable[[Connection, str, datetime], None]
TakenAll = Callable[[Connection, Sequence[str], datetime], None]
Settled = Callable[[Connection, Row, Result, datetime], None]
SettledAll = Callable[[Connection, Sequence[tuple[Row, Result]], datetime], None]
Remember = Callable[[Connection, Sequence[Trace]], None]
Preserve = Callable[[Connection, Sequence[tuple[Row, Any]], datetime], None]


def _nothing(*_: object) -> None:
    """No interest in what is told."""


def _free(_: Connection) -> str:
    """Nothing halts it."""
    return ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a round needs.

    `decide_again(conn, row)` runs in the claim's transaction, or in its place `decide_all(conn, rows)`, which
    gives the verdicts of many by their key, no two of one account; `make(row, verdict)` in a thread, at sending
    time, and gives what the channel's sender takes, or `Unsendable`; `taken(conn, key, at)` in the
    transaction that writes `sent`, so that marks are there if and only if the message went; `settled(conn,
    row, result, at)` in every transaction that ends or postpones a message, for the journal. `taken_all` and
    `settled_all`, where given, are asked in place of these for all messages of one transaction. `now` gives
    aware moments. `halted(conn)` is asked in every transaction: while it gives a reason nothing is claimed, and
    nothing claimed begins the step that may deliver it; what has begun is finished. `remember(conn, traces)` is
    called before the commit that lets messages go, and before the one that writes their ends: for evidence
    outside the database. `preserve(conn, [(row, made), …], at)` is called in the transaction that lets messages
    go, with each as it was made, and its payload as that transaction writes it. `watch(point, key)` is told of
    each point passed: `claimed`, `made`, each stage before it begins, `answered`, `settled`.
    """

    engine: Engine
    senders: Mapping[str, Sender[Any]]
    owner: str
    now: Callable[[], datetime]
    decide_again: Decide
    make: Make
    taken: Taken
    settled: Settled = _nothing
    rng: random.Random = field(default_factory=random.Random)
    decide_all: DecideAll | None = None
    taken_all: TakenAll | None = None
    settled_all: SettledAll | None = None
    at_once: int = 16
    patience: Sequence[float] = (0.1, 0.5, 2, 10, 20, 30)  # seconds between tries to write a result down
    watch: Callable[[str, str], None] = _nothing
    company: str = "main"
    halted: Callable[[Connection], str] = _free
    remember: Remember = _nothing
    preserve: Preserve = _nothing
