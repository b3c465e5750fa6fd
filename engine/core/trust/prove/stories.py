"""The shortest way to something that can be: as few happenings as it takes, and of those the earliest day."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from engine.core.trust.prove.happenings import Happened
from engine.core.trust.prove.monitors import Effect, Monitors
from engine.core.trust.prove.outcomes import Outcome
from engine.core.trust.prove.walks import BRANCHES, Walks

MOST_HAPPENINGS = 5
MOST_NODES = 20_000  # of a day, before a way with fewer is taken for the shortest that can be found


@dataclass(frozen=True, slots=True)
class Day:
    """A day of a story: what happened in the morning, and what became of it. `branch` is how the day ended."""

    day: int
    happened: tuple[Happened, ...]
    past: int  # in the morning, when that had happened
    clock: int
    branch: str
    outcome: Outcome


Story = tuple[Day, ...]
Way = tuple[Day, "Way | None"]  # the last day, and the way to it


@dataclass(frozen=True, slots=True)
class Goal:
    """What a story is to lead to: a contact that `shows`, or the breaking of an invariant (a monitor)."""

    shows: Callable[[Outcome], bool] | None = None
    monitor: int | None = None


def story(walks: Walks, monitors: Monitors, sort: int, goal: Goal, last: int) -> Story | None:
    """The shortest story of a sort that leads to the goal by the day `last`; None where none was found."""
    search = _Search(walks, monitors, sort, goal)
    for search.most in range(MOST_HAPPENINGS + 1):
        found = search.run(last)
        if found is not None:
            return found
        if search.gave_up:
            return None
    return None


def quiet(walks: Walks, start: tuple[int, int], day: int, last: int) -> Iterator[Day]:
    """The days of an account to which nothing happens but what the policies do."""
    past, clock = start
    while day <= last:
        number = walks.outcome(past, clock, day)
        outcome = walks.outcomes[number]
        ends = walks.evening(past, number)
        branch = "go" if outcome.goes else "rest"
        yield Day(day, (), past, clock, branch, outcome)
        left = outcome.left if outcome.goes else outcome.holds
        past, clock = getattr(ends, branch), walks.night(clock, left.wound)
        day += 1


class _Search:
    """Follows a sort, as long as no more than so many things happen to it. A pause of many days is one of them."""

    def __init__(self, walks: Walks, monitors: Monitors, sort: int, goal: Goal) -> None:
        self.walks, self.monitors, self.sort, self.goal, self.most = walks, monitors, sort, goal, 0
        self.outcomes: dict[tuple[int, int, int], int] = {}
        self.effects: dict[int, Effect] = {}
        self.gave_up = False

    def run(self, last: int) -> Story | None:
        walks, at = self.walks, self.walks.at[self.sort]
        value = 0 if self.goal.monitor is None else int(self.monitors.start()[self.goal.monitor])
        # (past, clock, value, paused yesterday) -> (happenings so far, way)
        crowd: dict[tuple[int, int, int, bool], tuple[int, Way | None]] = {
            (*start, value, False): (0, None) for start in walks.starts(self.sort)
        }
        for day in range(at.begins, last + 1):
            then: dict[tuple[int, int, int, bool], tuple[int, Way | None]] = {}
            for past, clock, value, paused, cost, way, happened in self._mornings(crowd, day):
                for key, price, next_way, done in self._evening(
                    past, clock, value, paused, day, way, happened
                ):
                    if cost + price > self.most:
                        continue
                    if done:
                        return _told(next_way)
                    if key not in then or then[key][0] > cost + price:
                        then[key] = (cost + price, next_way)
            if len(then) > MOST_NODES:
                self.gave_up = True
                return None
            crowd = then
        return None

    def _mornings(
        self, crowd: dict[tuple[int, int, int, bool], tuple[int, Way | None]], day: int
    ) -> Iterable[tuple[int, int, int, bool, int, Way | None, tuple[Happened, ...]]]:
        overdue = day > self.walks.at[self.sort].due[0]
        for (past, clock, value, paused), (cost, way) in crowd.items():
            found: dict[tuple[int, int], tuple[Happened, ...]] = {(past, clock): ()}
            front = list(found) if overdue else []
            for _ in range(min(2, self.most - cost)):
                new = []
                for was in front:
                    for what, then in self.walks.happens(was[0]):
                        after = (then, self.walks.happened(was[1], what))
                        if after not in found:
                            found[after] = (*found[was], what)
                            new.append(after)
                front = new
            for (then, shows), happened in found.items():
                yield then, shows, value, paused, cost + len(happened), way, happened

    def _evening(
        self,
        past: int,
        clock: int,
        value: int,
        paused: bool,
        day: int,
        way: Way | None,
        happened: tuple[Happened, ...],
    ) -> Iterable[tuple[tuple[int, int, int, bool], int, Way, bool]]:
        """(next morning, happenings it took, the way, whether the goal is reached), for each way in which the day can end."""
        walks = self.walks
        number = self._outcome(past, clock, day)
        outcome, ends = walks.outcomes[number], walks.evening(past, number)
        effect = self._effect(number)
        late = day - walks.at[self.sort].due[0]
        for branch in BRANCHES:
            end = getattr(ends, branch)
            if end < 0:
                continue
            price = 0 if branch in ("go", "rest") or (branch == "hold" and paused) else 1
            then = (Day(day, happened, past, clock, branch, outcome), way)
            night = walks.night(clock, (outcome.left if branch == "go" else outcome.holds).wound)
            done = branch == "go" and self._shows(effect, value, late, outcome)
            after = value
            if effect is not None:
                after = effect.evening(value, branch)
                done = done or (effect.deadline is not None and after >= effect.deadline)
                after = self.monitors.morning(self.goal.monitor or 0, after)
            yield (end, night, after, branch == "hold"), price, then, done

    def _outcome(self, past: int, clock: int, day: int) -> int:
        key = (past, clock, day)
        found = self.outcomes.get(key)
        if found is None:
            found = self.outcomes[key] = self.walks.outcome(past, clock, day)
        return found

    def _effect(self, number: int) -> Effect | None:
        if self.goal.monitor is None:
            return None
        if number not in self.effects:
            self.effects[number] = self.monitors.effects(self.walks.outcomes[number])[self.goal.monitor]
        return self.effects[number]

    def _shows(self, effect: Effect | None, value: int, late: int, outcome: Outcome) -> bool:
        if effect is None:
            return self.goal.shows is not None and self.goal.shows(outcome)
        bad = effect.bad is not None and value >= effect.bad
        return bad or (effect.early is not None and late < effect.early)


def _told(way: Way | None) -> Story:
    days = []
    while way is not None:
        days.append(way[0])
        way = way[1]
    return tuple(reversed(days))
