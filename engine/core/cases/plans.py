"""A payment plan: so many payments, on open days, that together are exactly what they cover, and that can be kept."""

from __future__ import annotations

import calendar as months_of
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice, pairwise

from engine.core.workdays import Calendar

MOST = 36  # instalments; more is no plan but a loan
LONGEST = 24  # months
_BALLOON = 2  # times the others that the last instalment may be, where both number and amount are given
_A_YEAR = 365.25
_EVERY = re.compile(
    r"(?:every )?(?:(?P<count>[0-9]{1,2}) )?(?P<unit>month|week)s?|(?P<word>monthly|weekly|fortnight|fortnightly)"
)


@dataclass(frozen=True, slots=True)
class Every:
    """How often an instalment comes: every so many months, or weeks."""

    count: int
    unit: str  # month, week

    def __str__(self) -> str:
        return self.unit if self.count == 1 else f"{self.count} {self.unit}s"

    @property
    def a_month(self) -> float:
        """How many instalments fall into a month."""
        return 1 / self.count if self.unit == "month" else _A_YEAR / 7 / 12 / self.count

    def days(self, first: date) -> Iterator[date]:
        """The first day and those that follow it, the day of the month kept as far as the month has it."""
        number = 0
        while True:
            if self.unit == "week":
                yield first + timedelta(weeks=number * self.count)
            else:
                yield add_months(first, number * self.count)
            number += 1


MONTHLY = Every(1, "month")


@dataclass(frozen=True, slots=True)
class Instalment:
    """One payment: the day, an open one, and how much, minor units."""

    on: date
    amount: int


class NoPlan(ValueError):
    """What was asked for is no plan: the sentence says why, the hint what to write instead."""

    def __init__(self, sentence: str, hint: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint


def read_every(text: str) -> Every | None:
    """`month`, `2 weeks`, `every 2 weeks`, `weekly`; None where it is none of these."""
    found = _EVERY.fullmatch(" ".join(text.lower().split()))
    if found is None:
        return None
    if word := found["word"]:
        return {"monthly": MONTHLY, "weekly": Every(1, "week")}.get(word, Every(2, "week"))
    count = int(found["count"] or 1)
    return Every(count, found["unit"]) if 1 <= count <= 12 else None


def add_months(day: date, months: int) -> date:
    """The same day of another month, or its last where it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, months_of.monthrange(year, month + 1)[1]))


def instalments(
    total: int,
    first: date,
    calendar: Calendar,
    *,
    count: int | None = None,
    amount: int | None = None,
    every: Every = MONTHLY,
) -> tuple[Instalment, ...]:
    """The payments that come to exactly `total` minor units. NoPlan, with what helps, where they cannot.

    With a `count` alone they are equal, with an `amount` alone there are as many as it takes; the last takes the
    rest. With both the last may be up to twice the others.
    """
    amounts = _amounts(total, count, amount)
    days = list(islice(every.days(first), len(amounts)))
    found = tuple(Instalment(calendar.next_open(on), each) for on, each in zip(days, amounts, strict=True))
    if any(one.on >= other.on for one, other in pairwise(found)):
        raise NoPlan("two instalments fall on one day", "write a longer time between them")
    if days[-1] > add_months(first, LONGEST):
        raise NoPlan(
            f"the last of {len(found)} instalments would be on {found[-1].on}: a plan ends within {LONGEST} months",
            "write fewer and larger instalments",
        )
    return found


def _amounts(total: int, count: int | None, amount: int | None) -> list[int]:
    if count is None and amount is None:
        raise NoPlan("a plan needs a number of instalments, an amount, or both", "write --instalments 4")
    if amount is not None and amount <= 0:
        raise NoPlan("instalments of nothing never end", "write an amount, as in --amount 500")
    if count is not None and count < 1:
        raise NoPlan("a plan has at least one instalment", "write --instalments 4")
    if count is None:
        assert amount is not None
        count = -(-total // amount)
        if count > MOST:
            raise NoPlan(
                f"it would take {count:,} instalments; a plan has at most {MOST}",
                "write a larger amount, or fewer instalments without one",
            )
    if count > MOST:
        raise NoPlan(f"{count:,} instalments are no plan; it has at most {MOST}", "write fewer instalments")
    each = -(-total // count) if amount is None else amount
    last = total - each * (count - 1)
    if last <= 0:
        enough = -(-total // each)
        raise NoPlan(
            f"{enough} of these instalments are enough, and {count} were asked for",
            f"write --instalments {enough}, or a smaller amount",
        )
    if amount is not None and last > each * _BALLOON:
        raise NoPlan(
            f"{count} of these instalments are too few: the last would have to be more than twice the others",
            f"write --instalments {-(-total // each)}, or a larger amount; without --amount they are equal",
        )
    return [*[each] * (count - 1), last]


def monthly(plan: Sequence[Instalment], every: Every) -> int:
    """What a plan asks for a month, minor units, as far as its largest instalment says."""
    largest = max(one.amount for one in plan)
    return min(math.ceil(largest * every.a_month), sum(one.amount for one in plan))


def fitting(total: int, a_month: int, every: Every) -> int | None:
    """How many equal instalments of a total ask for no more than so much a month; None where that is too many."""
    if a_month <= 0:
        return None
    count = math.ceil(total * every.a_month / a_month)
    return count if count <= MOST else None


def shares(paid: int, amounts: Sequence[int]) -> list[int]:
    """What of all that was paid falls to each instalment: the first is filled first, and none gets more than it is."""
    found = []
    for amount in amounts:
        mine = max(0, min(paid, amount))
        found.append(mine)
        paid -= mine
    return found


def rhythm(days: Sequence[date]) -> str:
    """How often the payments of a plan come, as their days show it: once, week, 2 weeks, month, or longer."""
    if len(days) < 2:
        return "once"
    apart = (days[-1] - days[0]).days / (len(days) - 1)
    for most, word in ((10, "week"), (21, "2 weeks"), (45, "month")):
        if apart <= most:
            return word
    return "longer than a month"
