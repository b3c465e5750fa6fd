"""What a day holds back, by reason and line: which accounts, and what they owe overdue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import polars as pl

from engine.core.decision.choose import Choice, Verdict
from engine.core.decision.decide import Decided
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


class Waiting(NamedTuple):
    """A unit that waits, and why. `overdue` is what its account has past due, set aside or not, in the house's minor units."""

    unit: int
    row: int
    account: str
    overdue: int
    choice: Choice


def held(house: House, decided: Decided) -> dict[Why, dict[str, int]]:
    """The accounts that wait on a day."""
    found: dict[Why, dict[str, int]] = {}
    for one in waiting(house, decided):
        choice = one.choice
        place = None if choice.reason in (Reason.NO_ADDRESS, Reason.APPROVAL) else choice.place
        found.setdefault((choice.reason, place), {})[one.account] = one.overdue
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


def waiting(house: House, decided: Decided) -> Iterator[Waiting]:
    """Whatever is held, or finds no room."""
    held_here = np.array([choice.verdict is Verdict.HELD for choice in decided.choices] + [False])
    units = np.flatnonzero(held_here[decided.unit_class])
    why = [decided.choices[number] for number in decided.unit_class[units].tolist()]
    left = decided.contacts.filter(~pl.col("goes")).select("unit", "class")
    gate, reason, place = no_room(house, decided.stopped)
    why += [
        replace(decided.choices[number], verdict=Verdict.HELD, reason=reason, gate=gate, place=place)
        for number in left["class"]
    ]
    view = decided.portfolio
    units = np.concatenate([units, left["unit"].to_numpy()]).astype(np.int64)
    rows = view.unit_row[units]
    owed = view.accounts.select("account", "overdue")[rows]
    return map(Waiting, units.tolist(), rows.tolist(), owed["account"], owed["overdue"], why)


def no_room(house: House, stopped: str) -> tuple[Gate, Reason, Place | None]:
    """What holds a contact that the whole day holds: the safety stop, or no room."""
    if stopped:
        return Gate.STOP, Reason.SAFETY_STOP, house.places.get("stop")
    return Gate.CAPACITY, Reason.NO_CAPACITY, house.places.get("capacity")
