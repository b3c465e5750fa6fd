"""Simple interest on a late payment, day by day, with its calculation: never compound, rounded once, on the sum.

Principal × percent × days / 365, for each stretch of days in which neither principal nor rate changes. The first day is the
one after the due date; the day on which money comes is its last.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from engine.core.figures.packs import Pack
from engine.core.figures.reference_rates import NoRate, Rate, next_half_year, rate

_DAY = timedelta(days=1)
DAYS_A_YEAR = 365


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days with one principal, both included. Minor units."""

    first: date
    last: date
    principal: int


@dataclass(frozen=True, slots=True)
class Part:
    """One stretch with its rate: `percent` a year is `reference` plus points, or a contract's own."""

    first: date
    last: date
    principal: int
    percent: Decimal
    reference: Rate | None

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def exact(self) -> Fraction:
        """Minor units, not rounded."""
        return Fraction(self.principal) * Fraction(self.percent) * self.days / (100 * DAYS_A_YEAR)


@dataclass(frozen=True, slots=True)
class Interest:
    """What has come to be owed, in minor units, and the parts it is made of."""

    amount: int
    parts: tuple[Part, ...]

    @property
    def days(self) -> int:
        return sum(part.days for part in self.parts)


def half_up(exact: Fraction) -> int:
    """Half a unit and more becomes one; amounts are not negative."""
    return (2 * exact.numerator + exact.denominator) // (2 * exact.denominator)


def principals(
    owed: int, payments: Iterable[tuple[date, int]], first: date, last: date, without: Iterable[Stretch] = ()
) -> tuple[Stretch, ...]:
    """What was owed on each day from `first` to `last`, as stretches in their order; days on which nothing was are left out.

    `owed` is what is owed now, `payments` what came for it (day, amount). `without` is what bore no interest on some days: the
    contested part of an item, up to the day on which the customer was found to be right.
    """
    if last < first:
        return ()
    paid = sorted((day, amount) for day, amount in payments if day >= first)
    aside = tuple(without)
    edges = {first, last + _DAY}
    edges |= {day + _DAY for day, _ in paid if day < last}
    for stretch in aside:
        edges |= {day for day in (stretch.first, stretch.last + _DAY) if first < day <= last}
    days = sorted(edges)
    found: list[Stretch] = []
    for start, end in pairwise(days):
        principal = owed + sum(amount for day, amount in paid if day >= start)
        principal -= sum(one.principal for one in aside if one.first <= start <= one.last)
        if principal <= 0:
            continue
        before = found[-1] if found else None
        if before and before.principal == principal and before.last + _DAY == start:
            found[-1] = Stretch(before.first, end - _DAY, principal)
        else:
            found.append(Stretch(start, end - _DAY, principal))
    return tuple(found)


def interest(
    pack: Pack,
    stretches: Sequence[Stretch],
    begins: date,
    told: Mapping[tuple[str, date], Decimal],
    *,
    contract: Decimal | None = None,
    points: Decimal | None = None,
) -> Interest | NoRate:
    """The interest of some stretches, or the half-year for which no rate is known.

    `begins` is the day on which interest began to run, which fixes the rate where a pack does not re-base it. `contract` is a
    contract's rate, in percent a year; `points` replace the pack's own (a consumer's).
    """
    parts: list[Part] = []
    over = pack.points if points is None else points
    for stretch in stretches:
        start = stretch.first
        while start <= stretch.last:
            end = stretch.last
            known: Rate | None = None
            percent = contract
            if percent is None:
                answer = rate(pack.reference, start if pack.rebased else begins, told)
                if isinstance(answer, NoRate):
                    return answer
                known, percent = answer, answer.percent + over
                if pack.rebased:
                    end = min(end, next_half_year(start) - _DAY)
            _add(parts, Part(start, end, stretch.principal, max(percent, Decimal(0)), known))
            start = end + _DAY
    return Interest(half_up(sum((part.exact for part in parts), Fraction(0))), tuple(parts))


def _add(parts: list[Part], part: Part) -> None:
    """Half-years of the same rate read as one."""
    before = parts[-1] if parts else None
    same = before is not None and (before.principal, before.percent) == (part.principal, part.percent)
    if before is not None and same and before.last + _DAY == part.first:
        parts[-1] = Part(before.first, part.last, part.principal, part.percent, before.reference)
    else:
        parts.append(part)


def below_floor(
    pack: Pack, percent: Decimal, stretches: Sequence[Stretch], told: Mapping[tuple[str, date], Decimal]
) -> Rate | NoRate | None:
    """The reference that a contract's rate is too low for, on any of the days; None where it is high enough, or there is none."""
    if not pack.floor:
        return None
    for stretch in stretches:
        start = stretch.first
        while start <= stretch.last:
            least = rate(pack.floor, start, told)
            if isinstance(least, NoRate) or percent < least.percent * pack.floor_times:
                return least
            start = next_half_year(start)
    return None
