"""A band is read as it is written, and a figure is outside it or not."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from engine.core.figures.bands import Band, leaves
from engine.core.figures.registry import figure_named
from engine.core.figures.report import Line
from engine.core.figures.values import Value
from engine.core.language.check import check
from tests.language.workspace import KNOWN, files


def band(text: str) -> Band:
    house = files()["policies/house.yaml"].decode() + f"\nbands: {{{text}}}\n"
    found = check({**files(), "policies/house.yaml": house.encode()}, KNOWN)
    assert [problem.sentence for problem in found.problems] == []
    assert found.book is not None
    (one,) = found.book.house.bands.values()
    return one


def line(*numbers: float | None, name: str = "DSO") -> Line:
    figure = figure_named(name)
    assert figure is not None
    trend = tuple(Value(number) for number in numbers)
    return Line(figure, "USD", "USD", trend[-1], trend)


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("overdue share: at most 20%", (None, 20, None)),
        ("Overdue Share: at most 20", (None, 20, None)),
        ("CEI: at least 75 per cent", (75, None, None)),
        ("dso: between 30 and 45.5 days", (30, 45.5, None)),
        ("days past due: between -10 and 5", (-10, 5, None)),
        ("roll rate 1–30: at most 15%", (None, 15, None)),
        ("DSO: within 12.5% of its mean", (None, None, 12.5)),
    ],
)
def test_bands_as_they_are_written(text: str, ends: tuple[float | None, ...]) -> None:
    found = band(text)
    assert (found.low, found.high, found.near) == ends


@pytest.mark.parametrize(
    ("text", "numbers", "outside"),
    [
        ("DSO: at most 45 days", (45,), False),
        ("DSO: at most 45 days", (45.1,), True),
        ("DSO: at least 30", (29,), True),
        ("DSO: between 30 and 45", (30,), False),
        ("DSO: at most 45", (50, None), False),  # what is not known is not outside
        ("DSO: within 10% of its mean", (40, 40, 40, 44), False),
        ("DSO: within 10% of its mean", (40, 40, 40, 44.5), True),
        ("DSO: within 10% of its mean", (40, 40, 40, 35), True),
        ("DSO: within 10% of its mean", (40, 40, 90), False),  # two are no mean
        ("DSO: within 10% of its mean", (None, 40, None, 40, 40, 90), True),
    ],
)
def test_outside_or_not(text: str, numbers: Sequence[float | None], outside: bool) -> None:
    assert (leaves(band(text), line(*numbers)) is not None) is outside


def test_what_has_left_is_compared_with_its_mean() -> None:
    gone = leaves(band("DSO: at most 45 days"), line(30, 40, 50, 60))
    assert gone is not None
    assert (gone.mean, gone.earlier) == (40, 3)
    few = leaves(band("DSO: at most 45 days"), line(40, 60))
    assert few is not None
    assert few.mean is None
