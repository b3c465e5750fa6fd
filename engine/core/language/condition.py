"""A test on an account or an item: what it wants, whether it holds, and why.

This plain evaluator is the definition of the language. `core.rules` answers the same questions with durable-
rules, and `decision.portfolio` for a million accounts at once; where they disagree with this module, they are
wrong.

A test holds when the account has a value and the value satisfies it; `not` turns the answer round. So `used:
under 50%` does not hold for an account without a limit, and `used: not over 50%` does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from engine.core.problem import Place

# A value as the core compares it: money in minor units of the house's currency, shares in hundredths of a per
# cent, days and counts as they are, words in lower case, yes and no as booleans, tags as a set of words.
Value = int | str | bool | frozenset[str]


class Op(StrEnum):
    """How a value is compared. `IS` is one of a list of words; for tags it is `has one of`."""

    IS = "is"
    OVER = "over"
    UNDER = "under"
    AT_LEAST = "at least"
    AT_MOST = "at most"
    BETWEEN = "between"


@dataclass(frozen=True, slots=True)
class Test:
    """One line: `balance: over 1,000`. `values` are two numbers for `between`, one number, or words."""

    __test__ = False  # pytest takes a class of this name for one of its own

    field: str
    op: Op
    values: tuple[int | str | bool, ...]
    negated: bool
    text: str  # the value as it was written, for sentences
    place: Place

    def holds(self, facts: Mapping[str, Value | None]) -> bool:
        """Whether the line holds for these facts; a field without a value is absent or None."""
        value = facts.get(self.field)
        if value is None:
            return self.negated
        return self._satisfied(value) != self.negated

    def _satisfied(self, value: Value) -> bool:
        if isinstance(value, frozenset):
            return any(word in value for word in self.values)
        if self.op is Op.IS:
            return value in self.values
        if not isinstance(value, int) or not isinstance(self.values[0], int):
            raise TypeError(f"{self.field} cannot be compared with {self.op.value}")
        low = self.values[0]
        match self.op:
            case Op.OVER:
                return value > low
            case Op.UNDER:
                return value < low
            case Op.AT_LEAST:
                return value >= low
            case Op.AT_MOST:
                return value <= low
            case Op.BETWEEN:
                high = self.values[1]
                assert isinstance(high, int)
                return low <= value <= high


@dataclass(frozen=True, slots=True)
class Clause:
    """Lines that must all hold: the whole of a `for`, or what stands behind one dash."""

    tests: tuple[Test, ...]
    place: Place

    def holds(self, facts: Mapping[str, Value | None]) -> bool:
        return all(test.holds(facts) for test in self.tests)

    def failing(self, facts: Mapping[str, Value | None]) -> Test | None:
        """The first line that does not hold: what `explain` shows."""
        return next((test for test in self.tests if not test.holds(facts)), None)


@dataclass(frozen=True, slots=True)
class Condition:
    """Dashes of which one is enough. A condition without dashes always holds."""

    clauses: tuple[Clause, ...]
    place: Place

    def holds(self, facts: Mapping[str, Value | None]) -> bool:
        return not self.clauses or any(clause.holds(facts) for clause in self.clauses)

    def tests(self) -> Iterator[Test]:
        for clause in self.clauses:
            yield from clause.tests
