"""Whether one condition takes everything that another would take: proved, or not claimed at all."""

from __future__ import annotations

from engine.core.language.condition import Clause, Op, Test

_LOWEST, _HIGHEST = -(10**18), 10**18


def takes_all(earlier: Clause, later: Clause) -> bool:
    """Whether every account that `later` fits is fit by `earlier`. False where that is not certain."""
    return all(any(implies(given, wanted) for given in later.tests) for wanted in earlier.tests)


def implies(given: Test, wanted: Test) -> bool:
    """Whether `wanted` holds wherever `given` does. False where that is not certain.

    A negated test also holds for an account without a value, which no other test does.
    """
    if given.field != wanted.field:
        return False
    if given.op is Op.IS and wanted.op is Op.IS:
        return _words_imply(given, wanted)
    if _gaps(wanted) or (given.negated and _gaps(given)):
        return False
    low, high = _span(given)
    least, most = _span(wanted)
    if given.negated and wanted.negated:
        return low <= least and most <= high
    if given.negated:
        return False
    if wanted.negated:
        return high < least or most < low
    return least <= low and high <= most


def _words_imply(given: Test, wanted: Test) -> bool:
    ours, theirs = set(given.values), set(wanted.values)
    if given.negated and wanted.negated:
        return theirs <= ours
    if given.negated:
        return False
    if wanted.negated:
        return given.field != "tags" and not ours & theirs  # an account may have many tags
    return ours <= theirs


def _gaps(test: Test) -> bool:
    """Whether the numbers of a list do not lie side by side, so that their span says too much."""
    numbers = {int(value) for value in test.values if not isinstance(value, str)}
    return test.op is Op.IS and len(numbers) != max(numbers) - min(numbers) + 1


def _span(test: Test) -> tuple[int, int]:
    """The whole numbers for which the test, taken without its `not`, holds; of a list, what it spans."""
    numbers = [int(value) for value in test.values if not isinstance(value, str)]
    low = numbers[0] if numbers else _LOWEST
    match test.op:
        case Op.OVER:
            return low + 1, _HIGHEST
        case Op.UNDER:
            return _LOWEST, low - 1
        case Op.AT_LEAST:
            return low, _HIGHEST
        case Op.AT_MOST:
            return _LOWEST, low
        case Op.BETWEEN:
            return low, numbers[1]
        case Op.IS:
            return min(numbers, default=_LOWEST), max(numbers, default=_HIGHEST)
