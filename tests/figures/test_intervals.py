"""How sure a difference is: against published examples, and against what the words mean."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest

from engine.core.figures.intervals import means, median, medians, needed, shares, wilson


@pytest.mark.parametrize(
    ("part", "whole", "other", "other_whole", "low", "high"),
    [  # Newcombe 1998, table II, method 10, of p1 − p2: here the first group comes second
        (48, 80, 56, 70, 0.0524, 0.3339),
        (3, 10, 9, 10, 0.1705, 0.8090),
        (2, 7, 6, 7, 0.0582, 0.8062),
        (0, 29, 5, 56, -0.0381, 0.1926),
        (0, 20, 0, 10, -0.1611, 0.2775),
        (0, 10, 10, 10, 0.6075, 1.0),
    ],
)
def test_shares_as_they_were_published(
    part: int, whole: int, other: int, other_whole: int, low: float, high: float
) -> None:
    found = shares(part, whole, other, other_whole)
    assert found.difference == pytest.approx(other / other_whole - part / whole)
    assert (found.low, found.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))
    assert found.sure is (low > 0)


def test_a_share_of_all_or_nothing_is_never_certain() -> None:
    assert wilson(0, 10) == (0.0, pytest.approx(0.2775, abs=1e-4))
    assert wilson(10, 10) == (pytest.approx(0.7225, abs=1e-4), pytest.approx(1.0))
    assert shares(0, 0, 1, 2).difference is None


def test_the_median_counts_those_who_have_not_paid_for_as_long_as_they_were_seen() -> None:
    def of(*seen: tuple[int, bool]) -> float:
        return median(np.array([days for days, _ in seen]), np.array([paid for _, paid in seen]))

    assert of((1, True), (2, True), (3, True), (4, True)) == 2
    assert of((1, True), (2, False), (3, True), (4, True)) == 3  # 3/4, 3/4, 3/8
    assert of((5, True), (9, False), (9, False)) == inf
    assert of((7, True), (7, False)) == 7  # paid on a day comes before out of sight on it


def test_days_and_costs_by_resampling() -> None:
    rng = np.random.default_rng(1)
    first, second = rng.normal(20, 5, 400), rng.normal(17, 5, 400)
    all_paid = np.ones(400, dtype=bool)
    for found in (means(first, second), medians(first, all_paid, second, all_paid)):
        assert found.difference == pytest.approx(-3, abs=1)
        assert found.low is not None
        assert found.high is not None
        assert found.low < found.difference < found.high < 0
    # A standard error of 5·√(2/400) makes an interval of ±0.69 around the difference of means.
    found = means(first, second)
    assert (found.high or 0) - (found.low or 0) == pytest.approx(2 * 1.96 * 5 * (2 / 400) ** 0.5, rel=0.12)
    assert means(first, second) == found  # the same accounts, the same interval
    assert means(first[:0], second).difference is None


def test_a_side_that_has_hardly_paid_yet_leaves_the_end_open() -> None:
    days, few = np.arange(20), np.arange(20) < 4
    found = medians(days, np.ones(20, dtype=bool), days, few)
    assert found.difference == inf
    assert found.high == inf
    assert medians(days, few, days, few).difference is None  # neither half is in sight


def test_how_many_accounts_it_takes() -> None:
    # Two shares of 50 % and 55 %, alike in number: 1,562 on each side (Fleiss without continuity correction).
    assert needed(0.50, 0.55, 1.0) == pytest.approx(2 * 1562, abs=4)
    assert needed(0.10, 0.20, 1.0) == pytest.approx(2 * 197, abs=4)
    assert needed(0.5, 0.55, 3 / 7) > needed(0.5, 0.55, 1.0)  # sides that are not alike need more in all
    assert needed(0.5, 0.5, 1.0) > 10**8
