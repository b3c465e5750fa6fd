"""What the work list is ordered by, part by part, in a run as on the list."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.cases.score import COLUMNS, PARTS, columns, explained, expression
from engine.core.decision.allocate import ranked
from engine.core.language.policy import House, Score
from engine.core.language.words import Where, names

ON = date(2026, 11, 25)
ALL: Score = {"amount": 1, "age": 1, "risk": 2, "promise": 2, "quiet": 1}
PLAIN: dict[str, Any] = {
    "amount": 1_000_00,
    "late": 30,
    "risk": "b",
    "promise": "kept",
    "promise_due": None,
    "spoke": ON - timedelta(days=15),
}


def scores(rows: list[dict[str, Any]], score: Score, currency: str = "USD") -> list[float]:
    frame = pl.DataFrame(rows, schema=COLUMNS)
    return frame.select(expression(score, currency, ON).alias("score"))["score"].to_list()


def test_the_parts_are_words_of_the_language() -> None:
    assert names(Where.SCORE) == PARTS


def test_what_each_part_adds() -> None:
    assert explained(PLAIN, ALL, "USD", ON) == pytest.approx(
        {"amount": 3, "age": 1, "risk": 2, "promise": 0, "quiet": 0.5}
    )
    worse = PLAIN | {"late": 400, "risk": "very high", "promise": "broken", "spoke": None}
    assert explained(worse, ALL, "USD", ON) == pytest.approx(
        {"amount": 3, "age": 6, "risk": 6, "promise": 6, "quiet": 3}
    )
    due = PLAIN | {"promise": "open", "promise_due": ON, "risk": "gold", "late": None}
    assert explained(due, ALL, "USD", ON) == pytest.approx(
        {"amount": 3, "age": 0, "risk": 0, "promise": 4, "quiet": 0.5}
    )
    later = due | {"promise_due": ON + timedelta(days=1)}
    assert explained(later, ALL, "USD", ON)["promise"] == 0
    assert explained(PLAIN | {"amount": 1000}, {"amount": 1}, "JPY", ON) == pytest.approx({"amount": 3})


def test_the_words_take_the_figures_themselves() -> None:
    rows = [PLAIN, PLAIN | {"late": -3}, PLAIN | {"late": 90, "amount": 500_00}]
    assert scores(rows, "amount") == [100_000, 100_000, 50_000]
    assert scores(rows, "age") == [30, -3, 90]
    assert scores(rows, "amount and age") == [200_000, 100_000, 200_000]
    assert explained(PLAIN, "amount and age", "USD", ON) == {"amount": 1000, "age": 30}
    assert explained(PLAIN, "age", "USD", ON) == {"age": 30}


maybe_day = st.none() | st.integers(0, 300).map(lambda days: ON - timedelta(days=days))
rows = st.fixed_dictionaries(
    {
        "amount": st.integers(0, 10**12),
        "late": st.none() | st.integers(-30, 900),
        "risk": st.none() | st.sampled_from(["a", "c", "low", "e", "platinum"]),
        "promise": st.none() | st.sampled_from(["open", "kept", "broken", "superseded"]),
        "promise_due": maybe_day,
        "spoke": maybe_day,
    }
)


@settings(deadline=None, max_examples=40)
@given(st.lists(rows, min_size=1, max_size=20), st.dictionaries(st.sampled_from(PARTS), st.integers(1, 9)))
def test_a_score_is_the_sum_of_its_parts_and_orders_a_run(
    given_rows: list[dict[str, Any]], weights: dict[str, int]
) -> None:
    score: Score = weights or ALL
    found = scores(given_rows, score)
    parts = [explained(row, score, "USD", ON) for row in given_rows]
    assert found == pytest.approx([sum(each.values()) for each in parts])
    frame = pl.DataFrame(given_rows, schema=COLUMNS).select(columns(score)).with_columns(long_wait=False)
    order = ranked(frame, House(score=score), ON)
    assert order["score"].to_list() == sorted(found, reverse=True)
    assert [found[at] for at in order["at"]] == order["score"].to_list()
