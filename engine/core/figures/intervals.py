"""How sure a difference between two groups is: 95 per cent intervals, and how many accounts it takes to see one.

Shares: Wilson's interval of each, put together by Newcombe's method (Statistics in Medicine 17, 1998, method 10). Means and
medians: the bootstrap, percentiles of the difference in resampled groups; of days that are not over yet the median is that of
Kaplan and Meier. A few lines each, which a library of a hundred megabytes would not make shorter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, inf, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

_Z = 1.959963984540054  # 95 per cent, both sides
_POWER = 0.8416212335729143  # a difference is seen in four of five such comparisons
_TIMES = 1000
_SEED = 20_260_101  # the same accounts have the same interval each time


@dataclass(frozen=True, slots=True)
class Interval:
    """A difference, the second group less the first, and between which it lies in 95 of 100 such comparisons.

    An end is infinite where the groups do not say how far it may be; None throughout where there is nothing to compare.
    """

    difference: float | None
    low: float | None
    high: float | None

    @property
    def sure(self) -> bool:
        """It is not nought, either way."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


NOTHING = Interval(None, None, None)


def wilson(part: int, whole: int) -> tuple[float, float]:
    """Between what a share of a whole lies. Shares are from 0 to 1."""
    share = part / whole
    middle = share + _Z**2 / (2 * whole)
    reach = _Z * sqrt(share * (1 - share) / whole + _Z**2 / (4 * whole**2))
    scale = 1 + _Z**2 / whole
    return max(0.0, (middle - reach) / scale), min(1.0, (middle + reach) / scale)


def shares(part: int, whole: int, other: int, other_whole: int) -> Interval:
    """How much larger the share of the second group is."""
    if not whole or not other_whole:
        return NOTHING
    first, second = part / whole, other / other_whole
    low, high = wilson(part, whole)
    other_low, other_high = wilson(other, other_whole)
    difference = second - first
    return Interval(
        difference,
        difference - sqrt((second - other_low) ** 2 + (high - first) ** 2),
        difference + sqrt((other_high - second) ** 2 + (first - low) ** 2),
    )


def means(first: Array, second: Array) -> Interval:
    """How much larger the mean of the second group is."""
    if not len(first) or not len(second):
        return NOTHING
    return _bootstrap(first, second, lambda values: float(values.mean()))


def median(days: Array, ended: Array) -> float:
    """The day by which half of a group has ended; those that have not are counted for as long as they were seen.

    Infinite where fewer than half end as far as can be seen.
    """
    order = np.lexsort((~ended, days))
    days, ended = days[order], ended[order]
    at_risk = np.arange(len(days), 0, -1)
    left = np.cumprod(1 - ended / at_risk)
    reached = np.flatnonzero(left <= 0.5 + 1e-12)
    return float(days[reached[0]]) if len(reached) else inf


def medians(days: Array, ended: Array, other: Array, other_ended: Array) -> Interval:
    """How many days later the half of the second group has ended."""
    if not len(days) or not len(other):
        return NOTHING
    first, second = np.column_stack((days, ended)), np.column_stack((other, other_ended))
    return _bootstrap(first, second, lambda rows: median(rows[:, 0], rows[:, 1].astype(bool)))


def _bootstrap(first: Array, second: Array, of: Callable[[Array], float]) -> Interval:
    rng = np.random.default_rng(_SEED)
    whole = _less(of(second), of(first))
    if whole is None:
        return NOTHING
    found = []
    for _ in range(_TIMES):
        one, other = (group[rng.integers(0, len(group), len(group))] for group in (first, second))
        difference = _less(of(other), of(one))
        if difference is not None:
            found.append(difference)
    found.sort()
    least, most = int(0.025 * (len(found) - 1)), ceil(0.975 * (len(found) - 1))
    return Interval(whole, found[least], found[most]) if found else NOTHING


def _less(one: float, other: float) -> float | None:
    """The difference of two numbers; None of two that are both out of sight."""
    return None if one == other == inf else one - other


def needed(share: float, other: float, ratio: float) -> int:
    """How many accounts both groups must have together for the difference of two shares to be seen, four times in five.

    `ratio` is how many accounts the second group has for one of the first.
    """
    if share == other:
        return 10**9
    spread = share * (1 - share) + other * (1 - other) / ratio
    first = (_Z + _POWER) ** 2 * spread / (share - other) ** 2
    return ceil(first * (1 + ratio))
