"""The coming days: one evaluation after another, each on the state the one before leaves behind.

A plan assumes, and says, that nothing is paid, calls are made, mail is accepted, and approvals are given on the day they are
asked for. It is a fold of `decide` and of `after`; there is no other rehearsal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import polars as pl

from engine.core.decision.after import after as after
from engine.core.decision.after import at_rest, rested
from engine.core.decision.allocate import PATIENCE, Room
from engine.core.decision.decide import Decided, decide, let_go
from engine.core.decision.draw import with_lots
from engine.core.decision.portfolio import drawn
from engine.core.decision.rest import Rest
from engine.core.decision.signature import Signature
from engine.core.decision.state import Aside, Pending, State
from engine.core.decision.view import Day
from engine.core.language.policy import PolicyBook
from engine.core.rules import Rules
from engine.core.workdays import ALWAYS, WEEKENDS_ONLY, Calendar


@dataclass(frozen=True, slots=True)
class Planned:
    """One day of a plan. `closed` is why it is closed ("Thanksgiving"), or empty."""

    on: date
    closed: str
    decided: Decided


@dataclass(frozen=True, slots=True)
class Plan:
    """The days asked for, and what was assumed: `nothing is paid`, or `promises kept`."""

    days: tuple[Planned, ...]
    assumes: str


NOTHING_PAID = "nothing is paid"
PROMISES_KEPT = "promises kept"


def day_of(book: PolicyBook, calendar: Calendar, on: date, stale: bool = False) -> Day:
    """The moment of a decision by the house's calendar."""
    closed = book.house.closed == "next open day" and not calendar.is_open(on)
    # Where no day is a holiday, or closed days hold nothing, holidays elsewhere hold nothing either.
    holidays = book.house.closed == "next open day" and calendar.name not in (ALWAYS, WEEKENDS_ONLY)
    return Day(on, closed, stale, _open_days_before(calendar, on, PATIENCE), holidays)


def _open_days_before(calendar: Calendar, on: date, days: int) -> date:
    back = on
    while days:
        back -= timedelta(days=1)
        days -= calendar.is_open(back)
    return back


@dataclass(frozen=True, slots=True)
class Walked:
    """One day of a walk. `decided` is None for a day at rest; `stopped` is what the safety stop said, or empty."""

    on: date
    closed: str
    decided: Decided | None
    stopped: str


def plan(
    book: PolicyBook,
    state: State,
    days: Sequence[date],
    calendar: Calendar,
    rules: Sequence[Rules],
    *,
    room: Room | None = None,
    assumes: str = NOTHING_PAID,
    since: date | None = None,
) -> Plan:
    """Fold the days, which are ascending. `room` holds for the first day what earlier runs of it have used. Days before
    `since` only lead to those that are kept.

    A class on which the evaluators have agreed on an earlier day is not asked again.
    """
    planned = []
    room = room or Room()
    seen: set[Signature] = set()
    for number, on in enumerate(days):
        state = dawn(book, state, on, assumes, number == 0)
        decided = decide(book, state, moment(book, state, calendar, on, number == 0), rules, room, seen)
        if since is None or on >= since:
            planned.append(Planned(on, calendar.why_closed(on) or "", decided))
        state = after(book, state, decided, calendar)
        room = Room(room.people, away=room.away)
    return Plan(tuple(planned), assumes)


def dawn(book: PolicyBook, state: State, on: date, assumes: str, first: bool) -> State:
    """The state in which a day is decided: whom it draws is drawn, and on the first day approvals that wait are given.

    The first day's state is what is known on its morning: a promise whose time is over still holds where no later ledger
    has shown that nothing came. For each day after it a ledger is assumed.
    """
    state = state if first else morning(state, on, assumes)
    state = with_lots(state, drawn(book, state, Day(on)))
    return approved(state) if first else state


def moment(book: PolicyBook, state: State, calendar: Calendar, on: date, first: bool) -> Day:
    """The moment; of the days to come, a ledger is fresh."""
    fresh = book.house.fresh
    return day_of(book, calendar, on, first and fresh > 0 and state.age > fresh)


