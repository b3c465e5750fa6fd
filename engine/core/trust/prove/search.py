"""Every course that things can take, day by day, until nothing new comes of it.

A day is a set of accounts by number, each with how near it is to breaking each invariant. What has been seen once the last
step's day is behind is not followed again, so the search ends by itself: then it has seen every case. Of two accounts alike but
for the last contact, the one whose contact is longer ago can do whatever the other can (a person may pause it), and it alone is
followed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.core.trust.prove.monitors import FAR, UNSPOKEN, Monitors
from engine.core.trust.prove.walks import BRANCHES, MOST_PARTS, Walks

Ints = NDArray[np.int32]
_NEVER = np.int32(-2 * FAR)


@dataclass(frozen=True, slots=True)
class Broken:
    """An invariant (a monitor) that can be broken, on the earliest day of the walk on which it can, by which account."""

    monitor: int
    day: int
    number: int


@dataclass(slots=True)
class Found:
    """What a search has seen. `first`: outcome -> (day of the walk, account) where it first came about."""

    first: dict[int, tuple[int, int]] = field(default_factory=dict)
    broken: dict[int, Broken] = field(default_factory=dict)
    states: int = 0
    days: int = 0
    whole: bool = True  # False: the budget was used up before everything was seen


class Search:
    """Follows all accounts of some sorts at once."""

    def __init__(self, walks: Walks, monitors: Monitors, *, prune: bool = True) -> None:
        self.walks, self.monitors, self.prune = walks, monitors, prune
        self.events = _Lists()
        self.evenings = _Table(2 + len(BRANCHES))
        self.key: dict[int, int] = {}
        self.traits = _Table(5)  # group, days since contact, days to answer, the day that asked, sort
        self.groups: dict[Any, int] = {}
        self.effects = _Table(_WIDTH * monitors.size)

    def run(self, sorts: Sequence[int], budget: int) -> Found:
        """Follow every course of these sorts. `budget` is the most accounts, each day's counted anew."""
        found = Found()
        starts = [number for sort in sorts for number in self.walks.starts(sort)]
        ids = np.array(starts, dtype=np.int32)
        values = np.tile(self.monitors.start(), (len(ids), 1))
        ids, values = _merged(ids, values)
        last = max((self.walks.at[sort].last for sort in sorts), default=0)
        seen = np.zeros((0, self.monitors.size), dtype=np.int32)
        day = min((self._begin(sort) for sort in sorts), default=0)
        while len(ids):
            if day > last:
                seen = _grown(seen, len(self.walks.accounts))
                new = (values > seen[ids]).any(axis=1)
                ids, values = ids[new], values[new]
                seen[ids] = np.maximum(seen[ids], values)
            if found.states > budget:
                found.whole = False
                break
            ids, values = self._day(ids, values, day, found)
            found.states += len(ids)
            day += 1
            ids, values = self._night(ids, values, day - 1, found)
        found.days = day
        return found

    def _begin(self, sort: int) -> int:
        """The last day before anything can happen to a sort."""
        bounds = [day for day in self.walks.at[sort].bounds if day > 0]
        return max(0, bounds[0] - 1) if bounds else 0

    # -- a day ---------------------------------------------------------------------------------------------------------

    def _day(self, ids: Ints, values: Ints, day: int, found: Found) -> tuple[Ints, Ints]:
        """What may happen in the morning, and what of it is worth following."""
        fresh, known = ids, values
        while len(fresh):
            overdue = np.array([self.walks.overdue(number, day) for number in fresh.tolist()], dtype=bool)
            fresh, known = fresh[overdue], known[overdue]
            for number in fresh.tolist():
                if not self.events.has(number):
                    self.events.put(number, [then for _, then in self.walks.happens(number)])
            origin, then = self.events.of(fresh)
            before_ids, before = ids, values
            ids, values = _merged(np.concatenate([ids, then]), np.concatenate([values, known[origin]]))
            new = _news(ids, values, before_ids, before)
            fresh, known = ids[new], values[new]
        self._describe(ids)
        return self._worth(ids, values) if self.prune else (ids, values)

    def _night(self, ids: Ints, values: Ints, day: int, found: Found) -> tuple[Ints, Ints]:
        """What the day brings each, and the accounts of the next morning."""
        numbers = ids.tolist()
        self.walks.decide(numbers, day)
        rows = np.array([self._evening(number, day) for number in numbers], dtype=np.int64)
        ends = self.evenings.rows(rows)
        outcome = ends[:, 0]
        new, at = np.unique(outcome, return_index=True)
        for which, where in zip(new.tolist(), at.tolist(), strict=True):
            found.first.setdefault(which, (day, numbers[where]))
        effects = self.effects.rows(outcome).reshape(len(ids), self.monitors.size, _WIDTH)
        self._look(ids, values, effects, ends, day, found)
        next_ids, next_values = [], []
        for column, branch in enumerate(BRANCHES, 1):
            some = np.flatnonzero(ends[:, column] >= 0)
            if len(some):
                evening = _evening(values[some], effects[some], branch)
                next_ids.append(ends[some, column])
                next_values.append(evening)
        ids, values = np.concatenate(next_ids), np.concatenate(next_values)
        self._overdue_deadlines(ids, values, day, found)
        return _merged(ids, self.monitors.overnight(values))

    def _look(self, ids: Ints, values: Ints, effects: Ints, ends: Ints, day: int, found: Found) -> None:
        """Which invariants today's contacts break."""
        goes = ends[:, 1] >= 0
        late = day - np.array([self.walks.at[sort].due[0] for sort in self.traits.rows(ids)[:, 4].tolist()])
        for monitor in range(self.monitors.size):
            if monitor in found.broken:
                continue
            bad = goes & (values[:, monitor] >= effects[:, monitor, _BAD])
            bad |= goes & (late < effects[:, monitor, _EARLY])
            if bad.any():
                found.broken[monitor] = Broken(monitor, day, int(ids[np.flatnonzero(bad)[0]]))

    def _overdue_deadlines(self, ids: Ints, values: Ints, day: int, found: Found) -> None:
        for monitor in range(self.monitors.size):
            limit = self.monitors.deadline(monitor)
            if limit is None or monitor in found.broken:
                continue
            bad = np.flatnonzero(values[:, monitor] >= limit)
            if len(bad):
                found.broken[monitor] = Broken(monitor, day, int(ids[bad[0]]))

    def _evening(self, number: int, day: int) -> int:
        """The row of what the day can end with for an account."""
        key = number * MOST_PARTS + self.walks.part(number, day)
        row = self.key.get(key)
        if row is None:
            ends = self.walks.evening(number, day)
            row = self.key[key] = self.evenings.add(
                [ends.outcome, ends.go, ends.rest, ends.hold, ends.again, ends.declined, 0]
            )
            while self.effects.size <= ends.outcome:
                outcome = self.walks.outcomes[self.effects.size]
                line: list[int] = []
                for monitor in range(self.monitors.size):
                    effect = self.monitors.effect(monitor, outcome)
                    line += [
                        2 * FAR if effect.bad is None else effect.bad,
                        -FAR if effect.early is None else effect.early,
                        int(_NEVER) if effect.set is None else effect.set,
                        int(_NEVER) if effect.floor is None else effect.floor,
                        effect.go,
                        effect.rest,
                        effect.hold,
                    ]
                self.effects.add(line)
        return row

    # -- what is worth following ---------------------------------------------------------------------------------------

    def _describe(self, ids: Ints) -> None:
        """The traits of accounts that are new."""
        while self.traits.size < len(self.walks.accounts):
            account = self.walks.accounts[self.traits.size]
            single = len(account.touches) <= 1 and self.walks.at[account.sort].limit is None
            kept = () if single else account.touches
            item = account.touches[0][1] if account.touches else -1
            group = account._replace(touches=kept, answer=())
            since = account.touches[0][0] if single and account.touches else FAR
            left, asked = account.answer if account.answer else (-1, 0)
            own = self.groups.setdefault((group, item if item >= 0 else -1), len(self.groups))
            self.traits.add([own, since, left, asked, account.sort])

    def _worth(self, ids: Ints, values: Ints) -> tuple[Ints, Ints]:
        """Without those that can do nothing which another of the day cannot do as well."""
        traits = self.traits.rows(ids)
        group, since, left, asked = (traits[:, n] for n in range(4))
        order = np.lexsort((left, -since, group))
        ids, values = ids[order], values[order]
        group, since, left, asked = (column[order] for column in (group, since, left, asked))
        alive = np.ones(len(ids), dtype=bool)
        starts = np.flatnonzero(np.concatenate(([True], group[1:] != group[:-1])))
        which = np.cumsum(np.concatenate(([0], (group[1:] != group[:-1]).astype(np.int64))))
        for rank in range(_LEADERS):
            before = np.cumsum(alive) - alive
            within = before - before[starts][which]
            leads = np.flatnonzero(alive & (within == rank))
            if not len(leads):
                break
            leader = np.full(len(starts), -1)
            leader[which[leads]] = leads
            mine = leader[which]
            others = np.flatnonzero((mine >= 0) & (mine != np.arange(len(ids))) & alive)
            mine = mine[others]
            less = since[mine] >= since[others]
            less &= (left[mine] < 0) | ((asked[mine] == asked[others]) & (left[mine] <= left[others]))
            less &= (values[mine] >= values[others]).all(axis=1)
            alive[others[less]] = False
        return ids[alive], values[alive]


