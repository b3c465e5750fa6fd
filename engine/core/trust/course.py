"""What a book of policies does with a ledger over some days, kept as small as a comparison needs.

The days are those of a plan, walked one at a time: of each, who is contacted by which step stays, and nothing else of it.
Where the safety stop would hold a day, that is kept, and the days go on as if somebody had agreed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from engine.core import sentences
from engine.core.decision import questions
from engine.core.decision.allocate import ROOM, Room
from engine.core.decision.choose import LADDER_FINISHED
from engine.core.decision.columns import dates, day_number
from engine.core.decision.decide import Decided
from engine.core.decision.plan import NOTHING_PAID, Walked, walk
from engine.core.decision.portfolio import Portfolio
from engine.core.decision.signature import NONE, Signature
from engine.core.decision.state import State
from engine.core.decision.summary import day_used
from engine.core.language.policy import Action, Kind, PolicyBook, Step
from engine.core.problem import Place
from engine.core.rules import Rules, evaluators
from engine.core.workdays import Calendar

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

_CONTACTS: dict[str, pl.DataType] = {
    "day": pl.Int16(),  # of the course, from 0
    "row": pl.UInt32(),
    "deed": pl.Int32(),
    "amount": pl.Int64(),  # what it asks for, in the house's minor units
    "asks": pl.Boolean(),  # somebody must agree first
}
_MONEY: dict[str, pl.DataType] = {
    "row": pl.UInt32(),
    "currency": pl.String(),
    "owed": pl.Int64(),  # minor units of that currency
    "base": pl.Int64(),  # minor units of the house's
}


@dataclass(frozen=True, slots=True)
class Deed:
    """What a step does to an account, in the role and the tone it does it in."""

    policy: str
    step: str
    day: int
    place: Place
    actions: tuple[Action, ...]

    @property
    def touches(self) -> bool:
        """It concerns the customer: tasks and webhooks alone do not."""
        return any(action.kind.contact or action.kind.effect for action in self.actions)


@dataclass(frozen=True, slots=True)
class CourseDay:
    """`closed` is why the day is closed, or empty. `used` and `waiting` count as `capacity` does: what goes, and what
    waits for room in the day. `stopped` is what the safety stop says, or empty.
    """

    on: date
    closed: str
    used: Mapping[str, int]
    waiting: Mapping[str, int]
    stopped: str


@dataclass(frozen=True, slots=True)
class Course:
    """The days under one book. Frames are by `row` of the state that they began with.

    `contacts` has a row for each step that goes, by day; `touched` has, for each account, the first day on which a step
    concerns the customer, with the step; `asked` what it asks for then, a row a currency. `routes[n][row]` is the index in
    `policies` of the policy on day n, or -1; `overdue` what is past due on the first day, set aside or not.
    """

    days: tuple[CourseDay, ...]
    book: PolicyBook
    policies: tuple[str, ...]
    deeds: tuple[Deed, ...]
    contacts: pl.DataFrame
    touched: pl.DataFrame
    asked: pl.DataFrame
    overdue: pl.DataFrame
    routes: tuple[Array, ...]
    evaluators: tuple[str, ...]
    faults: tuple[str, ...]


def course(
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
) -> Course:
    """Walk the days, which are ascending, and keep what a comparison needs. `overnight` and `seen` as for `walk`."""
    keeper = _Keeper(book, state)
    walked = walk(
        book, state, days, calendar, rules, room=room, assumes=assumes, overnight=overnight, seen=seen
    )
    for number, day in enumerate(walked):
        keeper.keep(number, day)
    return keeper.course()


def by_both(
    book: PolicyBook, state: State, days: Sequence[date], calendar: Calendar, room: Room, assumes: str
) -> Course:
    """`course` by both evaluators, which are made here: another process can be given the rest."""
    rules = evaluators(questions.rulesets(book))
    return course(book, state, days, calendar, rules, room=room, assumes=assumes)


@dataclass
class _Keeper:
    """What has been seen of the days so far."""

    book: PolicyBook
    state: State
    days: list[CourseDay] = field(default_factory=list)
    deeds: dict[Deed, int] = field(default_factory=dict)
    contacts: list[pl.DataFrame] = field(default_factory=list)
    touched: list[pl.DataFrame] = field(default_factory=list)
    asked: list[pl.DataFrame] = field(default_factory=list)
    overdue: pl.DataFrame | None = None
    routes: list[Array] = field(default_factory=list)
    evaluators: tuple[str, ...] = ()
    faults: dict[str, None] = field(default_factory=dict)
    known: Array = field(init=False)  # row -> it has been touched

    def __post_init__(self) -> None:
        self.known = np.zeros(self.state.accounts.height, dtype=bool)

    def course(self) -> Course:
        return Course(
            tuple(self.days),
            self.book,
            tuple(policy.id for policy in self.book.policies),
            tuple(self.deeds),
            _all(self.contacts, _CONTACTS),
            _all(self.touched, _CONTACTS),
            _all(self.asked, _MONEY),
            pl.DataFrame(schema=_MONEY) if self.overdue is None else self.overdue,
            tuple(self.routes),
            self.evaluators,
            tuple(self.faults),
        )

    def keep(self, number: int, walked: Walked) -> None:
        decided = walked.decided
        if decided is None:  # a day at rest: everybody stays where they are
            self.days.append(CourseDay(walked.on, walked.closed, {}, {}, ""))
            self.routes += self.routes[-1:]
            return
        view = decided.portfolio
        route = view.route.astype(np.int16)
        if self.overdue is None:
            late = dates(view.items["due"]) < day_number(walked.on)
            self.overdue = _money(view, np.flatnonzero(late))
            self.routes = [route] * len(self.days)
        self.routes.append(route)
        self.evaluators = decided.evaluators
        for fault in decided.faults:
            said = sentences.disagreement(
                fault.account, fault.accounts, tuple(name for name, _ in fault.answers)
            )
            self.faults[said] = None
        self.days.append(
            CourseDay(walked.on, walked.closed, day_used(decided), _waiting(decided), walked.stopped)
        )
        self._contacts(number, decided)

    def _contacts(self, number: int, decided: Decided) -> None:
        view = decided.portfolio
        went = decided.contacts.select("row", "class", "unit", "amount", "goes").filter("goes")
        deed, touches = self._deeds(decided)
        classes = went["class"].to_numpy()
        units = went["unit"].to_numpy()
        frame = pl.DataFrame(
            {
                "row": went["row"],
                "deed": deed[classes],
                "amount": went["amount"],
                "asks": view.signature["approve"][units] != 0,
                "unit": units,
                "touches": touches[classes],
            }
        ).with_columns(day=pl.lit(number, dtype=pl.Int16))
        if told := self._told(number, decided):
            self.contacts.append(told[0])
        if not frame.height:
            return
        self.contacts.append(frame.select(_cast(_CONTACTS)))
        new = frame.filter(pl.Series(~self.known[frame["row"].to_numpy()]) & pl.col("touches"))
        new = new.unique("row", keep="first", maintain_order=True)
        if new.height:
            self.known[new["row"].to_numpy()] = True
            self.touched.append(new.select(_cast(_CONTACTS)))
            self.asked.append(_money(view, _asked_items(view, decided, new["unit"].to_numpy())))

    def _deeds(self, decided: Decided) -> tuple[Array, Array]:
        """class -> the number of its deed; class -> it concerns the customer."""
        numbers, touches = [], []
        for choice in decided.choices:
            policy = self.book.policy(choice.policy)
            step = policy.step(choice.step) if policy else None
            if policy is None or step is None:
                numbers.append(NONE)
                touches.append(False)
                continue
            deed = Deed(policy.id, step.name, step.day, step.place, choice.actions)
            numbers.append(self.deeds.setdefault(deed, len(self.deeds)))
            touches.append(deed.touches)
        return np.array(numbers, dtype=np.int32), np.array(touches, dtype=bool)

    def _told(self, number: int, decided: Decided) -> list[pl.DataFrame]:
        """The tasks that tell the owner of a ladder that is finished."""
        tells = [n for n, choice in enumerate(decided.choices) if choice.tell_owner]
        if not tells:
            return []
        units = np.flatnonzero(np.isin(decided.unit_class, tells))
        view = decided.portfolio
        deeds = []
        for unit in units:
            policy = self.book.policies[int(view.signature["policy"][unit])]
            last: Step = policy.steps[-1]
            action = Action(Kind.TASK, self.book.house.owner, last.place)
            deed = Deed(policy.id, LADDER_FINISHED, last.day, last.place, (action,))
            deeds.append(self.deeds.setdefault(deed, len(self.deeds)))
        frame = pl.DataFrame(
            {"row": view.unit_row[units], "deed": deeds, "amount": view.amount[units]}
        ).with_columns(day=pl.lit(number), asks=pl.lit(value=False))
        return [frame.select(_cast(_CONTACTS))]


def _cast(schema: Mapping[str, pl.DataType]) -> list[pl.Expr]:
    return [pl.col(name).cast(kind) for name, kind in schema.items()]


def _all(frames: Sequence[pl.DataFrame], schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    return pl.concat(frames) if frames else pl.DataFrame(schema=schema)


def _waiting(decided: Decided) -> dict[str, int]:
    counts: dict[str, int] = {}
    if decided.stopped:
        return counts
    waits = decided.contacts.select("class", "goes").filter(~pl.col("goes"))
    for number, many in waits.group_by("class", maintain_order=True).len().iter_rows():
        for action in decided.choices[number].actions:
            counts[ROOM[action.kind]] = counts.get(ROOM[action.kind], 0) + many
    return counts


def _asked_items(view: Portfolio, decided: Decided, units: Array) -> Array:
    """The items that the steps of some units ask for: what is past due and not set aside, or what a courtesy is about."""
    chosen = np.zeros(len(view.unit_row), dtype=bool)
    chosen[units] = True
    unit = view.items["unit"].to_numpy()
    late = dates(view.items["due"]) < day_number(decided.day.on)
    step = view.signature["step"][unit]
    bit = np.where(step == NONE, 0, np.left_shift(np.uint64(1), np.maximum(step, 0).astype(np.uint64)))
    about = late | ((view.due & bit.astype(np.uint64)) != 0)
    found: Array = np.flatnonzero(chosen[unit] & view.free & about)
    return found


def _money(view: Portfolio, items: Array) -> pl.DataFrame:
    """What some items come to, by account and currency."""
    frame = view.items.select("row", "currency", "owed", "base")[items]
    sums = frame.group_by("row", "currency", maintain_order=True).agg(
        pl.col("owed").sum(), pl.col("base").sum()
    )
    return sums.select(_cast(_MONEY))


def by_currency(money: pl.DataFrame, rows: Iterable[int] | None = None) -> dict[str, int]:
    """Minor units by currency, the largest in the house's own currency first; of all accounts, or of some."""
    if rows is not None:
        money = money.filter(pl.col("row").is_in(list(rows)))
    sums = money.group_by("currency").agg(pl.col("owed").sum(), pl.col("base").sum())
    return dict(
        sums.sort("base", "currency", descending=[True, False]).select("currency", "owed").iter_rows()
    )
