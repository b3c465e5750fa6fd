"""A long column comes from a database as one list in JSON, and is read by many hands at once: no value falls apart."""

from __future__ import annotations

import json
import random

import polars as pl
import pytest

from engine.store import bulk

MANY = 200_000  # so many that the list is shared out between threads


@pytest.mark.parametrize(
    "words", [["Smith, Jones", None], ["a,b", ",", "", " ", None, "null, ", "1, 2", "Öl, Ähre"], [", , ,,"]]
)
def test_commas_in_words_end_nothing(words: list[str | None]) -> None:
    chance = random.Random(7)
    column = [chance.choice(words) for _ in range(MANY)]
    close = json.dumps(column, ensure_ascii=False, separators=(",", ":")).encode()  # as SQLite writes it
    assert bulk._read("words", close, pl.String()).to_list() == column
    spaced = json.dumps(column, ensure_ascii=False)  # as PostgreSQL does
    assert bulk._read_spaced("words", spaced, pl.String()).to_list() == column
