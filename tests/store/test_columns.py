"""A long column comes from a database as one list in JSON, and is read by many hands at once: no value falls apart."""

from __future__ import annotations

import json
import random
from datetime import date
from typing import Any

import polars as pl
import pytest

from engine.store import view

MANY = 200_000  # so many that the list is shared out between threads


@pytest.mark.parametrize(
    "words", [["Smith, Jones", None], ["a,b", ",", "", " ", None, "null, ", "1, 2", "Öl, Ähre"], [", , ,,"]]
)
def test_commas_in_words_end_nothing(words: list[str | None]) -> None:
    chance = random.Random(7)
    column = [chance.choice(words) for _ in range(MANY)]
    close = json.dumps(column, ensure_ascii=False, separators=(",", ":")).encode()  # as SQLite writes it
    assert view._read("words", close, pl.String(), MANY).to_list() == column
    spaced = json.dumps(column, ensure_ascii=False)  # as PostgreSQL does
    assert view._read_spaced("words", spaced, pl.String(), MANY).to_list() == column


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["USD"] * 300, pl.String()),
        ([None] * 300, pl.String()),
        ([""] * 300, pl.String()),
        ([","] * 300, pl.String()),
        (["a, b"] * 300, pl.String()),
        (['say "so", then'] * 300, pl.String()),
        (["null"] * 300, pl.String()),
        ([7] * 300, pl.Int64()),
        ([7] * 299 + [77], pl.Int64()),
        ([7] * 150 + [8] + [7] * 149, pl.Int64()),
        ([11, 1] * 150, pl.Int64()),
        ([date(2026, 11, 23)] * 300, pl.Date()),
        ([None] * 299 + [date(2026, 11, 23)], pl.Date()),
        (["a", "b"] * 150, pl.String()),
        (["a,a"] + ["a"] * 299, pl.String()),
        ([1.0] * 300, pl.Float64()),
    ],
)
def test_a_column_of_one_value_is_as_it_is_and_no_other_is_taken_for_one(
    values: list[Any], kind: pl.DataType
) -> None:
    plain = [value.isoformat() if isinstance(value, date) else value for value in values]
    close = json.dumps(plain, separators=(",", ":")).encode()
    assert view._read("column", close, kind, 300).equals(pl.Series("column", values, kind))
    assert view._read_spaced("column", json.dumps(plain), kind, 300).equals(pl.Series("column", values, kind))
