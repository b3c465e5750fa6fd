"""Accounts with several open invoices, tried and not proved: made-up ones, each walked once, with whatever chance sends them.

The chance is a seed's, so that the same policies give the same answer on every day and every machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from engine.core.trust.prove.happenings import Happened
from engine.core.trust.prove.monitors import Monitors
from engine.core.trust.prove.search import Found
from engine.core.trust.prove.states import Moments
from engine.core.trust.prove.stories import Day, Story
from engine.core.trust.prove.walks import Walks

# How often something happens, a step waits, a call reaches nobody or a yes is refused.
_HAPPENS, _WAITS, _OTHERWISE = 0.15, 0.25, 0.15


@dataclass(slots=True)
class _Walker:
    sort: int
    past: int
    clock: int
    day: int
    last: int
    values: list[int]
    days: list[Day] = field(default_factory=list)


def sample(
    walks: Walks, monitors: Monitors, sorts: Sequence[int], tries: int, seed: int, found: Found
) -> dict[int, Story]:
    """Walk `tries` accounts of these sorts. What they come to is put down in `found`; what they break is given as stories."""
    chance = Random(seed)  # noqa: S311 - what is drawn are made-up customers, no secrets
    broken: dict[int, Story] = {}
    for number in range(tries):
        walk(walks, monitors, sorts[number % len(sorts)], chance, found, broken)
    return broken


def walk(
    walks: Walks, monitors: Monitors, sort: int, chance: Random, found: Found, broken: dict[int, Story]
) -> Story:
    """One account from its first day to its last, or until nothing is overdue any more."""
    past, clock = chance.choice(walks.starts(sort))
    at = walks.at[sort]
    values = [int(value) for value in monitors.start()]
    walker = _Walker(sort, past, clock, at.begins, at.last + 20, values)
    while walker.day <= walker.last:
        happened = _morning(walks, walker, chance)
        if happened is not None:
            walker.past, walker.clock, walker.days = happened
        if _settled(walks, walker):
            break
        _day(walks, monitors, walker, chance, found, broken)
    return tuple(day for day in walker.days if day.branch)


def _settled(walks: Walks, walker: _Walker) -> bool:
    """Whether nothing is overdue any more: the episode has ended, and so does the walk."""
    if not any(day.outcome.overdue for day in walker.days):
        return False
    return not walks.outcomes[walks.outcome(walker.past, walker.clock, walker.day)].overdue


def _morning(walks: Walks, walker: _Walker, chance: Random) -> tuple[int, int, list[Day]] | None:
    """Perhaps something happens. The day itself is added in the evening."""
    if walker.day <= walks.at[walker.sort].due[0] or chance.random() > _HAPPENS:
        return None
    every = walks.happens(walker.past)
    if not every:
        return None
    what, then = chance.choice(every)
    clock = walks.happened(walker.clock, what)
    outcome = walks.outcomes[walks.outcome(walker.past, walker.clock, walker.day)]
    marker = Day(walker.day, (what,), then, clock, "", outcome)
    return then, clock, [*walker.days, marker]


def _day(
    walks: Walks, monitors: Monitors, walker: _Walker, chance: Random, found: Found, broken: dict[int, Story]
) -> None:
    at = walks.at[walker.sort]
    number = walks.outcome(walker.past, walker.clock, walker.day)
    outcome, ends = walks.outcomes[number], walks.evening(walker.past, number)
    found.first.setdefault(number, (walker.day, walker.sort))
    found.states += 1
    branch = _branch(ends.hold, ends.again, ends.declined, chance) if outcome.goes else "rest"
    if ends.go < 0 and branch == "go":
        branch = "rest"
    happened: tuple[Happened, ...] = ()
    if walker.days and walker.days[-1].branch == "":
        happened = walker.days.pop().happened
    then = getattr(ends, branch)
    left = outcome.left if branch == "go" else outcome.holds
    days = (
        1
        if (branch != "rest" and branch != "hold") or then != walker.past
        else _until(at, walks, walker, chance)
    )
    effects = monitors.effects(outcome)
    late = walker.day - at.due[0]
    for step in range(days):
        here = Day(
            walker.day + step, happened if not step else (), walker.past, walker.clock, branch, outcome
        )
        walker.days.append(here)
        for monitor, effect in enumerate(effects):
            value = walker.values[monitor]
            evening = effect.evening(value, branch)
            bad = branch == "go" and effect.bad is not None and value >= effect.bad
            bad = bad or (branch == "go" and effect.early is not None and late < effect.early)
            bad = bad or (effect.deadline is not None and evening >= effect.deadline)
            if bad and monitor not in broken:
                broken[monitor] = tuple(walker.days)
            walker.values[monitor] = monitors.morning(monitor, evening)
    clock = walks.night(walker.clock, left.wound)
    if days > 1:
        sort, shows = walks.clocks.things[clock]
        clock = walks.clocks.of((sort, at.later(shows, days - 1)))
    walker.past, walker.clock, walker.day = then, clock, walker.day + days


def _branch(hold: int, again: int, declined: int, chance: Random) -> str:
    drawn = chance.random()
    if drawn < _WAITS and hold >= 0:
        return "hold"
    if drawn < _WAITS + _OTHERWISE:
        return "again" if again >= 0 else "declined" if declined >= 0 else "go"
    return "go"


def _until(at: Moments, walks: Walks, walker: _Walker, chance: Random) -> int:
    """How many days may go by at once: until time alone may change something, or chance wants to."""
    shows = walks.clocks.things[walker.clock][1]
    number = walks.outcome(walker.past, walker.clock, walker.day)
    changes = at.changes(shows, walker.day, walks.outcomes[number].policy)
    next_change = changes[0] - walker.day if changes else walker.last
    return max(1, min(next_change, chance.randint(1, 20)))