def walk(
    book: PolicyBook,
    state: State,
    days: Sequence[date],
    calendar: Calendar,
    rules: Sequence[Rules],
    *,
    room: Room | None = None,
    assumes: str = NOTHING_PAID,
    overnight: Callable[[State, date], State] | None = None,
    seen: set[Signature] | None = None,
) -> Iterator[Walked]:
    """The days of a plan one at a time, for whoever only wants to know what goes.

    What goes is what a plan says; what makes no difference to that is spared. A closed day on which nothing could go is not
    decided; a class on which the evaluators have agreed on an earlier day is not asked again. And somebody agrees to
    whatever the safety stop holds, so that the days after it can be seen.

    `overnight` is what the world brings before a day is decided: new documents, payments. `seen` has the classes that were
    agreed on in earlier walks of the same book. Where the world brings nothing overnight, accounts at rest are not
    looked at (`rest`): what is decided has no unit of theirs.
    """
    room = room or Room()
    seen = set() if seen is None else seen
    rest = Rest(book, state)
    for number, on in enumerate(days):
        if overnight is not None:
            state = overnight(state, on)
            rest = Rest(book, state)
        state = dawn(book, state, on, assumes, number == 0)
        day = moment(book, state, calendar, on, number == 0)
        why = calendar.why_closed(on) or ""
        if at_rest(book, state, day):
            state = rested(book, state, day)
            yield Walked(on, why, None, "")
        else:
            rows = rest.awake(on)
            part = decide(book, state.part(rows), day, rules, room, seen)
            stopped = part.stopped
            if stopped:
                part = let_go(book, part, room)
            decided = rest.placed(part, rows, state)
            yield Walked(on, why, decided, stopped)
            state = after(book, state, decided, calendar)
            rest.keep(part, rows, state)
        room = Room(room.people, away=room.away)


def next_morning(
    book: PolicyBook,
    state: State,
    on: date,
    calendar: Calendar,
    rules: Sequence[Rules],
    room: Room,
    assumes: str,
) -> State:
    """The state on the morning after a day, with what the night has released."""
    state = dawn(book, state, on, assumes, True)
    state = after(book, state, decide(book, state, day_of(book, calendar, on), rules, room), calendar)
    return morning(state, on + timedelta(days=1), assumes)


def approved(state: State) -> State:
    """Approvals that wait are given today."""
    waits = pl.col("state") == Pending.APPROVAL.value
    word = pl.when(waits).then(pl.lit(Pending.APPROVED.value)).otherwise("state")
    return replace(state, pending=state.pending.with_columns(state=word))


def morning(state: State, on: date, assumes: str) -> State:
    """What the calendar alone changes: disputes that were closed release their items, promises fall due."""
    items = state.items
    ends = (pl.col("aside_until") <= on).fill_null(value=False)
    promised = pl.col("aside").is_in([Aside.PROMISED.value, Aside.PLANNED.value]).fill_null(value=False)
    planned = pl.col("aside") == Aside.PLANNED.value
    if not items.select((ends & pl.col("aside").is_not_null()).any()).item():
        return state
    broken = items.filter(ends & promised)["row"].unique()
    plans = items.filter(ends & planned)["row"].unique()
    accounts = state.accounts
    if assumes == PROMISES_KEPT:
        # A promise that is kept pays its items; of a plan it is one instalment, and the next one is awaited.
        items = items.filter(~(ends & promised & ~planned))
        ends &= ~planned
        word = "kept"
    else:
        word = "broken"
    hit = pl.col("row").is_in(broken.implode())
    accounts = accounts.with_columns(promise=pl.when(hit).then(pl.lit(word)).otherwise("promise"))
    if word == "broken":
        accounts = accounts.with_columns(
            promise_broken=pl.when(hit).then(pl.lit(on)).otherwise("promise_broken"),
            broken=pl.col("broken").fill_null(0) + hit.cast(pl.Int32),
            plan=pl.when(pl.col("row").is_in(plans.implode())).then(pl.lit(word)).otherwise("plan"),
        )
    items = items.with_columns(aside=pl.when(ends).then(None).otherwise("aside"))
    return replace(state, items=items, accounts=accounts)
