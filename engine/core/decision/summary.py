"""A plan as a credit manager reads it: the week in numbers first, then who, what needs a person, and what waits and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from engine.core.language.policy import Kind
from engine.core.problem import Place
from engine.core.sentences import Gate, Reason


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
class HeldGroup:
    """A reason with how many accounts it holds on the first day of the plan, and what they owe overdue."""

    reason: Reason
    place: Place | None
    accounts: int
    amount: int


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
