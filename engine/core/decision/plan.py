"""The coming days: one evaluation after another, each on the state the one before leaves behind.

A plan assumes, and says, that nothing is paid, calls are made, mail is accepted, and approvals are given on the day they are
asked for. It is a fold of `decide` and of `after`; there is no other rehearsal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl

from engine.core.decision.allocate import PATIENCE, Room
from engine.core.decision.choose import step_tone
from engine.core.decision.decide import Decided, decide
from engine.core.decision.ladder import effect_bits, event_column, repeats
from engine.core.decision.portfolio import Portfolio
from engine.core.decision.signature import NONE, Origin
from engine.core.decision.state import CALLS, MARKS, PENDING, REPEATS, TOUCHES, Aside, Pending, State
from engine.core.decision.view import Day
from engine.core.language.policy import Action, Kind, Policy, PolicyBook, Step, seniority
from engine.core.rules import Rules
from engine.core.sentences import Gate
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


def plan(
    book: PolicyBook,
    state: State,
    days: Sequence[date],
    calendar: Calendar,
    rules: Sequence[Rules],
    *,
    room: Room | None = None,
    assumes: str = NOTHING_PAID,
) -> Plan:
    """Fold the days, which are ascending. `room` holds for the first day what earlier runs of it have used."""
    planned = []
    room = room or Room()
    fresh = book.house.fresh
    for number, on in enumerate(days):
        state = morning(state, on, assumes)
        if number == 0:
            state = approved(state)
        stale = number == 0 and fresh > 0 and state.age > fresh
        decided = decide(book, state, day_of(book, calendar, on, stale), rules, room)
        planned.append(Planned(on, calendar.why_closed(on) or "", decided))
        state = after(book, state, decided, calendar)
        room = Room(room.people, away=room.away)
    return Plan(tuple(planned), assumes)


def approved(state: State) -> State:
    """Approvals that wait are given today."""
    waits = pl.col("state") == Pending.APPROVAL.value
    word = pl.when(waits).then(pl.lit(Pending.APPROVED.value)).otherwise("state")
    return replace(state, pending=state.pending.with_columns(state=word))


def morning(state: State, on: date, assumes: str) -> State:
    """What the calendar alone changes: disputes that were closed release their items, promises fall due."""
    items = state.items
    ends = (pl.col("aside_until") <= on).fill_null(value=False)
    promised = pl.col("aside").is_in([Aside.PROMISED.value, Aside.PLANNED.value])
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


@dataclass(frozen=True, slots=True)
class _Made:
    """One contact that has been made: by `actions` of a step, for an account or one of its items."""

    row: int
    item: str | None
    policy: Policy
    step: Step
    actions: tuple[Action, ...]
    again: bool  # a repeating step that came again

    @property
    def touches(self) -> bool:
        """A demand was sent, or a call reached somebody."""
        return any(
            action.kind is Kind.CALL or (action.kind.written and self.step.demand) for action in self.actions
        )


def after(book: PolicyBook, state: State, decided: Decided, calendar: Calendar) -> State:
    """The state on the next morning, when everything that goes today has been done and nothing was paid."""
    on = decided.day.on
    went = decided.contacts.filter("goes")
    done, arrived, marks_arrived = _under_way(book, state, decided)
    made = [*arrived, *_made(book, decided, went)]
    marks = decided.marks.join(went.select("unit"), on="unit", how="semi")
    touches = [(each.row, each.item, on) for each in made if each.touches]
    calls = [
        (each.row, on, True) for each in made if any(action.kind is Kind.CALL for action in each.actions)
    ]
    return replace(
        state,
        accounts=_accounts(book, state, decided, made, calendar),
        marks=pl.concat([state.marks, marks.select(list(MARKS)).cast(MARKS), marks_arrived]),  # type: ignore[arg-type]
        touches=pl.concat([state.touches, pl.DataFrame(touches, schema=TOUCHES, orient="row")]),
        pending=_pending(state, decided, went, done, on),
        repeats=_repeats(state, made, on),
        calls=pl.concat([state.calls, pl.DataFrame(calls, schema=CALLS, orient="row")]),
    )


def _made(book: PolicyBook, decided: Decided, went: pl.DataFrame) -> Iterator[_Made]:
    """Today's contacts."""
    columns = (went[name].to_list() for name in ("row", "own_item", "class"))
    for row, item, number in zip(*columns, strict=True):
        choice = decided.choices[number]
        policy = book.policy(choice.policy)
        step = policy.step(choice.step) if policy else None
        if policy and step:
            again = decided.signatures[number].origin == Origin.REPEAT
            yield _Made(row, item, policy, step, choice.actions, again)


