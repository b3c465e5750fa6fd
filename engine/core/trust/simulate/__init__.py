"""Past days played again under a policy, or under several: as they were, and as they might have been.

As they were: every document and payment on its own day. As they might have been: the same documents, each paid on a day drawn
from how customers like this one pay, many times over. Either way what customers do does not depend on what is sent to them:
a simulation shows whom a policy would have asked, and how much work that is. What its contacts would have changed it cannot show.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from engine.core.decision.allocate import Room
from engine.core.decision.signature import Signature
from engine.core.decision.state import State
from engine.core.language.policy import PolicyBook
from engine.core.rules import Rules
from engine.core.trust.course import course
from engine.core.trust.simulate.behaviour import Behaviour, redrawn
from engine.core.trust.simulate.flow import Flow, flow, week_ends
from engine.core.trust.simulate.history import History
from engine.core.trust.simulate.outcome import Outcome, outcome
from engine.core.trust.simulate.replay import Replay
from engine.core.workdays import Calendar

LOW, HIGH = 10, 90  # per cent: the ends of a band


@dataclass(frozen=True, slots=True)
class Under:
    """What the days are played under: a book by the name it was asked for, with what decides by it."""

    label: str
    book: PolicyBook
    calendar: Calendar
    rules: Sequence[Rules]
    room: Room


@dataclass(frozen=True, slots=True)
class Band:
    """Of the draws a tenth are below `low`, half below `middle`, a tenth above `high`."""

    low: float
    middle: float
    high: float


@dataclass(frozen=True, slots=True)
class Run:
    """The days under one book. `bands` are of `figures`; `weeks` of all actions of each week. Both are empty without draws."""

    label: str
    outcome: Outcome
    bands: Mapping[str, Band]
    weeks: tuple[Band, ...]


@dataclass(frozen=True, slots=True)
class Simulation:
    """`accounts` had a document open in these days, `invoices` of them; `late` were past due on the first day already.

    `overdue` and `cash` have a band a week, or nothing without draws; `how` is None without.
    """

    first: date
    last: date
    accounts: int
    invoices: int
    late: int
    currency: str
    runs: tuple[Run, ...]
    flow: Flow
    overdue: tuple[Band, ...]
    cash: tuple[Band, ...]
    draws: int
    seed: int
    how: Behaviour | None

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


def figures(of: Outcome) -> dict[str, int]:
    """The numbers that a band is given for."""
    counts = {kind.value: count for kind, count in of.counts.items()}
    spells = {"spells": of.spells.height, "asked": of.asked, "spared": of.spared, "accounts": of.accounts}
    return counts | spells


def simulate(
    history: History,
    under: Sequence[Under],
    first: date,
    last: date,
    *,
    draws: int = 0,
    seed: int = 1,
    how: Behaviour | None = None,
    heard: Callable[[], None] = lambda: None,
) -> Simulation:
    """Play the days `first` through `last` of a history. `heard` is called once a day that has been played.

    With `draws`, `how` customers pay is drawn from as often; draw n of a seed has the same days under each book.
    """
    weeks = week_ends(first, last)
    seen: list[set[Signature]] = [set() for _ in under]

    def played(of: History) -> list[Outcome]:
        return [
            _played(of, one, first, last, weeks, known, heard) for one, known in zip(under, seen, strict=True)
        ]

    outcomes = played(history)
    drawn: list[list[Outcome]] = []
    flows: list[Flow] = []
    for number in range(draws if how is not None else 0):
        assert how is not None
        other = redrawn(history, how, seed + number)
        flows.append(flow(other, first, weeks))
        drawn.append(played(other))
    runs = [
        _run(one.label, found, [each[n] for each in drawn])
        for n, (one, found) in enumerate(zip(under, outcomes, strict=True))
    ]
    there = _there(history, first, last)
    return Simulation(
        first=first,
        last=last,
        accounts=there["row"].n_unique(),
        invoices=there.height,
        late=int((outcomes[0].spells["began"] == first).sum()),
        currency=history.house,
        runs=tuple(runs),
        flow=flow(history, first, weeks),
        overdue=_bands([each.overdue for each in flows]),
        cash=_bands([each.cash for each in flows]),
        draws=len(drawn),
        seed=seed,
        how=how,
    )


def _played(
    history: History,
    under: Under,
    first: date,
    last: date,
    weeks: Sequence[date],
    seen: set[Signature],
    heard: Callable[[], None],
) -> Outcome:
    replay = Replay(history, under.book)

    def overnight(state: State, on: date) -> State:
        heard()
        return replay.overnight(state, on)

    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    found = course(
        under.book, replay.start(), days, under.calendar, under.rules, room=under.room, overnight=overnight, seen=seen
    )  # fmt: skip
    return outcome(found, replay.spells(), weeks)


def _there(history: History, first: date, last: date) -> pl.DataFrame:
    """The debits that were open on a morning of these days."""
    known = history.paid.group_by("at").agg(pl.col("amount").sum(), pl.col("known").max())
    items = history.debits.join(known, on="at", how="left")
    gone = (pl.col("amount_right") >= pl.col("open")) & (pl.col("known") <= first)
    return items.filter(pl.col("arrives") <= last, ~gone.fill_null(value=False))


def _run(label: str, found: Outcome, drawn: Sequence[Outcome]) -> Run:
    if not drawn:
        return Run(label, found, {}, ())
    numbers = [figures(one) for one in drawn]
    names = dict.fromkeys(name for each in (figures(found), *numbers) for name in each)
    bands = {name: _band([each.get(name, 0) for each in numbers]) for name in names}
    return Run(label, found, bands, _bands([_weekly(one) for one in drawn]))


def _weekly(of: Outcome) -> tuple[int, ...]:
    """All actions of each week."""
    return tuple(map(sum, zip(*(load.weeks for load in of.work if not load.role), strict=True)))


def _bands(rows: Sequence[Sequence[int]]) -> tuple[Band, ...]:
    return tuple(_band(column) for column in zip(*rows, strict=True))


def _band(numbers: Sequence[int]) -> Band:
    low, middle, high = np.percentile(numbers, (LOW, 50, HIGH))
    return Band(float(low), float(middle), float(high))
