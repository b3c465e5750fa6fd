"""What a figure is: a number with its unit and what it was made of, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Unit(StrEnum):
    """What a number counts."""

    DAYS = "days"
    PERCENT = "%"
    MONEY = "money"  # minor units of the report's currency
    COUNT = "count"
    TEXT = "text"  # in tables: a name


@dataclass(frozen=True, slots=True)
class Value:
    """`number` in the figure's unit, or None with the reason in `note`.

    A share is `part` of `of`: minor units or counts, as the figure says. `note` may also say what was left out.
    """

    number: float | None
    part: float | None = None
    of: float | None = None
    note: str = ""


def none(note: str) -> Value:
    return Value(None, note=note)


def ratio(part: float, whole: float) -> float | None:
    """Part of whole in per cent; None of nothing."""
    return 100 * part / whole if whole else None


def share(part: float, whole: float, nothing: str, note: str = "") -> Value:
    """A share with what it was made of; `nothing` is the reason where the whole is nothing."""
    number = ratio(part, whole)
    return Value(number, part, whole, nothing if number is None else note)
