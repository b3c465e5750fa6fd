"""What is said of a ladder beside its picture: who must agree, when a step is for an item at all, what a day means."""

from __future__ import annotations

from collections.abc import Sequence

from engine.core.sentences.amounts import many

NO_RUN = "Nobody is counted yet: the first run decides where everybody stands."
NOBODY_STANDS = "nobody is here"


def agrees_first(role: str, only_when: str = "") -> str:
    return f"{role} agrees first{f', if {only_when}' if only_when else ''}"


def only_if(told: str) -> str:
    return f"only if {told}"


def again(every: int, most: int) -> str:
    return f"again every {many(every, 'day')}, at most {many(most, 'time')}"


def notice(days: int) -> str:
    return f"{many(days, 'day')} after its notice"


def way_back(months: int) -> str:
    return f"the way back after {many(months, 'clean month')}"


def days_between(days: int) -> str:
    return many(days, "day")


def to_answer(days: int) -> str:
    return f"{many(days, 'day')} to answer"


def have_had(accounts: int) -> str:
    return f"{many(accounts, 'account')} had it"


def at_it(goes: int, held: Sequence[tuple[str, int]]) -> str:
    """What the run found at a step: `12 go, 3 disputed`."""
    return ", ".join([*([f"{goes:,} went"] if goes else []), *(f"{number:,} {why}" for why, number in held)])


def picture(title: str, steps: Sequence[tuple[int, str]]) -> str:
    """The picture for somebody who does not see it."""
    return f"{title}: " + "; ".join(f"day {day}, {what}" for day, what in steps)


def lines_hold(tests: Sequence[str]) -> str:
    return " and ".join(tests)


def dashes_hold(clauses: Sequence[str]) -> str:
    return ", or ".join(clauses)
