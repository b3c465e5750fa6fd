"""How a customer has paid, as facts with their counts; of a few payments nothing is claimed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from engine.core import sentences

LEAST = 4  # payments before an average is given
HABIT = 5  # times before a habit is claimed
MOST_PART = 0.75  # of them that it must hold for
_FEW_DAYS = 2  # a day that falls on a weekend is paid on the next open one
_LAST_DAYS = 3  # of a month: its end
_MONTHS = 4  # in which a day of the month must have come
_LATELY = timedelta(days=91)
_SLOWER = 7  # days of difference before somebody is called slower, or quicker
_YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Payment:
    """Money that came. `days_late` is against the item's due date, None where that is unknown; amounts are minor units.

    `presumed`: no ledger named its day, the item was merely gone. `demands` counts the written demands that asked for
    the item before; None where nobody knows.
    """

    on: date
    amount: int
    currency: str
    days_late: int | None = None
    presumed: bool = False
    demands: int | None = None


@dataclass(frozen=True, slots=True)
class Habit:
    """Something that holds for `of` of `times`: `what` is the day of the month, of the week, the number of a letter."""

    what: int
    of: int
    times: int


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of the promises that were due: kept in full, in part, broken."""

    kept: int = 0
    partly: int = 0
    broken: int = 0

    @property
    def due(self) -> int:
        return self.kept + self.partly + self.broken


@dataclass(frozen=True, slots=True)
class Pattern:
    """Twelve months as facts. What the payments do not show is None.

    `beyond` is the average days beyond terms by currency, weighted by amount: sum of paid times days late, none below 0,
    over the sum paid. `day` is the day of the month on which it pays (32: its last days), `weekday` the day of the week
    (Monday is 0), `after` the written demand after which it pays. `lately` and `before` are the average days late,
    signed, of the last three months and of the nine before, where they differ.
    """

    payments: int
    presumed: int
    paid: Mapping[str, int]
    last: Payment | None
    beyond: Mapping[str, int]
    day: Habit | None
    weekday: Habit | None
    after: Habit | None
    lately: int | None
    before: int | None
    promises: Kept


END_OF_MONTH = 32


def pattern(payments: Iterable[Payment], promises: Iterable[str], on: date) -> Pattern:
    """The pattern of the twelve months before a day. `promises` are what became of those that were due in them."""
    year = sorted((one for one in payments if on - _YEAR < one.on <= on), key=lambda one: one.on)
    states = Counter(promises)
    lately, before = _trend(year, on)
    dated = [one for one in year if not one.presumed]
    days = sorted({one.on for one in dated})
    return Pattern(
        payments=len(year),
        presumed=len(year) - len(dated),
        paid=_sums(year),
        last=year[-1] if year else None,
        beyond=_beyond(year),
        day=_day_of_month(days),
        weekday=_weekday(days),
        after=_after(year),
        lately=lately,
        before=before,
        promises=Kept(states["kept"], states["partly kept"], states["broken"]),
    )


def _sums(payments: Sequence[Payment]) -> dict[str, int]:
    sums: Counter[str] = Counter()
    for one in payments:
        sums[one.currency] += one.amount
    return dict(sorted(sums.items()))


def _beyond(payments: Sequence[Payment]) -> dict[str, int]:
    """Average days beyond terms, by currency. Source: the field's usual formula, weighted by what was paid."""
    found = {}
    for code in _sums(payments):
        known = [
            one for one in payments if one.currency == code and one.days_late is not None and one.amount > 0
        ]
        weight = sum(one.amount for one in known)
        if len(known) >= LEAST and weight:
            found[code] = round(sum(one.amount * max(0, one.days_late or 0) for one in known) / weight)
    return found


def _day_of_month(days: Sequence[date]) -> Habit | None:
    """The day of the month on which the money comes, or its last days."""
    if len({(day.year, day.month) for day in days}) < _MONTHS:
        return None
    ends = [day for day in days if (day + timedelta(days=_LAST_DAYS)).month != day.month]
    hits = {which: [day for day in days if 0 <= day.day - which <= _FEW_DAYS] for which in range(1, 29)} | {
        END_OF_MONTH: ends
    }
    # Of those that hold for as many, the end of the month, else the one on which most came exactly.
    exact = Counter(day.day for day in days)
    best = max(hits, key=lambda which: (len(hits[which]), which == END_OF_MONTH, exact[which]))
    return _habit(best, len(hits[best]), len(days))


def _weekday(days: Sequence[date]) -> Habit | None:
    weekday, times = Counter(day.weekday() for day in days).most_common(1)[0] if days else (0, 0)
    return _habit(weekday, times, len(days))


def _after(payments: Sequence[Payment]) -> Habit | None:
    """The written demand after which it pays: the highest that nearly all of what was paid late had been sent."""
    late = [one.demands for one in payments if one.demands is not None and (one.days_late or 0) > 0]
    best: Habit | None = None
    for which in range(1, max(late, default=0) + 1):
        best = _habit(which, sum(number >= which for number in late), len(late)) or best
    return best


def _habit(what: int, of: int, times: int) -> Habit | None:
    return Habit(what, of, times) if times >= HABIT and of >= MOST_PART * times else None


def _trend(payments: Sequence[Payment], on: date) -> tuple[int | None, int | None]:
    """Average days late of the last three months and of those before, where there are enough and they differ."""
    known = [(one.on > on - _LATELY, one.days_late) for one in payments if one.days_late is not None]
    recent = [days for new, days in known if new]
    earlier = [days for new, days in known if not new]
    if len(recent) < LEAST or len(earlier) < LEAST:
        return None, None
    lately, before = round(sum(recent) / len(recent)), round(sum(earlier) / len(earlier))
    return (lately, before) if abs(lately - before) >= _SLOWER else (None, None)


def told(found: Pattern) -> tuple[str, ...]:
    """The pattern in sentences, each with the counts that it rests on."""
    lines = [sentences.beyond_terms(days, code, found.payments) for code, days in found.beyond.items()]
    if found.day is not None:
        of_month = None if found.day.what == END_OF_MONTH else found.day.what
        lines.append(sentences.pays_on_day(of_month, found.day.of, found.day.times))
    if found.weekday is not None:
        lines.append(sentences.pays_on_weekday(found.weekday.what, found.weekday.of, found.weekday.times))
    if found.after is not None:
        lines.append(sentences.pays_after_demand(found.after.what, found.after.of, found.after.times))
    if found.lately is not None and found.before is not None:
        lines.append(sentences.pays_slower(found.lately, found.before))
    if found.promises.due:
        lines.append(sentences.promises_kept(found.promises.kept, found.promises.partly, found.promises.due))
    if 0 < found.payments < LEAST:
        lines.append(sentences.too_few(found.payments))
    return tuple(lines)
