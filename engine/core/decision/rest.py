"""Who need not be looked at again before a day, because until then nothing can be otherwise.

An account for which a day finds no step, and which has nothing under way, stays so until something happens to it or a number
is reached. Whatever grows meanwhile grows by one a day: the day of an item on its policy's clock, the days it is past due, the
days since a contact. The policies compare each with whole numbers, so that the next day on which an answer can change is
known today. So it is with an account whose demand is held so soon after a contact, or while it has time to answer: until that
is over, nothing goes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from engine.core.decision.choose import Choice, Verdict
from engine.core.decision.columns import Groups, dates, day_number, latest
from engine.core.decision.decide import Decided
from engine.core.decision.ladder import contacts
from engine.core.decision.portfolio import Portfolio
from engine.core.decision.signature import NONE, TELL_OWNER_EVERY, Finished
from engine.core.decision.state import State
from engine.core.language.condition import Test
from engine.core.language.policy import PolicyBook
from engine.core.sentences import Gate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

# The fields that are another number each day though nothing happens: of an account, and of an item.
DAILY = ("oldest", "since_contact", "since_payment", "age")
DAYS_OVERDUE = "days_overdue"
FAR = 10**7  # days: never
_NO_STEP, _STEP, _SO_SOON, _ANSWERS = range(4)  # what an account waits for
_HELD = {Gate.GAP: _SO_SOON, Gate.ANSWER: _ANSWERS}


class Rest:
    """Which accounts a walk over days looks at. `route` is row -> its policy when it was looked at last, as in `Portfolio`."""

    def __init__(self, book: PolicyBook, state: State) -> None:
        self.book = book
        self.route: Array = np.full(state.accounts.height, NONE)
        self._until: Array = np.full(state.accounts.height, -FAR)  # row -> the day it is looked at again
        self._busy: Array = state.pending["row"].to_numpy()  # the rows that have something under way
        self._numbers = {field: _reached(field, _tests(book)) for field in (*DAILY, DAYS_OVERDUE)}

    def awake(self, on: date) -> Array:
        """The rows that are looked at on a day, ascending."""
        return np.flatnonzero(self._until <= day_number(on))

    def placed(self, decided: Decided, rows: Array, state: State) -> Decided:
        """What was decided of `rows` alone, as a part of the whole state: those at rest are nobody's unit."""
        view = decided.portfolio
        self.route[rows] = view.route
        if len(rows) == len(self.route):
            return decided
        overdue = np.zeros(len(self.route), dtype=bool)
        home = np.full(len(self.route), NONE)
        overdue[rows], home[rows] = view.overdue, view.home
        items, contacts, marks = (
            frame.with_columns(pl.Series("row", rows[frame["row"].to_numpy()], dtype=frame.schema["row"]))
            for frame in (view.items, decided.contacts, decided.marks)
        )
        view = replace(
            view,
            accounts=state.accounts,
            items=items,
            unit_row=rows[view.unit_row],
            route=self.route.copy(),
            home=home,
            overdue=overdue,
        )
        return replace(decided, portfolio=view, contacts=contacts, marks=marks)

    def keep(self, decided: Decided, rows: Array, state: State) -> None:
        """Who rests, and until when, after `rows` alone have been decided; `state` is that of the next morning."""
        view, on = decided.portfolio, decided.day.on
        today = day_number(on)
        days = self._days(view, today)
        told = state.accounts["finished"][rows].fill_null(date.min)
        over = np.unique(view.unit_row[view.signature["finished"] != Finished.NO])
        days[over] = np.minimum(days[over], dates(told)[over] + TELL_OWNER_EVERY - today)
        days = np.minimum(days, self._held(decided, rows, state))
        ends = [day_number(split.until) + 1 - today for split in self.book.house.splits if on <= split.until]
        self._until[rows] = today + np.clip(days, 1, min(ends, default=FAR))
        for under_way in (self._busy, state.pending["row"].to_numpy(), state.repeats["row"].to_numpy()):
            self._until[under_way] = today + 1  # what was under way and is not any more may be a step taken
        self._busy = state.pending["row"].to_numpy()
        aside = state.items.filter(pl.col("aside").is_not_null(), pl.col("aside_until").is_not_null())
        back = np.maximum(dates(aside["aside_until"]).astype(np.int64), today + 1)
        np.minimum.at(self._until, aside["row"].to_numpy(), back)

    def _held(self, decided: Decided, rows: Array, state: State) -> Array:
        """row -> days until its step can go: FAR where it has none, one where that is not known today."""
        view, today = decided.portfolio, day_number(decided.day.on)
        code = np.array([self._code(choice) for choice in decided.choices] + [_NO_STEP])[decided.unit_class]
        code[(view.unit_item != NONE) & (code != _NO_STEP)] = _STEP  # each invoice has a gap of its own
        days = np.full(len(rows), FAR)
        days[view.unit_row[code == _STEP]] = 1
        if len(soon := np.flatnonzero(code == _SO_SOON)):
            touched = latest(state.touches["row"], state.touches["on"], len(self.route), -FAR)
            gaps = np.array([max(self.book.gap(policy), 1) for policy in self.book.policies])
            until = touched[rows[view.unit_row[soon]]] + gaps[view.signature["policy"][soon]]
            days[view.unit_row[soon]] = until - today
        if len(answers := np.flatnonzero(code == _ANSWERS)):
            until = dates(state.accounts["answer_by"][rows[view.unit_row[answers]]])
            days[view.unit_row[answers]] = until + 1 - today
        return days

    def _code(self, choice: Choice) -> int:
        """What a class waits for. A courtesy lapses, and so does what is skipped: then another step may be offered."""
        if choice.verdict is Verdict.NOTHING:
            return _NO_STEP
        policy = self.book.policy(choice.policy)
        step = policy.step(choice.step) if policy else None
        if policy is None or step is None or not step.demand or not contacts(step):
            return _STEP
        if self.book.late(policy).way == "skip":
            return _STEP
        return _HELD.get(choice.gate, _STEP) if choice.gate else _STEP

    def _days(self, view: Portfolio, today: int) -> Array:
        """row -> days until a number is reached: an item falls past due, a step has its day, a test has another answer."""
        items = view.items
        row = items["row"].to_numpy()
        late = today - dates(items["due"]).astype(np.int64)
        days = _next(late, [1, *self._numbers[DAYS_OVERDUE]])
        for number, policy in enumerate(self.book.policies):
            mine = np.flatnonzero(view.route[row] == number)
            steps = _next(view.day[mine], [step.day for step in policy.steps])
            days[mine] = np.minimum(days[mine], steps)
        found = Groups(row, len(view.route)).least(days, FAR)
        for field in DAILY:
            if numbers := self._numbers[field]:
                now = view.accounts[field].fill_null(FAR).to_numpy().astype(np.int64)
                found = np.minimum(found, _next(now, numbers))
        return found


def _tests(book: PolicyBook) -> Iterable[Test]:
    """All that decides which policy an account has and which of its steps are due: nothing else matters without a step."""
    for policy in book.policies:
        yield from policy.fits.tests
        for step in policy.steps:
            if step.when is not None:
                yield from step.when.tests()


def _reached(field: str, tests: Iterable[Test]) -> list[int]:
    """The numbers at which the answer of a test on the field can change: the one it names, and the one after."""
    named = {int(value) for line in tests if line.field == field for value in line.values}
    return [*named, *(number + 1 for number in named)]


def _next(now: Array, numbers: list[int]) -> Array:
    """How many days until each, growing by one a day, is the next of the numbers."""
    ahead = np.array([*sorted(numbers), FAR * 2])
    days: Array = ahead[np.searchsorted(ahead, now, side="right")] - now
    return days