def _under_way(
    book: PolicyBook, state: State, decided: Decided
) -> tuple[pl.DataFrame, list[_Made], pl.DataFrame]:
    """Calls on the list are made, messages on their way arrive: the rows of `pending` that end, and what was made so."""
    ends = state.pending.filter(pl.col("state").is_in([Pending.CALL.value, Pending.MESSAGE.value]))
    view = decided.portfolio
    made: list[_Made] = []
    marks: list[tuple[Any, ...]] = []
    ahead = [step.name for policy in book.policies for step in policy.steps if step.ahead]
    told = state.marks.filter(pl.col("step").is_in(ahead)) if ahead else state.marks.clear()
    announced = set(told.select("row", "policy", "step").iter_rows())
    overtaken = set(decided.contacts.filter("passed").select("row", "own_item").iter_rows())
    for row, item, policy_id, name in ends.select("row", "item", "policy", "step").iter_rows():
        policy = book.policy(policy_id)
        step = policy.step(name) if policy else None
        if policy is None or step is None or (row, item) in overtaken:
            continue
        actions = step.actions
        if (
            step.ahead and (row, policy_id, name) in announced
        ):  # its notice has gone; what it announced is left
            actions = tuple(action for action in actions if action.kind.restricts)
        made.append(_Made(row, item, policy, step, actions, again=False))
        event = view.accounts[event_column(policy)][row] if policy.start else None
        for number, index in _asked(view, row, item if policy.each_invoice else None):
            names = [step.name]
            if view.route[row] != NONE and book.policies[int(view.route[row])] is policy:
                taken = int(view.due[index]) & (1 << step.index | ((1 << step.index) - 1) & ~repeats(policy))
                names = [other.name for other in policy.steps if taken >> other.index & 1]
            marks += [(row, number, policy.id, name, event) for name in names]
    return ends, made, pl.DataFrame(marks, schema=MARKS, orient="row")


def _asked(view: Portfolio, row: int, item: str | None) -> Iterator[tuple[str, int]]:
    """(item, index) of what an account owes and is not set aside; with `item` only of that one."""
    for index in np.flatnonzero((view.items["row"] == row).to_numpy()).tolist():
        number = view.items["item"][index]
        if view.free[index] and item in (None, number):
            yield number, index


def _accounts(
    book: PolicyBook, state: State, decided: Decided, made: Sequence[_Made], calendar: Calendar
) -> pl.DataFrame:
    """What an account remembers of the day: its episode, the tone and role reached, the answer it was given time for."""
    on, accounts, view = decided.day.on, state.accounts, decided.portfolio
    changes: dict[str, dict[int, Any]] = {name: {} for name in _REMEMBERED}
    known = accounts.select(_REMEMBERED).to_dict(as_series=False)
    for each in made:
        row, step = each.row, each.step

        def now(name: str, row: int = row) -> Any:
            return changes[name].get(row, known[name][row])

        written = any(action.kind.written for action in each.actions)
        effects = effect_bits(each.actions)
        if effects:
            changes["effects"][row] = (now("effects") or 0) | effects
        tone = step_tone(book, step) if written else 0
        if tone > (now("tone") or 0):
            changes["tone"][row] = tone
            changes["tone_step"][row] = f"{each.policy.id}/{step.name}"
        role = next((action.value for action in each.actions if action.kind is Kind.CALL), "")
        if seniority(role) > seniority(now("reached") or ""):
            changes["reached"][row] = role
        if step.demand and written:
            changes["answer_by"][row] = calendar.next_open(on + timedelta(days=book.answer(each.policy)))
            changes["answer_day"][row] = step.day
        changes["stepped"][row] = on
        if each.touches:
            changes["last_contact"][row] = on
        if role:
            changes["spoke"][row] = on
    for unit in np.flatnonzero(
        np.array([choice.tell_owner for choice in decided.choices] + [False])[decided.unit_class]
    ):
        changes["finished"][int(view.unit_row[unit])] = on
    for row in np.flatnonzero(view.overdue & accounts["home"].is_null().to_numpy()).tolist():
        if known["since"][row] is None:
            changes["since"][row] = on
        if view.home[row] != NONE:
            changes["home"][row] = book.policies[int(view.home[row])].id
    columns = []
    for name, changed in changes.items():
        if changed:
            values = known[name]
            for row, value in changed.items():
                values[row] = value
            columns.append(pl.Series(name, values, dtype=accounts.schema[name]))
    return accounts.with_columns(columns) if columns else accounts


