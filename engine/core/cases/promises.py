"""When a promise to pay is kept, and when it is broken: on the second open day after its date, not before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from engine.core.workdays import Calendar

_OPEN_DAYS = 2  # a payment made on the day itself needs one to be booked


class Standing(StrEnum):
    """How a promise stands."""

    OPEN = "open"
    KEPT = "kept"
    PARTLY = "partly kept"  # something came, and too little; a policy treats it as broken
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Promise:
    """So much, by that day. Money is minor units; `breaks_on` comes from the function of that name."""

    pays_on: date
    breaks_on: date
    amount: int


@dataclass(frozen=True, slots=True)
class Settled:
    """How a promise stands, and since when; an open one since no day."""

    standing: Standing
    on: date | None = None


def breaks_on(pays_on: date, calendar: Calendar) -> date:
    """The second open day after the day on which the money was promised."""
    return calendar.add_open(pays_on, _OPEN_DAYS)


def stands(promise: Promise, paid: int, *, as_of: date | None, on: date) -> Settled:
    """How a promise stands on a day, as far as a ledger of `as_of` can show it.

    `paid` is what has come for the promise's items since it was made. Enough is enough on any day. Too little
    counts only once a ledger later than the promised day shows it: a ledger that is older cannot know.
    """
    if paid >= promise.amount:
        return Settled(Standing.KEPT, as_of or on)
    if as_of is None or as_of <= promise.pays_on or on < promise.breaks_on:
        return Settled(Standing.OPEN)
    return Settled(Standing.PARTLY if paid > 0 else Standing.BROKEN, max(promise.breaks_on, as_of))
