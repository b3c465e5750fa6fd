"""How near each account is to breaking an invariant: a number a walk carries along, of which the most dangerous is kept.

Every number only ever gets an account nearer or leaves it as it is when it is larger, so of two accounts alike in all else the
one with the larger number can do whatever the other can. That makes it enough to follow the larger.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.core.language.invariants import Deed, Invariant, Shape
from engine.core.language.policy import PolicyBook, Tone
from engine.core.sentences import Reason
from engine.core.trust.prove.outcomes import Outcome

FAR = 10_000  # longer ago than any number of days that an invariant may say
NOT_ASKED = -1
UNSPOKEN = 0  # the first monitor is the house's own: whether anybody has been in contact with the account yet
_COUNTED = frozenset({Reason.DUE, Reason.NOTHING_DUE, Reason.NO_POLICY, Reason.LADDER_FINISHED})


@dataclass(frozen=True, slots=True)
class Effect:
    """What an outcome does to one monitor.

    `bad`: a contact that goes breaks the invariant from this number on. `early`: it does, fewer days past due than this.
    `deadline`: the invariant is broken when the number gets there by the evening. A contact that goes sets the number, or
    raises it to at least `floor`; else it goes on by `go`, on a day without one by `rest`, on a day of a pause by `hold`.
    A number below 0 that counts towards a deadline stands still.
    """

    bad: int | None = None
    early: int | None = None
    deadline: int | None = None
    set: int | None = None
    floor: int | None = None
    go: int = 0
    rest: int = 0
    hold: int = 0

    def evening(self, value: int, branch: str) -> int:
        """The number in the evening, after a day that ended so."""
        if branch == "go" and self.set is not None:
            return self.set
        if branch == "go" and self.floor is not None:
            return max(value, self.floor)
        if value < 0:
            return value
        return value + {"go": self.go, "hold": self.hold}.get(branch, self.rest)


class Monitors:
    """All invariants of a team, and the one that is everybody's: a final message is nobody's first contact."""

    def __init__(self, book: PolicyBook, invariants: Sequence[Invariant]) -> None:
        self.book, self.invariants = book, tuple(invariants)
        self.size = 1 + len(self.invariants)
        self._effects: dict[tuple[object, ...], tuple[Effect, ...]] = {}
        self.least = np.array([0, *(_least(rule) for rule in self.invariants)], dtype=np.int32)
        self.most = np.array([1, *(_most(rule) for rule in self.invariants)], dtype=np.int32)
        nights = [_NIGHTS.get(rule.shape, 0) if rule.days is not None else 0 for rule in self.invariants]
        self.nights = np.array([0, *nights], dtype=np.int32)
        self._one: tuple[tuple[int, int, int], ...] = tuple(
            zip(self.nights.tolist(), self.least.tolist(), self.most.tolist(), strict=True)
        )

    def start(self) -> NDArray[np.int32]:
        return np.array([1, *(_start(rule) for rule in self.invariants)], dtype=np.int32)

    def overnight(self, values: NDArray[np.int32], watch: NDArray[np.int64]) -> NDArray[np.int32]:
        """The numbers of the next morning, of some monitors: days since something, for those that count them."""
        found: NDArray[np.int32] = np.clip(values + self.nights[watch], self.least[watch], self.most[watch])
        return found

    def morning(self, number: int, value: int) -> int:
        """The number of one monitor on the next morning."""
        night, least, most = self._one[number]
        return min(max(value + night, least), most)

    def once(self, number: int) -> bool:
        """Whether what must always be done is done for good once it has been done."""
        return number != UNSPOKEN and self.invariants[number - 1].shape is Shape.BY

    def effects(self, outcome: Outcome) -> tuple[Effect, ...]:
        """What an outcome does to each monitor."""
        key = (
            *(outcome.policy, outcome.step and outcome.step.index, outcome.actions, outcome.agreed),
            *(outcome.rules, outcome.overdue, outcome.goes, outcome.choice.reason),
        )
        found = self._effects.get(key)
        if found is None:
            found = self._effects[key] = tuple(self._effect(number, outcome) for number in range(self.size))
        return found

    def _effect(self, number: int, outcome: Outcome) -> Effect:
        if number == UNSPOKEN:
            return self._unspoken(outcome)
        rule = self.invariants[number - 1]
        about = number - 1 in outcome.rules
        is_it = about and self._is(rule.what, outcome)
        other = self._is(rule.other, outcome)
        match rule.shape:
            case Shape.NEVER:
                return Effect(bad=-FAR if is_it else None)
            case Shape.EARLY:
                return Effect(early=rule.days if is_it else None)
            case Shape.WITHOUT if any(deed.approval for deed in rule.other):
                return Effect(bad=-FAR if is_it and not other else None)
            case Shape.WITHOUT:
                longest = rule.days + 1 if rule.days is not None else FAR
                return Effect(bad=longest if is_it else None, set=0 if other else None)
            case Shape.WITHIN:
                assert rule.days is not None
                return Effect(bad=-rule.days if is_it else None, set=0 if other else None)
            case Shape.BY | Shape.AFTER:
                counts = int(about and outcome.overdue)
                excused = rule.reason and outcome.choice.reason not in _COUNTED
                return Effect(
                    deadline=rule.days,
                    set=NOT_ASKED if self._is(rule.what, outcome) else None,
                    floor=0 if other and about else None,
                    go=counts,
                    rest=0 if excused else counts,
                    hold=0 if rule.reason else counts,
                )

    def deadline(self, number: int) -> int | None:
        """The number at which an evening breaks the invariant; None for one that only a contact breaks."""
        if number == UNSPOKEN or not self.invariants[number - 1].shape.always:
            return None
        return self.invariants[number - 1].days

    def _is(self, deeds: Sequence[Deed], outcome: Outcome) -> bool:
        return outcome.step is not None and any(
            deed.matches(outcome.step, outcome.actions, self.book.tones, outcome.agreed) for deed in deeds
        )

    def _unspoken(self, outcome: Outcome) -> Effect:
        if not outcome.goes or outcome.step is None:
            return Effect()
        tones = [self.book.tones.get(action.value) for action in outcome.actions if action.kind.written]
        final = any(tone and tone.rank >= Tone.FINAL.rank for tone in tones)
        spoken = outcome.step.demand and any(action.kind.contact for action in outcome.actions)
        return Effect(bad=1 if final else None, set=0 if spoken else None)


_NIGHTS = {Shape.WITHOUT: 1, Shape.WITHIN: -1}


def _start(rule: Invariant) -> int:
    return {Shape.WITHOUT: FAR, Shape.WITHIN: -FAR, Shape.AFTER: NOT_ASKED}.get(rule.shape, 0)


def _least(rule: Invariant) -> int:
    """A number below which nothing more is told apart."""
    if rule.shape is Shape.WITHIN:
        assert rule.days is not None
        return -rule.days - 1
    return -FAR


def _most(rule: Invariant) -> int:
    """A number above which nothing more is told apart."""
    if rule.shape is Shape.WITHOUT:
        return FAR if rule.days is None else rule.days + 1
    return FAR if rule.days is None or not rule.shape.always else rule.days
