"""Every course that things can take, day by day, until nothing new comes of it.

A day is a set of accounts, each with how near it is to breaking each invariant. What has been seen once the last step's day is
behind is not followed again, so the search ends by itself: then it has seen every case. Of two accounts alike but for the last
contact, the one whose contact is longer ago can do whatever the other can (a person may pause it), and it alone is followed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.core.trust.prove.happenings import Happened
from engine.core.trust.prove.monitors import FAR, Monitors
from engine.core.trust.prove.outcomes import Wound
from engine.core.trust.prove.states import Clock
from engine.core.trust.prove.tables import Grid, Ints, Lists, Longs, Lookup, Table
from engine.core.trust.prove.walks import BRANCHES, CLOCK_BITS, Numbers, Walks, packed

_NEVER = -2 * FAR
_SETTLED = -1  # of an invariant that is known to break, nothing more is asked
_LEADERS = 4
_BAD, _EARLY, _SET, _FLOOR, _GO, _REST, _HOLD = range(7)
_WIDTH = 7


@dataclass(frozen=True, slots=True)
class Crowd:
    """The accounts of a day, each once: its past, its clock, and its numbers."""

    past: Ints
    clock: Ints
    values: Ints

    def __len__(self) -> int:
        return len(self.past)

    def of(self, which: Any) -> Crowd:
        return Crowd(self.past[which], self.clock[which], self.values[which])

    @property
    def key(self) -> Longs:
        found: Longs = (self.past.astype(np.int64) << CLOCK_BITS) | self.clock
        return found


@dataclass(frozen=True, slots=True)
class Broken:
    """An invariant (a monitor) that can be broken: the earliest day of a walk on which it can, and the sort that does."""

    monitor: int
    day: int
    sort: int


@dataclass(slots=True)
class Found:
    """What a search has seen. `first`: outcome -> (day of the walk, sort) where it first came about."""

    first: dict[int, tuple[int, int]] = field(default_factory=dict)
    broken: dict[int, Broken] = field(default_factory=dict)
    states: int = 0
    days: int = 0
    whole: bool = True  # False: the budget was used up before everything was seen


class Search:
    """Follows all accounts of some sorts at once."""

    def __init__(self, walks: Walks, monitors: Monitors, *, prune: bool = True) -> None:
        self.walks, self.monitors, self.prune = walks, monitors, prune
        self._ended: dict[int, int] = {}
        self._watch = np.arange(monitors.size)
        self._aged = self._once = False
        self.events = Lists()
        self.kinds = Numbers()
        self.happened = Grid(lambda clock, kind: walks.happened(clock, self.kinds.things[kind]))
        self.nights = Grid(lambda clock, wound: walks.night(clock, walks.wounds.things[wound]))
        self.route_keys = Grid(lambda past, _: walks.route_key(past), 1)
        self.past_keys = Grid(lambda past, route: walks.past_key(past, route - 1))
        self.clock_keys = Grid(lambda clock, route: walks.clock_key(clock, route - 1))
        self.routes, self.outcomes, self.evenings = (
            Lookup(walks.routes),
            Lookup(walks.found),
            Lookup(self._ended),
        )
        self.effects = Table(_WIDTH * monitors.size)
        self.wounds = Table(2)  # outcome -> what it does to a clock where it goes, where it is held
        self.ends = Table(len(BRANCHES))
        self.sort_of = Table(1)
        self.traits = Table(
            6
        )  # clock -> all but the rest; days since contact, to answer; day that asked; age of the event
        self.groups = Numbers()
        self.still = walks.wounds.of(Wound())

    def run(self, sorts: Sequence[int], budget: int, watch: Sequence[int]) -> Found:
        """Follow every course of these sorts. `budget` is the most accounts, each day's counted anew; `watch` are the monitors
        to be looked at: those of what must never be, or those of what must always be.
        """
        found = Found()
        self._watch = np.array(watch, dtype=np.int64)
        always = [monitor for monitor in watch if self.monitors.deadline(monitor) is not None]
        self._aged = not always
        self._once = bool(always) and all(self.monitors.once(monitor) for monitor in watch)
        starts = np.array([start for sort in sorts for start in self.walks.starts(sort)], dtype=np.int32)
        start = self.monitors.start()[self._watch]
        crowd = _merged(Crowd(starts[:, 0], starts[:, 1], np.tile(start, (len(starts), 1))))
        last = max((self.walks.at[sort].last for sort in sorts), default=0)
        seen = crowd.of(slice(0, 0))
        day = min((self.walks.at[sort].begins for sort in sorts), default=0)
        while len(crowd):
            if day > last:
                crowd = crowd.of(_news(crowd, seen))
                if not len(crowd):
                    break
                seen = _merged(_joined([seen, crowd]))
            crowd = self._morning(crowd, day)
            found.states += len(crowd)
            if found.states > budget:
                found.whole = False
                break
            crowd = self._night(crowd, day, found)
            day += 1
            if always and all(monitor in found.broken for monitor in watch):
                break
        found.days = day
        return found

    def _sorts(self, crowd: Crowd) -> Ints:
        while self.sort_of.size < len(self.walks.pasts):
            self.sort_of.add([self.walks.pasts.things[self.sort_of.size].sort])
        return self.sort_of.rows(crowd.past)[:, 0]

    # -- what may happen in the morning --------------------------------------------------------------------------------

    def _morning(self, crowd: Crowd, day: int) -> Crowd:
        due = np.array([at.due[0] for at in self.walks.at])
        fresh = crowd
        while len(fresh):
            fresh = fresh.of(due[self._sorts(fresh)] < day)
            for past in self.events.missing(fresh.past):
                follows = [(then, self._kind(past, what)) for what, then in self.walks.happens(past)]
                self.events.put(past, follows)
            origin, pairs = self.events.of(fresh.past)
            clock = self.happened.of(fresh.clock[origin], pairs[:, 1])
            then = Crowd(pairs[:, 0], clock, fresh.values[origin])
            before, crowd = crowd, _merged(_joined([crowd, then]))
            fresh = crowd.of(_news(crowd, before))
        return self._worth(crowd) if self.prune else crowd

    def _kind(self, past: int, what: Happened) -> int:
        """What happens, as far as a clock sees it."""
        paid = what.what if what.what == "payment" else ""
        return self.kinds.of(Happened(paid, event=what.event, age=what.age))

    # -- what the day brings -------------------------------------------------------------------------------------------

    def _night(self, crowd: Crowd, day: int, found: Found) -> Crowd:
        """What the day brings each, and the accounts of the next morning."""
        sorts = self._sorts(crowd)
        outcome = self._outcome(crowd, sorts, day)
        new, at = np.unique(outcome, return_index=True)
        for which, where in zip(new.tolist(), at.tolist(), strict=True):
            found.first.setdefault(which, (day, int(sorts[where])))
        ends = self._evening(crowd, outcome)
        effects = self.effects.rows(outcome).reshape(len(crowd), self.monitors.size, _WIDTH)[:, self._watch]
        self._look(crowd, sorts, effects, ends, day, found)
        wounds = self.wounds.rows(outcome)
        then = []
        for column, branch in enumerate(BRANCHES):
            some = np.flatnonzero(ends[:, column] >= 0)
            if not len(some):
                continue
            clock = self.nights.of(crowd.clock[some], wounds[some, 0 if branch == "go" else 1])
            evening = _evening(crowd.values[some], effects[some], branch)
            self._deadlines(evening, sorts[some], day, found)
            evening[:, [monitor in found.broken for monitor in self._watch.tolist()]] = _SETTLED
            then.append(Crowd(ends[some, column], clock, self.monitors.overnight(evening, self._watch)))
        crowd = _merged(_joined(then))
        return crowd.of((crowd.values >= 0).any(axis=1)) if self._once else crowd

    def _outcome(self, crowd: Crowd, sorts: Ints, day: int) -> Ints:
        """The number of each account's outcome; accounts alike are decided once."""
        policies = range(-1, len(self.walks.book.policies))
        parts = np.array(
            [[at.part(p, day) if p in at.bounds else 0 for p in policies] for at in self.walks.at],
            dtype=np.int64,
        )

        def accounts(which: NDArray[Any]) -> list[tuple[int, int, int]]:
            return [(int(crowd.past[n]), int(crowd.clock[n]), day) for n in which]

        past = self.route_keys.of(crowd.past, 0).astype(np.int64)
        keys = packed(past, self.clock_keys.of(crowd.clock, 0), parts[sorts, 0])
        route = self.routes.of(keys, lambda which: self.walks.decide(accounts(which))) + 1
        past = self.past_keys.of(crowd.past, route).astype(np.int64)
        keys = packed(past, self.clock_keys.of(crowd.clock, route), parts[sorts, route])
        found = self.outcomes.of(keys, lambda which: self.walks.decide(accounts(which)))
        while self.effects.size < len(self.walks.outcomes):
            self._remember(self.walks.outcomes[self.effects.size])
        return found

    def _remember(self, outcome: Any) -> None:
        self.wounds.add([self.walks.wounds.of(outcome.left.wound), self.walks.wounds.of(outcome.holds.wound)])
        line: list[int] = []
        for effect in self.monitors.effects(outcome):
            line += [
                2 * FAR if effect.bad is None else effect.bad,
                -FAR if effect.early is None else effect.early,
                _NEVER if effect.set is None else effect.set,
                _NEVER if effect.floor is None else effect.floor,
                effect.go,
                effect.rest,
                effect.hold,
            ]
        self.effects.add(line)

    def _evening(self, crowd: Crowd, outcome: Ints) -> Ints:
        """(account, branch) -> the past that is left, or -1."""
        keys = (crowd.past.astype(np.int64) << 31) | outcome

        def make(which: NDArray[Any]) -> None:
            for n in which:
                ends = self.walks.evening(int(crowd.past[n]), int(outcome[n]))
                self._ended[int(keys[n])] = self.ends.add([getattr(ends, branch) for branch in BRANCHES])

        return self.ends.rows(self.evenings.of(keys, make))

    # -- what breaks an invariant --------------------------------------------------------------------------------------

    def _look(self, crowd: Crowd, sorts: Ints, effects: Ints, ends: Ints, day: int, found: Found) -> None:
        goes = ends[:, 0] >= 0
        late = day - np.array([at.due[0] for at in self.walks.at])[sorts]
        for column, monitor in enumerate(self._watch.tolist()):
            bad = goes & (crowd.values[:, column] >= effects[:, column, _BAD])
            bad |= goes & (late < effects[:, column, _EARLY])
            self._broken(monitor, bad, sorts, day, found)

    def _deadlines(self, values: Ints, sorts: Ints, day: int, found: Found) -> None:
        for column, monitor in enumerate(self._watch.tolist()):
            limit = self.monitors.deadline(monitor)
            if limit is not None:
                self._broken(monitor, values[:, column] >= limit, sorts, day, found)

    def _broken(self, monitor: int, bad: NDArray[Any], sorts: Ints, day: int, found: Found) -> None:
        if monitor not in found.broken and bad.any():
            found.broken[monitor] = Broken(monitor, day, int(sorts[np.flatnonzero(bad)[0]]))

    # -- what is worth following ---------------------------------------------------------------------------------------

    def _describe(self) -> None:
        """The traits of clocks that are new."""
        while self.traits.size < len(self.walks.clocks):
            sort, clock = self.walks.clocks.things[self.traits.size]
            at = self.walks.at[sort]
            single = len(clock.touches) <= 1 and at.limit is None
            aged = at.climbs and len(clock.ages) == 1 and clock.ages[0] >= 0
            rest: Clock = clock._replace(
                touches=() if single else clock.touches, answer=(), ages=(0,) if aged else clock.ages
            )
            since = clock.touches[0][0] if single and clock.touches else FAR
            left, asked = clock.answer if clock.answer else (-1, 0)
            exact = self.groups.of((sort, rest._replace(ages=clock.ages)))
            self.traits.add(
                [self.groups.of((sort, rest)), since, left, asked, clock.ages[0] if aged else 0, exact]
            )

    def _worth(self, crowd: Crowd) -> Crowd:
        """Without those that can do nothing which another of the day cannot do as well."""
        self._describe()
        traits = self.traits.rows(crowd.clock)
        group = (crowd.past.astype(np.int64) << 31) | traits[:, 0 if self._aged else 5]
        order = np.lexsort((traits[:, 2], -traits[:, 1], -traits[:, 4], group))
        crowd, group, traits = crowd.of(order), group[order], traits[order]
        since, left, asked, age = (traits[:, n] for n in (1, 2, 3, 4))
        begins = np.concatenate(([True], group[1:] != group[:-1]))
        starts, which = np.flatnonzero(begins), np.cumsum(begins) - 1
        alive = np.ones(len(crowd), dtype=bool)
        for rank in range(_LEADERS):
            before = np.cumsum(alive) - alive
            leads = np.flatnonzero(alive & (before - before[starts][which] == rank))
            if not len(leads):
                break
            leader = np.full(len(starts), -1)
            leader[which[leads]] = leads
            mine = leader[which]
            others = np.flatnonzero((mine >= 0) & (mine != np.arange(len(crowd))) & alive)
            mine = mine[others]
            less = (since[mine] >= since[others]) & (age[mine] >= age[others])
            less &= (left[mine] < 0) | ((asked[mine] == asked[others]) & (left[mine] <= left[others]))
            less &= (crowd.values[mine] >= crowd.values[others]).all(axis=1)
            alive[others[less]] = False
        return crowd.of(alive)