_LEADERS = 4
_BAD, _EARLY, _SET, _FLOOR, _GO, _REST, _HOLD = range(7)
_WIDTH = 7


def _evening(values: Ints, effects: Ints, branch: str) -> Ints:
    """The numbers in the evening of a day that ended so: `Effect.evening`, for many."""
    column = {"go": _GO, "hold": _HOLD}.get(branch, _REST if branch == "rest" else _GO)
    counted: Ints = np.where(values < 0, values, values + effects[:, :, column]).astype(np.int32)
    if branch != "go":
        return counted
    floor, fixed = effects[:, :, _FLOOR], effects[:, :, _SET]
    counted = np.where(floor != _NEVER, np.maximum(values, floor), counted)
    return np.where(fixed != _NEVER, fixed, counted).astype(np.int32)


def _merged(ids: Ints, values: Ints) -> tuple[Ints, Ints]:
    """Each account once, with the largest of its numbers."""
    if not len(ids):
        return ids, values
    unique, inverse = np.unique(ids, return_inverse=True)
    most = np.full((len(unique), values.shape[1]), _NEVER, dtype=np.int32)
    np.maximum.at(most, inverse, values)
    return unique.astype(np.int32), most


def _news(ids: Ints, values: Ints, before: Ints, then: Ints) -> NDArray[Any]:
    """Which accounts are new, or have a larger number, against a set that is part of them; both are in order."""
    at = np.searchsorted(before, ids)
    at[at == len(before)] = 0
    same = before[at] == ids
    new: NDArray[Any] = ~same | (values > then[at]).any(axis=1)
    return new


