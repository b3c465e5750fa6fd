"""When a promise to pay is kept, and when it is broken: after the days of grace of its kind, not before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from engine.core.workdays import Calendar

_OPEN_DAYS = 2  # a payment made on the day itself needs one to be booked
CHECK_WINDOW = (5, 7)  # days from its mailing in which a cheque comes, if it comes
FARTHEST = 180  # days; a promise for a later day is no promise, and would silence the account till then
SHORT_HELP = 14  # days that a short squeeze may ask for; more is a plan


class Kind(StrEnum):
    """What was promised."""

    PAYMENT = "payment"
    CHECK = "check"  # it is in the mail
    INSTALMENT = "instalment"  # of a plan


class Standing(StrEnum):
    """How a promise stands."""

    OPEN = "open"
    KEPT = "kept"
    PARTLY = "partly kept"  # something came, and too little; a policy treats it as broken
    BROKEN = "broken"
    SUPERSEDED = (
        "superseded"  # another promise, or a plan, has taken its place: it was neither kept nor broken
    )
    WITHDRAWN = "withdrawn"  # it was a mistake, or the plan that it belonged to is over


FAILED = (Standing.PARTLY, Standing.BROKEN)


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


def breaks_on(
    pays_on: date,
    calendar: Calendar,
    *,
    kind: str = Kind.PAYMENT,
    mailed_on: date | None = None,
    window: tuple[int, int] = CHECK_WINDOW,
) -> date:
    """The day on which a promise counts as broken if too little has come.

    The second open day after the day on which the money was promised. A cheque has its window instead: the first
    open day on which so many days have passed since it was mailed, and at least one after the day it was promised for.
    """
    if kind == Kind.CHECK and mailed_on is not None:
        over = calendar.next_open(mailed_on + timedelta(days=window[1]))
        return max(over, calendar.add_open(pays_on, 1))
    return calendar.add_open(pays_on, _OPEN_DAYS)


def check_comes(mailed_on: date, on: date, window: tuple[int, int] = CHECK_WINDOW) -> date:
    """The day by which a cheque may be here: the first of its window, or today where that is over."""
    return max(mailed_on + timedelta(days=window[0]), on)


def stands(promise: Promise, paid: int, *, as_of: date | None, on: date, left: int | None = None) -> Settled:
    """How a promise stands on a day, as far as a ledger of `as_of` can show it.

    `paid` is what has come for the promise's items since it was made, `left` what is still owed on them. Enough is
    enough on any day, and so is it where nothing is owed any more. Too little counts only once a ledger later than
    the promised day shows it: a ledger that is older cannot know.
    """
    if paid >= promise.amount or left == 0:
        return Settled(Standing.KEPT, on)
    if as_of is None or as_of <= promise.pays_on or on < promise.breaks_on:
        return Settled(Standing.OPEN)
    return Settled(Standing.PARTLY if paid > 0 else Standing.BROKEN, max(promise.breaks_on, as_of))
