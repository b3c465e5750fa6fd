"""What is said of every figure: its definition, formula, unit, source, and a worked example as a check."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from engine.core.figures.facts import Facts
from engine.core.figures.values import Unit, Value


class Chapter(StrEnum):
    """What a figure is about; the order is that of the report."""

    OWED = "What is owed"
    SPEED = "How fast it comes in"
    CONTACTS = "Calls and messages"
    PROMISES = "Promises"
    DISPUTES = "Disputes"
    CUSTOMERS = "Customers"
    POLICY = "The policy at work"


CHAPTERS = tuple(Chapter)


@dataclass(frozen=True, slots=True)
class Check:
    """A worked example: what is given, in words, what comes of it, and the formula at work on it."""

    given: str
    gives: float
    worked: Callable[[], float | None]


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure. `of_money`: made of amounts, so there is one for each currency; else it counts, over all of them.

    `better` is "less" or "more" where the one is better than the other. `band`: `bands:` in house.yaml may name it.
    """

    name: str
    chapter: Chapter
    says: str
    formula: str
    unit: Unit
    source: str
    function: Callable[[Facts], Value]
    check: Check | None = None
    of_money: bool = False
    first: bool = False  # on the first screen
    better: str = ""
    band: bool = True
    usual: str = ""  # what others say is usual
    beside: str = ""  # what must stand beside it


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    unit: Unit


@dataclass(frozen=True, slots=True)
class TableOf:
    """Figures that need several rows. `function` gives them in their order; a number may be None."""

    name: str
    chapter: Chapter
    says: str
    source: str
    columns: tuple[Column, ...]
    function: Callable[[Facts], Sequence[tuple[object, ...]]]
    of_money: bool = False
    beside: str = ""


def columns(**units: Unit) -> tuple[Column, ...]:
    """Columns by their names, in which a space is written as `_`."""
    return tuple(Column(name.replace("_", " "), unit) for name, unit in units.items())
