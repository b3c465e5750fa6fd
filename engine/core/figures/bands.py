"""The band that a house wants a figure to stay in, and whether it has left it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.core.problem import Place

if TYPE_CHECKING:  # the policies know a band; whoever makes a message from them has no use for columns
    from engine.core.figures.report import Line

ENOUGH = 3  # earlier values that a mean needs


@dataclass(frozen=True, slots=True)
class Band:
    """From `low` to `high`, both included, or within so many per cent of the figure's own mean. `text` is as it was written."""

    figure: str
    text: str
    place: Place
    low: float | None = None
    high: float | None = None
    near: float | None = None


@dataclass(frozen=True, slots=True)
class Left:
    """A figure that has left its band. `mean` is that of its earlier values, as far as there are enough of them."""

    band: Band
    line: Line
    mean: float | None
    earlier: int


def mean(line: Line) -> tuple[float | None, int]:
    """The mean of the earlier values that are known, and how many they are; None of too few."""
    known = [value.number for value in line.trend[:-1] if value.number is not None]
    return (sum(known) / len(known) if len(known) >= ENOUGH else None), len(known)


def leaves(band: Band, line: Line) -> Left | None:
    """Whether the figure is outside its band now. What is not known is not outside, and a mean of too few is none."""
    number = line.value.number
    if number is None:
        return None
    usual, earlier = mean(line)
    low, high = band.low, band.high
    if band.near is not None:
        if usual is None:
            return None
        room = abs(usual) * band.near / 100
        low, high = usual - room, usual + room
    if (low is None or number >= low) and (high is None or number <= high):
        return None
    return Left(band, line, usual, earlier)
