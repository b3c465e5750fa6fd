"""How far a role may go for a solution, and whose yes is needed beyond that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.core.language.policy import Allowance, House, seniority

HALF = 5_000  # hundredths of a per cent: more off than that is a write-off, and none of these verbs


@dataclass(frozen=True, slots=True)
class Ask:
    """What somebody wants to give: hundredths of a per cent off, days, months of a plan, an amount waived.

    `waive` is minor units of the house's currency; None where it is in another, which only the owner may judge.
    """

    discount: int = 0
    days: int = 0
    plan: int = 0
    waive: int | None = 0


def covers(allowance: Allowance, ask: Ask) -> bool:
    """Whether a role may give all of this by itself."""
    return (
        ask.discount <= allowance.discount
        and ask.days <= allowance.days
        and ask.plan <= allowance.plan
        and ask.waive is not None
        and ask.waive <= allowance.waive
    )


def who_may(house: House, ask: Ask) -> tuple[str, ...]:
    """The roles that may give all of this, the least senior first; the owner's role, which always may, last."""
    able = [
        role for role, allowance in house.limits.items() if covers(allowance, ask) and role != house.owner
    ]
    return (*sorted(able, key=lambda role: (seniority(role), role)), house.owner)


def off(items: Mapping[str, int], *, share: int = 0, amount: int = 0) -> dict[str, int]:
    """What a discount takes off each item: a share of it, half up, or an amount from the first on. Minor units."""
    if share:
        return {name: (owed * share + 5_000) // 10_000 for name, owed in items.items()}
    found = {}
    for name, owed in items.items():
        found[name] = min(owed, amount)
        amount -= found[name]
    return {name: less for name, less in found.items() if less}
