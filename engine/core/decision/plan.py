"""The coming days: one evaluation after another, each on the state the one before leaves behind.

A plan assumes, and says, that nothing is paid, calls are made, mail is accepted, and approvals are given on the day they are
asked for. It is a fold of `decide` and of `after`; there is no other rehearsal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from engine.core.decision.allocate import PATIENCE, Room
from engine.core.decision.choose import Choice, step_tone
from engine.core.decision.decide import Decided, decide
from engine.core.decision.ladder import bits, call_role, contacts, effect_bits, up_to
from engine.core.decision.signature import NONE
from engine.core.decision.state import MARKS, PENDING, REPEATS, TOUCHES, Aside, Pending, State
from engine.core.decision.view import Day
from engine.core.language.policy import PolicyBook, Step
from engine.core.rules import Rules
from engine.core.sentences import Reason
from engine.core.workdays import Calendar

if TYPE_CHECKING:
    from numpy.typing import NDArray


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
    return Day(on, closed=closed, stale=stale, patience=_open_days_before(calendar, on, PATIENCE))


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
            state = _approved(state)
        stale = number == 0 and fresh > 0 and state.age > fresh
        decided = decide(book, state, day_of(book, calendar, on, stale), rules, room)
        planned.append(Planned(on, calendar.why_closed(on) or "", decided))
        state = after(book, state, decided, calendar)
        room = Room(room.people)
    return Plan(tuple(planned), assumes)


def _approved(state: State) -> State:
    """Approvals that wait are given today."""
    waits = pl.col("state") == Pending.APPROVAL.value
    word = pl.when(waits).then(pl.lit(Pending.APPROVED.value)).otherwise("state")
    return replace(state, pending=state.pending.with_columns(state=word))


def morning(state: State, on: date, assumes: str) -> State:
    """What the calendar alone changes: disputes that were closed release their items, promises fall due."""
    items = state.items
    ends = (pl.col("aside_until") <= on).fill_null(value=False)
    promised = pl.col("aside") == Aside.PROMISED.value
    if not items.select((ends & pl.col("aside").is_not_null()).any()).item():
        return state
    broken = items.filter(ends & promised)["row"].unique()
    accounts = state.accounts
    if assumes == PROMISES_KEPT:
        items = items.filter(~(ends & promised))
        word = "kept"
    else:
        word = "broken"
    hit = pl.col("row").is_in(broken.implode())
    accounts = accounts.with_columns(promise=pl.when(hit).then(pl.lit(word)).otherwise("promise"))
    if word == "broken":
        accounts = accounts.with_columns(
            promise_broken=pl.when(hit).then(pl.lit(on)).otherwise("promise_broken"),
            broken=pl.col("broken").fill_null(0) + hit.cast(pl.Int32),
        )
    items = items.with_columns(aside=pl.when(ends).then(None).otherwise("aside"))
    return replace(state, items=items, accounts=accounts)


def after(book: PolicyBook, state: State, decided: Decided, calendar: Calendar) -> State:
    """The state on the next morning, when everything that goes today has been done and nothing was paid."""
    on = decided.day.on
    went = decided.contacts.filter("goes")
    steps = [_step(book, choice) for choice in decided.choices]
    classes = went["class"].to_numpy()
    rows = went["row"].to_numpy()
    done, marks_done, touched = _under_way(book, state, decided)
    marks = decided.marks.join(went.select("unit"), on="unit", how="semi")
    touch = np.array([step is not None and contacts(step) and step.demand for step in steps] + [False])[
        classes
    ]
    touches = went.filter(pl.Series(touch, dtype=pl.Boolean)).select(
        "row", pl.col("own_item").alias("item"), on=pl.lit(on)
    )
    return replace(
        state,
        accounts=_accounts(book, state, decided, steps, classes, rows, touch, touched, calendar),
        marks=pl.concat([state.marks, marks.select(list(MARKS)).cast(MARKS), marks_done]),  # type: ignore[arg-type]
        touches=pl.concat([state.touches, touches.cast(TOUCHES), touched]),  # type: ignore[arg-type]
        pending=_pending(state, decided, went, done, on),
        repeats=_repeats(state, went, steps, on),
    )


def _step(book: PolicyBook, choice: Choice) -> Step | None:
    policy = book.policy(choice.policy)
    return policy.step(choice.step) if policy else None


def _under_way(
    book: PolicyBook, state: State, decided: Decided
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Calls on the list are made, messages on their way arrive: the rows of `pending` that end, their marks and touches."""
    on = decided.day.on
    ends = state.pending.filter(pl.col("state").is_in([Pending.CALL.value, Pending.MESSAGE.value]))
    if not ends.height:
        return ends, pl.DataFrame(schema=MARKS), pl.DataFrame(schema=TOUCHES)
    view = decided.portfolio
    rows = []
    for row in ends.iter_rows(named=True):
        policy = book.policy(row["policy"])
        step = policy.step(row["step"]) if policy else None
        number = int(view.route[row["row"]])
        if policy is None or step is None or number == NONE or book.policies[number].id != policy.id:
            continue
        mine = np.flatnonzero((view.items["row"] == row["row"]).to_numpy())
        for index in mine:
            if view.items["aside"][int(index)] is not None:
                continue
            due = int(view.due[index] & up_to(bits([1 << step.index]))[0])
            item = view.items["item"][int(index)]
            rows += [
                (row["row"], item, policy.id, other.name, None)
                for other in policy.steps
                if due >> other.index & 1
            ]
    touched = ends.select("row", "item", on=pl.lit(on)).cast(TOUCHES)  # type: ignore[arg-type]
    return ends, pl.DataFrame(rows, schema=MARKS, orient="row"), touched


