"""A plan as a credit manager reads it: the week in numbers first, then who, what needs a person, and what waits and why."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from engine.core.decision.allocate import ROOM, Room, used
from engine.core.decision.choose import LADDER_FINISHED, Choice, approver
from engine.core.decision.decide import Decided, reasons
from engine.core.decision.held import HeldGroup, groups, held, waiting
from engine.core.decision.plan import Plan, Planned
from engine.core.decision.signature import NONE
from engine.core.decision.state import State
from engine.core.language.policy import Kind, PolicyBook
from engine.core.problem import Place
from engine.core.sentences import Gate, Reason
from engine.core.workdays import Calendar


@dataclass(frozen=True, slots=True)
class PlannedAction:
    """One action of one day. Amounts are minor units of `currency`; `late` is days past due of the oldest item asked for."""

    on: date
    account: str
    name: str
    kind: Kind
    value: str  # template, role, terms, what is held
    policy: str
    step: str
    day: int  # the step's day
    place: Place
    amount: int
    currency: str
    late: int
    items: tuple[str, ...]  # document numbers newly covered, oldest first
    approve: str  # the role that must agree, or empty
    person: str  # who does it, or empty


@dataclass(frozen=True, slots=True)
class HeldStep:
    """One step that does not go on a day, with its reason and line. `step` is empty where no step is due."""

    on: date
    account: str
    name: str
    reason: Reason
    gate: Gate | None
    policy: str
    step: str
    place: Place | None
    amount: int
    late: int


@dataclass(frozen=True, slots=True)
class PreviewDay:
    """`closed` names why the day is closed; `moved` counts steps that would fall on it and go later."""

    on: date
    closed: str
    moved: int
    moved_to: date | None
    counts: Mapping[Kind, int]
    stopped: str  # the safety stop's sentence, or empty


@dataclass(frozen=True, slots=True)
class Workload:
    """What a person (or the house, id empty) has a day against what the day can take."""

    person: str
    name: str
    kind: str  # calls, letters, …
    capacity: int | None
    counts: tuple[int, ...]  # a day of the plan each


@dataclass(frozen=True, slots=True)
class ComparedSide:
    """A side of a comparison: how many accounts of the ledger are on it after these days, `drawn` of them in these days."""

    split: str
    side: str
    accounts: int
    drawn: int
    place: Place


@dataclass(frozen=True, slots=True)
class Preview:
    """All that a preview shows, on whatever surface."""

    days: tuple[PreviewDay, ...]
    actions: tuple[PlannedAction, ...]  # by day, then the work list's order
    held: tuple[HeldStep, ...]  # every step due and not going, by day
    groups: tuple[HeldGroup, ...]
    workload: tuple[Workload, ...]
    accounts: int  # accounts looked at
    no_policy: int  # of them overdue and fitting no policy
    currency: str  # the house's
    book: str  # hash of the policies
    as_of: date | None  # the ledger's date
    assumes: str
    evaluators: tuple[str, ...]  # "plain", "durable-rules"
    faults: tuple[str, ...]  # sentences: classes left alone because the evaluators disagree
    compared: tuple[ComparedSide, ...] = ()


def summarize(book: PolicyBook, state: State, plan: Plan, room: Room, calendar: Calendar) -> Preview:
    """What a plan says, ready to be drawn. `state` is the one the plan began with."""
    first_open = next((day for day in plan.days if not day.closed), plan.days[0])
    actions = tuple(action for day in plan.days for action in _actions(book, day))
    first = plan.days[0].decided
    overdue_without = sum(count for choice, count, _ in reasons(first) if choice.reason is Reason.NO_POLICY)
    return Preview(
        days=tuple(_day(day, calendar) for day in plan.days),
        actions=actions,
        held=tuple(_held(book, plan)),
        groups=groups(held(book.house, first_open.decided)),
        workload=_workload(book, plan, room),
        accounts=state.accounts.height,
        no_policy=overdue_without,
        currency=book.house.currency,
        book=book.hash,
        as_of=state.as_of,
        assumes=plan.assumes,
        evaluators=first.evaluators,
        faults=tuple(fault.sentence for fault in first.faults),
        compared=tuple(sides_of(book, state, plan)),
    )


def sides_of(
    book: PolicyBook, state: State, plan: Plan, account: str | None = None
) -> Iterator[ComparedSide]:
    """The sides of every comparison of the house, the champion first; with `account`, those that it is on."""
    whose = pl.lit(value=True) if account is None else pl.col("account") == account
    for split in book.house.splits:
        for side in split.shares:
            on_it = (whose & pl.col("sides").list.contains(split.mark(side)).fill_null(value=False)).sum()
            before, after = (
                int(accounts.select(on_it).item())
                for accounts in (state.accounts, plan.days[-1].decided.portfolio.accounts)
            )
            if account is None or after:
                yield ComparedSide(split.name, side, after, after - before, split.place)


def _actions(book: PolicyBook, day: Planned) -> Iterator[PlannedAction]:
    view = day.decided.portfolio
    marked: dict[int, list[str]] = {}
    for unit, item in day.decided.marks.select("unit", "item").unique(maintain_order=True).iter_rows():
        marked.setdefault(unit, []).append(item)
    names = view.accounts["name"].to_list()
    for row in day.decided.contacts.filter("goes").iter_rows(named=True):
        choice = day.decided.choices[row["class"]]
        policy = book.policy(choice.policy)
        step = policy.step(choice.step) if policy else None
        assert step is not None
        asks = approver(book, step) if view.signature["approve"][row["unit"]] else ""
        for action in choice.actions:
            yield PlannedAction(
                on=day.on,
                account=row["account"],
                name=names[row["row"]],
                kind=action.kind,
                value=action.value,
                policy=choice.policy,
                step=step.name,
                day=step.day,
                place=action.place,
                amount=row["amount"],
                currency=book.house.currency,
                late=row["late"],
                items=tuple(marked.get(row["unit"], (row["key_item"],))),
                approve=asks,
                person=row["person"] or "",
            )
    for unit in _units(day.decided, lambda choice: choice.tell_owner):
        at = int(view.unit_row[unit])
        choice = day.decided.choices[int(day.decided.unit_class[unit])]
        policy = book.policy(choice.policy)
        assert policy is not None
        last = policy.steps[-1]
        yield PlannedAction(
            on=day.on,
            account=view.accounts["account"][at],
            name=names[at],
            kind=Kind.TASK,
            value=book.house.owner,
            policy=policy.id,
            step=LADDER_FINISHED,
            day=last.day,
            place=last.place,
            amount=int(view.amount[unit]),
            currency=book.house.currency,
            late=int(view.late[unit]),
            items=(),
            approve="",
            person="",
        )


def _units(decided: Decided, wanted: Callable[[Choice], bool]) -> list[int]:
    """The units of the classes whose choice is wanted."""
    classes = [number for number, choice in enumerate(decided.choices) if wanted(choice)]
    found: list[int] = np.flatnonzero(np.isin(decided.unit_class, classes)).tolist()
    return found


def _day(day: Planned, calendar: Calendar) -> PreviewDay:
    decided = day.decided
    counts: dict[Kind, int] = {}
    for number in decided.contacts.filter("goes")["class"]:
        for action in decided.choices[number].actions:
            counts[action.kind] = counts.get(action.kind, 0) + 1
    told = len(_units(decided, lambda choice: choice.tell_owner))
    if told:
        counts[Kind.TASK] = counts.get(Kind.TASK, 0) + told
    moved = len(_units(decided, lambda choice: choice.reason is Reason.CLOSED_DAY and choice.only_gate))
    return PreviewDay(
        day.on, day.closed, moved, calendar.next_open(day.on) if moved else None, counts, decided.stopped
    )


def _held(book: PolicyBook, plan: Plan) -> Iterator[HeldStep]:
    """Each step that waits, on the first day it waits for that reason."""
    seen: set[tuple[int, str, str, Reason]] = set()
    for day in plan.days:
        view = day.decided.portfolio
        names = view.accounts["name"].to_list()
        for unit, row, account, owed, choice in waiting(book.house, day.decided):
            own = int(view.unit_item[unit])
            key = (row, "" if own == NONE else view.items["item"][own], choice.step, choice.reason)
            if key in seen or (day.closed and choice.reason is Reason.CLOSED_DAY):
                continue
            seen.add(key)
            yield HeldStep(
                on=day.on,
                account=account,
                name=names[row],
                reason=choice.reason,
                gate=choice.gate,
                policy=choice.policy,
                step=choice.step,
                place=choice.place,
                amount=owed,
                late=int(view.late[unit]),
            )


def day_used(decided: Decided) -> dict[str, int]:
    """The room that a day's contacts take: by kind, and of each person."""
    went = decided.contacts.select("class", "person", "goes").filter("goes")
    went = went.group_by("class", "person", maintain_order=True).len()
    return used((decided.choices[number].actions, person, many) for number, person, many in went.iter_rows())


def _workload(book: PolicyBook, plan: Plan, room: Room) -> tuple[Workload, ...]:
    used_a_day = [day_used(day.decided) for day in plan.days]

    def counts(name: str) -> tuple[int, ...]:
        return tuple(day.get(name, 0) for day in used_a_day)

    house = [
        Workload("", "", kind, most, counts(kind))
        for kind, most in book.house.capacity.items()
        if kind in ROOM.values()
    ]
    people = [
        Workload(
            person.id,
            person.name or person.id,
            "calls",
            person.capacity.get("calls"),
            counts(f"{person.id}/calls"),
        )
        for person in room.people
    ]
    return tuple(house + [load for load in people if any(load.counts) or load.capacity is not None])