def _grown(seen: Ints, size: int) -> Ints:
    if len(seen) >= size:
        return seen
    more = np.full((max(size, 2 * len(seen)) - len(seen), seen.shape[1]), _NEVER, dtype=np.int32)
    return np.concatenate([seen, more])


class _Table:
    """Rows of whole numbers that grow in number."""

    def __init__(self, width: int) -> None:
        self.size = 0
        self._data = np.zeros((1024, width), dtype=np.int32)

    def add(self, row: Sequence[int]) -> int:
        if self.size == len(self._data):
            self._data = np.concatenate([self._data, np.zeros_like(self._data)])
        self._data[self.size] = row
        self.size += 1
        return self.size - 1

    def rows(self, which: Any) -> Ints:
        found: Ints = self._data[which]
        return found


class _Lists:
    """A list of whole numbers for each of many."""

    def __init__(self) -> None:
        self._start = np.full(1024, -1, dtype=np.int64)
        self._count = np.zeros(1024, dtype=np.int64)
        self._flat = np.zeros(4096, dtype=np.int32)
        self._size = 0

    def has(self, number: int) -> bool:
        return number < len(self._start) and self._start[number] >= 0

    def put(self, number: int, values: Sequence[int]) -> None:
        while number >= len(self._start):
            self._start = np.concatenate([self._start, np.full(len(self._start), -1, dtype=np.int64)])
            self._count = np.concatenate([self._count, np.zeros(len(self._count), dtype=np.int64)])
        while self._size + len(values) > len(self._flat):
            self._flat = np.concatenate([self._flat, np.zeros_like(self._flat)])
        self._flat[self._size : self._size + len(values)] = values
        self._start[number], self._count[number] = self._size, len(values)
        self._size += len(values)

    def of(self, numbers: Ints) -> tuple[NDArray[np.int64], Ints]:
        """(index in `numbers`, value) of every value of each."""
        counts = self._count[numbers]
        origin = np.repeat(np.arange(len(numbers)), counts)
        within = np.arange(len(origin)) - np.repeat(np.cumsum(counts) - counts, counts)
        found: Ints = self._flat[self._start[numbers][origin] + within]
        return origin, found
