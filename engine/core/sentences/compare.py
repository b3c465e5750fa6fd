"""Comparisons of policies: to which side an account was drawn, what followed on each side, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from engine.core.sentences.amounts import coded, many, short_day

DRAWN_TODAY = "today's run draws it"
DRAWN_LATER = "it is drawn when it falls past due"
NOT_DRAWN = "its episode is none of the comparison's"


def drawn_to(split: str, side: str) -> str:
    """“earlier-call” drew it to standard-early."""
    return f"“{split}” drew it to {_side(side)}"


def drawn_on(split: str, side: str, on: date | None) -> str:
    """With the day; None where the day's run has not been made."""
    return f"{drawn_to(split, side)}, {short_day(on)}" if on else f"{drawn_to(split, side)}: {DRAWN_TODAY}"


def not_drawn(split: str, *, overdue: bool) -> str:
    return f"“{split}”: {NOT_DRAWN if overdue else DRAWN_LATER}"


def _side(side: str) -> str:
    return "the holdout" if side == "holdout" else side


# -- what followed --------------------------------------------------------------------------------------------------------

BY_LOT = "By where accounts were drawn to, whatever became of them since."
METHODS = (
    "Between what a difference lies in 95 of 100 such comparisons: shares by Newcombe's method, days and cost by the "
    "bootstrap; accounts that have not paid count for as long as they were seen."
)
NO_PEEKING = (
    "Decide before you look how many accounts it takes: who stops when it looks good is misled more often."
)
NOBODY = "nobody has been drawn yet: accounts are drawn when they fall past due"
GONE = "house.yaml has this comparison no longer"


def assumed(costs: Mapping[str, int], kinds: Sequence[str], currency: str) -> str:
    """What a call costs where the house does not say so."""
    said = ", ".join(f"{kind} {coded(costs[kind], currency)}" for kind in kinds)
    return f"A piece is reckoned with: {said}; house.yaml can say what it is, under “costs”."


def paid_sooner(side: str, champion: str, points: float, low: float, high: float, days: int) -> str:
    """It is known which side is paid more often in time. Points and ends are per cent, the second side less the first."""
    more = "more" if points > 0 else "less"
    ends = sorted((abs(low), abs(high)))
    return (
        f"{side} is paid within {days} days {more} often than {champion}: by {abs(points):.1f} points, "
        f"between {ends[0]:.1f} and {ends[1]:.1f}"
    )


def no_difference(side: str, champion: str, low: float, high: float) -> str:
    most = max(abs(low), abs(high))
    return f"no difference between {champion} and {side} can be told; if there is one, it is {most:.1f} points at most"


def too_small(side: str, five: int, seen: int | None) -> str:
    """The warning while there are too few accounts: how many more it takes."""
    told = (
        f"too few accounts to tell about {side}: {many(five, 'more account')} to see a difference of 5 points"
    )
    return f"{told}, {seen:,} if it stays as large as it is now" if seen else told


def too_young(days: int) -> str:
    return f"nobody was drawn {days} days ago or more, so nothing has followed yet"


def still_small(five: int) -> str:
    """A difference is seen, and yet there are fewer accounts than were wanted."""
    return f"that is of few accounts: {many(five, 'more account')} until a difference of 5 points would be seen for sure"