def _evening(values: Ints, effects: Ints, branch: str) -> Ints:
    """The numbers in the evening of a day that ended so: `Effect.evening`, for many."""
    column = {"rest": _REST, "hold": _HOLD}.get(branch, _GO)
    counted = np.where(values < 0, values, values + effects[:, :, column])
    if branch == "go":
        floor, fixed = effects[:, :, _FLOOR], effects[:, :, _SET]
        counted = np.where(floor != _NEVER, np.maximum(values, floor), counted)
        counted = np.where(fixed != _NEVER, fixed, counted)
    found: Ints = counted.astype(np.int32)
    return found


def _joined(crowds: Sequence[Crowd]) -> Crowd:
    return Crowd(
        np.concatenate([crowd.past for crowd in crowds]),
        np.concatenate([crowd.clock for crowd in crowds]),
        np.concatenate([crowd.values for crowd in crowds]),
    )


def _merged(crowd: Crowd) -> Crowd:
    """Each account once, with the largest of its numbers, in the order of its key."""
    if not len(crowd):
        return crowd
    key = crowd.key
    order = np.argsort(key, kind="stable")
    crowd, key = crowd.of(order), key[order]
    starts = np.flatnonzero(np.concatenate(([True], key[1:] != key[:-1])))
    if len(starts) == len(key):
        return crowd
    return Crowd(crowd.past[starts], crowd.clock[starts], np.maximum.reduceat(crowd.values, starts, axis=0))


def _news(crowd: Crowd, before: Crowd) -> NDArray[Any]:
    """Which accounts are new, or have a larger number, against another crowd; both are in the order of their keys."""
    if not len(before):
        return np.ones(len(crowd), dtype=bool)
    key, known = crowd.key, before.key
    at = np.searchsorted(known, key)
    at[at == len(known)] = 0
    new: NDArray[Any] = (known[at] != key) | (crowd.values > before.values[at]).any(axis=1)
    return new
