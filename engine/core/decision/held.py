"""What a day holds back, by reason and line: which accounts, and what they owe overdue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from engine.core.decision.choose import Choice, Verdict
from engine.core.decision.decide import Decided
from engine.core.decision.portfolio import Portfolio
from engine.core.language.policy import House
from engine.core.problem import Place
from engine.core.sentences import Gate, Reason

Why = tuple[Reason, Place | None]
Held = Mapping[Why, Mapping[str, int]]  # account -> overdue, in the house's minor units


@dataclass(frozen=True, slots=True)
class HeldGroup:
    """A reason with how many accounts it holds, and what they owe overdue."""

    reason: Reason
    place: Place | None
    accounts: int
    amount: int


def held(house: House, decided: Decided) -> dict[Why, dict[str, int]]:
    """The accounts that wait on a day."""
    found: dict[Why, dict[str, int]] = {}
    view = decided.portfolio
    for unit, choice in waiting(house, decided):
        place = None if choice.reason in (Reason.NO_ADDRESS, Reason.APPROVAL) else choice.place
        row = int(view.unit_row[unit])
        found.setdefault((choice.reason, place), {})[view.accounts["account"][row]] = overdue(view, row)
    return found


def groups(found: Held) -> tuple[HeldGroup, ...]:
    """Each reason and line with what it holds, the most accounts first."""
    counted = (
        HeldGroup(reason, place, len(accounts), sum(accounts.values()))
        for (reason, place), accounts in found.items()
        if accounts
    )
    return tuple(
        sorted(counted, key=lambda group: (-group.accounts, group.reason.value, str(group.place or "")))
    )


def gathered(parts: Iterable[Held]) -> dict[Why, dict[str, int]]:
    """What several parts of a day hold back, as one."""
    found: dict[Why, dict[str, int]] = {}
    for part in parts:
        for why, accounts in part.items():
            found.setdefault(why, {}).update(accounts)
    return found


def waiting(house: House, decided: Decided) -> Iterator[tuple[int, Choice]]:
    """(unit, why it waits) of whatever is held, or finds no room."""
    held_here = np.array([choice.verdict is Verdict.HELD for choice in decided.choices] + [False])
    for unit in np.flatnonzero(held_here[decided.unit_class]).tolist():
        yield unit, decided.choices[int(decided.unit_class[unit])]
    for unit, number in decided.contacts.filter(~pl.col("goes")).select("unit", "class").iter_rows():
        gate, reason, place = no_room(house, decided.stopped)
        yield (
            unit,
            replace(decided.choices[number], verdict=Verdict.HELD, reason=reason, gate=gate, place=place),
        )


def no_room(house: House, stopped: str) -> tuple[Gate, Reason, Place | None]:
    """What holds a contact that the whole day holds: the safety stop, or no room."""
    if stopped:
        return Gate.STOP, Reason.SAFETY_STOP, house.places.get("stop")
    return Gate.CAPACITY, Reason.NO_CAPACITY, house.places.get("capacity")


def overdue(view: Portfolio, row: int) -> int:
    """What an account has overdue, set aside or not, in the house's minor units."""
    return int(view.accounts["overdue"][row])
