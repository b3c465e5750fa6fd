"""The charts of the page: well-formed, their numbers told, and nothing of a text taken for a mark-up."""

from __future__ import annotations

import xml.etree.ElementTree as Tree
from datetime import date

import pytest

from engine.core.sentences.figures import short, written
from engine.exports.charts import layers, line, ticks

DAYS = [date(2026, month, 28) for month in range(1, 13)]


def percent(number: float) -> str:
    return f"{number:g}%"


def test_a_line_has_a_dot_a_number_and_gaps_where_there_is_none() -> None:
    drawn = Tree.fromstring(line("a & <b>", [1, 2, None, None, 4, None, 3, 2, 1, 2, 3, 5.5], DAYS, percent))
    assert drawn.get("aria-label") == "a & <b>, 12 months"
    assert [dot.findtext("title") for dot in drawn.iter("circle")][-1] == "28 Dec 2026: 5.5%"
    assert len(list(drawn.iter("circle"))) == 9
    assert [len((run.get("points") or "").split()) for run in drawn.iter("polyline")] == [2, 6]
    assert [text.text for text in drawn.iter("text")][-4:] == ["Dec 26", "Sep 26", "Jun 26", "Mar 26"]


def test_fewer_than_two_numbers_are_no_line() -> None:
    assert line("x", [None, 3, None], DAYS, percent) == ""
    assert layers("x", ["a"], [[None, 0]], DAYS, percent) == ""


def test_layers_stand_on_each_other() -> None:
    drawn = Tree.fromstring(layers("x", ["<a>", "b"], [[10, 0, None], [30, 20, None]], DAYS, percent))
    bars = list(drawn.iter("rect"))
    assert [bar.findtext("title") for bar in bars] == [
        "28 Jan 2026, <a>: 10% of 40%",
        "28 Jan 2026, b: 30% of 40%",
        "28 Feb 2026, b: 20% of 20%",
    ]
    low, high = bars[0], bars[1]
    assert float(high.get("y") or 0) + float(high.get("height") or 0) == pytest.approx(
        float(low.get("y") or 0), abs=0.11
    )


@pytest.mark.parametrize(
    ("low", "high", "scale"),
    [
        (20, 33, (20, 35, 5)),
        (0, 0, (0, 1, 0.5)),
        (0, 7, (0, 7.5, 2.5)),
        (-15, -5, (-15, -5, 5)),
        (5, 5, (4.5, 5.5, 0.5)),
    ],
)
def test_scales_are_even(low: float, high: float, scale: tuple[float, ...]) -> None:
    found = ticks(low, high)
    assert found[0] <= low <= high <= found[1]
    assert found == pytest.approx(scale)


@pytest.mark.parametrize(
    ("number", "unit", "currency", "told", "brief"),
    [
        (32.66, "%", "USD", "32.7%", "32.66%"),
        (1234.5, "days", "USD", "1,234.5 days", "1234"),
        (123_456_789, "money", "USD", "$1,234,568", "$1.23M"),
        (-5_000, "money", "EUR", "-€50", "-€50"),
        (1_500_000, "money", "JPY", "¥1,500,000", "¥1.5M"),
        (250_000, "money", "CHF", "CHF2,500", "CHF 2.5k"),
        (1284, "count", "USD", "1,284", "1284"),
    ],
)
def test_numbers_as_they_are_read(number: float, unit: str, currency: str, told: str, brief: str) -> None:
    assert written(number, unit, currency).replace("\u00a0", " ") == told
    assert short(number, unit, currency).replace("\u00a0", " ") == brief
