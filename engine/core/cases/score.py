"""What the work list is ordered by: stated in house.yaml, the same for a run and for the list, and shown part by part.

Either one of the three words, or the weight of each part: a row's score is then the sum of its points times the weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import polars as pl

from engine.core.language.policy import Score
from engine.core.money import digits

# What a row must have for a score. Days are whole numbers; `amount` is minor units of the house's currency.
COLUMNS: dict[str, pl.DataType] = {
    "amount": pl.Int64(),
    "late": pl.Int32(),  # days past due of the oldest item; null: it is about none
    "risk": pl.String(),  # in lower case
    "promise": pl.String(),  # of the latest: open, kept, broken, …
    "promise_due": pl.Date(),
    "spoke": pl.Date(),  # the last day on which somebody there was spoken with
}
PARTS = ("amount", "age", "risk", "promise", "quiet")

_MONTH = 30
_MOST_MONTHS = 6  # a debt half a year old has all the points that age gives
_MOST_QUIET = 3
QUIET_DAYS = _MOST_QUIET * _MONTH  # who was last spoken with so long ago has all the points that quiet gives
_BROKEN, _DUE = 3.0, 2.0
# The risk classes in use, the better ones first; another word has no points.
_RISKS = (("a", "low", "1"), ("b", "medium", "2"), ("c", "high", "3"), ("d", "very high", "4"), ("e", "5"))
RISK_POINTS: Mapping[str, float] = {
    word: float(points) for points, words in enumerate(_RISKS) for word in words
}


def columns(score: Score) -> frozenset[str]:
    """The columns of `COLUMNS` that this score looks at."""
    if isinstance(score, str):
        return frozenset({"amount", "late"})
    needs = {"age": ("late",), "promise": ("promise", "promise_due"), "quiet": ("spoke",)}
    return frozenset(column for part in score for column in needs.get(part, (part,)))


def expression(score: Score, currency: str, on: date) -> pl.Expr:
    """The score of each row of a frame that has `columns(score)`, on a day. `currency` is the house's."""
    if isinstance(score, str):
        words = {"amount": pl.col("amount").cast(pl.Float64), "age": pl.col("late").cast(pl.Float64)}
        grown = pl.col("amount") * (1 + pl.col("late").clip(lower_bound=0) / _MONTH)
        return words.get(score, grown)
    points = _points(currency, on)
    return pl.sum_horizontal(points[part] * weight for part, weight in score.items())


def explained(row: Mapping[str, object], score: Score, currency: str, on: date) -> dict[str, float]:
    """What each part adds to the score of one row, by its name; of a word, the figures that it takes."""
    frame = pl.DataFrame({name: [row.get(name)] for name in COLUMNS}, schema=COLUMNS)
    if isinstance(score, str):
        taken = {"amount": pl.col("amount") / 10 ** digits(currency), "age": pl.col("late").fill_null(0)}
        shown = [name for name in taken if name in score]
        figures = frame.select(taken[name].cast(pl.Float64).alias(name) for name in shown)
    else:
        points = _points(currency, on)
        figures = frame.select((points[part] * weight).alias(part) for part, weight in score.items())
    return figures.row(0, named=True)


def _points(currency: str, on: date) -> dict[str, pl.Expr]:
    """The points of each part: about 0 to 6, so that weights compare parts with parts."""
    months = pl.col("late") / _MONTH
    silent = (pl.lit(on) - pl.col("spoke")).dt.total_days() / _MONTH
    due = (pl.col("promise") == "open") & (pl.col("promise_due") <= on)
    return {
        "amount": (pl.col("amount") / 10 ** digits(currency)).clip(lower_bound=1).log10(),
        "age": months.clip(0, _MOST_MONTHS).fill_null(0.0),
        "risk": pl.col("risk").replace_strict(RISK_POINTS, default=0.0, return_dtype=pl.Float64),
        "promise": pl.when(pl.col("promise") == "broken")
        .then(_BROKEN)
        .when(due.fill_null(value=False))
        .then(_DUE)
        .otherwise(0.0),
        # Nobody was ever spoken with: as quiet as can be.
        "quiet": silent.clip(0, _MOST_QUIET).fill_null(float(_MOST_QUIET)),
    }