_REMEMBERED = (
    "effects",
    "tone",
    "tone_step",
    "reached",
    "answer_by",
    "answer_day",
    "last_contact",
    "spoke",
    "stepped",
    "finished",
    "since",
    "home",
)


def _pending(
    state: State, decided: Decided, went: pl.DataFrame, done: pl.DataFrame, on: date
) -> pl.DataFrame:
    """What is under way tomorrow: steps that wait for room or for an address; the rest of today's has been done."""
    waits = decided.contacts.filter(~pl.col("goes")) if not decided.stopped else decided.contacts.clear()
    acted = pl.concat([went.select("row", "own_item"), waits.select("row", "own_item")])
    done = done.select("row", own_item="item")
    # Under `each: invoice` every invoice has its own; else whatever was under way has ended with today's contact.
    whole = acted.filter(pl.col("own_item").is_null())
    kept = state.pending.join(whole, on="row", how="anti").join(
        pl.concat([acted, done]),
        left_on=["row", "item"],
        right_on=["row", "own_item"],
        how="anti",
        nulls_equal=True,
    )
    room = waits.select(
        "row",
        pl.col("own_item").alias("item"),
        "policy",
        "step",
        state=pl.lit(Pending.CAPACITY.value),
        since=pl.col("waiting_since").fill_null(on),
        not_before=None,
        attempts=pl.lit(0),
    )
    missing = _missing_addresses(decided, on)
    missing = missing.join(kept, on=["row", "item"], how="anti", nulls_equal=True)
    return pl.concat([kept, room.cast(PENDING), missing.cast(PENDING)])  # type: ignore[arg-type]


def _missing_addresses(decided: Decided, on: date) -> pl.DataFrame:
    held = np.array([choice.gate is Gate.ADDRESS for choice in decided.choices] + [False])
    units = np.flatnonzero(held[decided.unit_class])
    numbers = decided.unit_class[units]
    view = decided.portfolio
    return pl.DataFrame(
        {
            "row": view.unit_row[units],
            "item": [None if i == NONE else view.items["item"][int(i)] for i in view.unit_item[units]],
            "policy": [decided.choices[n].policy for n in numbers],
            "step": [decided.choices[n].step for n in numbers],
            "state": [Pending.ADDRESS.value] * len(units),
            "since": [on] * len(units),
            "not_before": [None] * len(units),
            "attempts": [0] * len(units),
        },
        schema=PENDING,
    )


def _repeats(state: State, made: Sequence[_Made], on: date) -> pl.DataFrame:
    """Each repeating step taken today, counted: a newer invoice's own first one is no repetition."""
    taken = [
        (each.row, each.policy.id, each.step.name, int(each.again), on) for each in made if each.step.repeat
    ]
    if not taken:
        return state.repeats
    return (
        pl.concat([state.repeats, pl.DataFrame(taken, schema=REPEATS, orient="row")])
        .group_by("row", "policy", "step", maintain_order=True)
        .agg(pl.col("times").sum().clip(lower_bound=1), pl.col("last").max())
        .cast(REPEATS)  # type: ignore[arg-type]
    )
