"""The days that a report is about, and the same days a month earlier."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from engine.core.ledger import end_of_month

_DAY = timedelta(days=1)
A_MONTH = 365.25 / 12  # days, on average


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """From the first to the last day, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def begins(self) -> date:
        """The evening on which it begins: what was owed then is what was owed at its beginning."""
        return self.first - _DAY

    @property
    def whole_months(self) -> int:
        """How many calendar months it is; 0 where it is not made of whole ones."""
        if self.first.day != 1 or self.last != end_of_month(self.last):
            return 0
        return (self.last.year - self.first.year) * 12 + self.last.month - self.first.month + 1

    @property
    def months(self) -> float:
        """Its length in months: of calendar months their number, else its days by those of an average month."""
        return float(self.whole_months or self.days / A_MONTH)

    def earlier(self, months: int) -> Period:
        """The same days so many months before: calendar months stay calendar months, others keep their length."""
        last = month_before(self.last, months)
        if whole := self.whole_months:
            return Period(month_before(last.replace(day=1), whole - 1), last)
        return Period(last - timedelta(days=self.days - 1), last)

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


def month_of(day: date) -> Period:
    """The calendar month that a day is in."""
    return Period(day.replace(day=1), end_of_month(day))


def days_to(last: date, days: int) -> Period:
    """So many days that end with `last`."""
    return Period(last - timedelta(days=days - 1), last)


def month_before(day: date, months: int = 1) -> date:
    """The same day of a month before; the end of a month stays the end of a month."""
    end = end_of_month(day, -months)
    return end if day == end_of_month(day) else end.replace(day=min(day.day, end.day))


def months_back(last: date) -> Iterator[Period]:
    """Calendar months backwards from `last`; the first is only as long as its month was on that day."""
    month = Period(last.replace(day=1), last)
    while month.first.year > 1:
        yield month
        month = month_of(month.begins)