def _accounts(
    book: PolicyBook,
    state: State,
    decided: Decided,
    steps: Sequence[Step | None],
    classes: NDArray[Any],
    rows: NDArray[Any],
    touch: NDArray[Any],
    touched: pl.DataFrame,
    calendar: Calendar,
) -> pl.DataFrame:
    """What an account remembers of the day: its episode, the tone and role reached, the answer it was given time for."""
    on, accounts, view = decided.day.on, state.accounts, decided.portfolio
    changes: dict[str, dict[int, Any]] = {name: {} for name in _REMEMBERED}
    known = accounts.select(_REMEMBERED).to_dict(as_series=False)
    for row, number in zip(rows.tolist(), classes.tolist(), strict=True):
        step, choice = steps[number], decided.choices[number]
        if step is None:
            continue

        def now(name: str, row: int = row) -> Any:
            return changes[name].get(row, known[name][row])

        effects = effect_bits(step)
        if effects:
            changes["effects"][row] = (now("effects") or 0) | effects
        tone = step_tone(book, step)
        if tone > (now("tone") or 0):
            changes["tone"][row] = tone
            changes["tone_step"][row] = f"{choice.policy}/{step.name}"
        role = call_role(step)
        reached_day = now("reached_day")
        if role and (reached_day is None or step.day >= reached_day):
            changes["reached"][row], changes["reached_day"][row] = choice_role(choice, role), step.day
        if step.demand and any(action.kind.written for action in step.actions):
            policy = book.policy(choice.policy)
            assert policy is not None
            changes["answer_by"][row] = calendar.next_open(on + timedelta(days=book.answer(policy)))
            changes["answer_day"][row] = step.day
    for row in [*rows[touch].tolist(), *touched["row"].to_list()]:
        changes["last_contact"][row] = on
    for unit in np.flatnonzero(
        np.array([choice.tell_owner for choice in decided.choices] + [False])[decided.unit_class]
    ):
        changes["finished"][int(view.unit_row[unit])] = on
    for row in np.flatnonzero(view.overdue & accounts["since"].is_null().to_numpy()).tolist():
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
    "reached_day",
    "answer_by",
    "answer_day",
    "last_contact",
    "finished",
    "since",
    "home",
)


def choice_role(choice: Choice, role: str) -> str:
    """The role that makes the choice's call: the step's, or the one reached already."""
    return next((action.value for action in choice.actions if action.kind.value == "call"), role)


def _pending(
    state: State, decided: Decided, went: pl.DataFrame, done: pl.DataFrame, on: date
) -> pl.DataFrame:
    """What is under way tomorrow: steps that wait for room or for an address; the rest of today's has been done."""
    waits = decided.contacts.filter(~pl.col("goes")) if not decided.stopped else decided.contacts.clear()
    acted = pl.concat([went.select("row"), waits.select("row"), done.select("row")]).unique()
    kept = state.pending.join(acted, on="row", how="anti")
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
    missing = missing.join(kept, on="row", how="anti")
    return pl.concat([kept, room.cast(PENDING), missing.cast(PENDING)])  # type: ignore[arg-type]


def _missing_addresses(decided: Decided, on: date) -> pl.DataFrame:
    held = np.array([choice.reason is Reason.NO_ADDRESS for choice in decided.choices] + [False])
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


def _repeats(state: State, went: pl.DataFrame, steps: Sequence[Step | None], on: date) -> pl.DataFrame:
    """Each repeating step taken today, counted."""
    repeating = np.array([step is not None and step.repeat is not None for step in steps] + [False])
    new = went.filter(pl.Series(repeating[went["class"].to_numpy()], dtype=pl.Boolean))
    if not new.height:
        return state.repeats
    taken = new.select("row", "policy", "step", times=pl.lit(1), last=pl.lit(on)).cast(REPEATS)  # type: ignore[arg-type]
    return (
        pl.concat([state.repeats, taken])
        .group_by("row", "policy", "step", maintain_order=True)
        .agg(pl.col("times").sum(), pl.col("last").max())
        .cast(REPEATS)  # type: ignore[arg-type]
    )
