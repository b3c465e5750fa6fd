"""Fields and tests of the language as columns: every account at once.

The counterpart of `Condition.holds` and of `standing.measures`, which are the definition.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from datetime import date
from functools import cached_property, reduce
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from engine.core.language.condition import Clause, Condition, Op, Test

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FEW = 2_000  # words that are looked up one by one, and rows that are put together, more quickly
_MOST_BY_TURNS = 32  # rows of a group that are taken in turn


def test(line: Test) -> pl.Expr:
    """A line as an expression; a missing value does not satisfy it."""
    column = pl.col(line.field)
    values = line.values
    answer: pl.Expr
    if line.field == "tags":
        answer = reduce(operator.or_, (column.list.contains(word) for word in values))
    elif line.op is Op.IS:
        answer = column == values[0] if len(values) == 1 else column.is_in(list(values))
    elif line.op is Op.BETWEEN:
        answer = (column >= values[0]) & (column <= values[1])
    else:
        compare: dict[Op, Callable[[Any, Any], Any]] = {
            Op.OVER: operator.gt,
            Op.UNDER: operator.lt,
            Op.AT_LEAST: operator.ge,
            Op.AT_MOST: operator.le,
        }
        answer = compare[line.op](column, values[0])
    answer = answer.fill_null(value=False)
    return ~answer if line.negated else answer


def clause(lines: Clause) -> pl.Expr:
    """All lines hold."""
    return reduce(operator.and_, (test(line) for line in lines.tests), pl.lit(value=True))


def condition(dashes: Condition | None) -> pl.Expr:
    """One dash is enough; none at all always holds."""
    if dashes is None or not dashes.clauses:
        return pl.lit(value=True)
    return reduce(operator.or_, (clause(dash) for dash in dashes.clauses))


class Groups:
    """Rows of items that stand together by account: sums, extremes and unions a group.

    `keys` is ascending; groups that own no row get 0 (or `empty`).
    """

    def __init__(self, keys: NDArray[Any], size: int) -> None:
        self.size, self.rows = size, len(keys)
        if len(keys):
            self.starts = np.concatenate(([0], np.flatnonzero(np.diff(keys)) + 1))
            self.present = keys[self.starts]
        else:
            self.starts = np.zeros(0, dtype=np.int64)
            self.present = np.zeros(0, dtype=np.int64)

    @cached_property
    def _further(self) -> list[tuple[NDArray[Any], NDArray[Any]]] | None:
        """For the second row of each group that has one, the third, …: which groups, and which rows. None: there are too many."""
        sizes = np.diff(self.starts, append=self.rows)
        if self.rows < _FEW or sizes.max() > _MOST_BY_TURNS:
            return None
        found = []
        groups = np.flatnonzero(sizes > 1)
        for turn in range(1, int(sizes.max())):
            groups = groups[sizes[groups] > turn]
            found.append((groups, self.starts[groups] + turn))
        return found

    def _reduced(self, ufunc: np.ufunc, values: NDArray[Any]) -> NDArray[Any]:
        """One value for each group that owns a row. Most own one or two: all first rows at once, then all second ones, …"""
        if self._further is None:
            every: NDArray[Any] = ufunc.reduceat(values, self.starts)
            return every
        found = values[self.starts]
        for groups, rows in self._further:
            found[groups] = ufunc(found[groups], values[rows])
        return found

    def _reduce(self, ufunc: np.ufunc, values: NDArray[Any], empty: int) -> NDArray[Any]:
        if len(self.present) == self.size and self.size:
            return self._reduced(ufunc, values)
        out = np.full(self.size, empty, dtype=values.dtype)
        if len(self.starts):
            out[self.present] = self._reduced(ufunc, values)
        return out

    def union(self, values: NDArray[Any]) -> NDArray[Any]:
        return self._reduce(np.bitwise_or, values, 0)

    def sum(self, values: NDArray[Any]) -> NDArray[Any]:
        return self._reduce(np.add, values, 0)

    def any(self, values: NDArray[Any]) -> NDArray[Any]:
        return self._reduce(np.logical_or, values, 0)

    def most(self, values: NDArray[Any], empty: int = 0) -> NDArray[Any]:
        return self._reduce(np.maximum, values, empty)

    def least(self, values: NDArray[Any], empty: int = 0) -> NDArray[Any]:
        return self._reduce(np.minimum, values, empty)


def numbered(words: pl.Series, names: Sequence[str], other: int) -> NDArray[np.int64]:
    """Words as their place in `names`; `other` for what is not among them, and where there is none."""
    if len(words) < _FEW:
        place = {name: number for number, name in enumerate(names)}
        return np.array([place.get(word, other) for word in words.to_list()], dtype=np.int64)
    placed = words.cast(pl.Enum(names), strict=False).to_physical().cast(pl.Int64)
    return placed.fill_null(other).to_numpy()


def dates(series: pl.Series) -> NDArray[np.int32]:
    """Days since 1970 of a column without gaps."""
    if series.dtype == pl.Date and not series.null_count():
        return series.to_physical().to_numpy()
    return series.to_numpy().astype("datetime64[D]").view(np.int64).astype(np.int32)


def places(rows: NDArray[Any], row: int) -> range:
    """Where a row stands in `rows`, which ascend."""
    one = rows.dtype.type(row)  # of another type it would have all rows turned into that
    return range(int(np.searchsorted(rows, one)), int(np.searchsorted(rows, one, "right")))


def latest(rows: pl.Series, days: pl.Series, size: int, empty: int) -> NDArray[np.int64]:
    """row -> the latest of its days, since 1970; `empty` for one without."""
    found = np.full(size, empty, dtype=np.int64)
    # Of one type alone this is not slow.
    np.maximum.at(found, rows.to_numpy().astype(np.int64), dates(days).astype(np.int64))
    return found


def day_number(day: date) -> int:
    """Days since 1970."""
    return day.toordinal() - date(1970, 1, 1).toordinal()


def measures(
    accounts: pl.DataFrame, items: pl.DataFrame, by_account: Groups, on: date, wanted: frozenset[str]
) -> pl.DataFrame:
    """`accounts` with the wanted fields that follow from its items and dates.

    `items` are debit items with `owed` and `base` (`owed` in minor units of the house's currency), in the order of
    `by_account`; credits have been set against them.
    """
    base = items["base"].to_numpy()
    late = day_number(on) - dates(items["due"])
    owing = items["owed"].to_numpy() > 0
    overdue = owing & (late > 0)
    made: dict[str, Callable[[], NDArray[Any]]] = {
        "overdue": lambda: by_account.sum(np.where(overdue, base, 0)),
        "disputed": lambda: by_account.any(_disputed(items)),
        "disputed_amount": lambda: by_account.sum(np.where(_disputed(items), base, 0)),
        "largest": lambda: by_account.most(np.where(owing, base, 0)),
        "invoices": lambda: by_account.sum(owing.astype(np.int64)),
        "overdue_invoices": lambda: by_account.sum(overdue.astype(np.int64)),
        "oldest": lambda: by_account.most(np.where(owing, late, -100_000).astype(np.int64), -100_000),
    }
    columns = [pl.Series(name, make()) for name, make in made.items() if name in wanted]
    frame = accounts.with_columns(columns) if columns else accounts
    if "oldest" in wanted:
        frame = frame.with_columns(pl.when(pl.col("oldest") > -100_000).then("oldest"))
    since = {"since_contact": "last_contact", "since_payment": "last_payment", "age": "opened"}
    days = [
        (pl.lit(on) - pl.col(column)).dt.total_days().alias(name)
        for name, column in since.items()
        if name in wanted
    ]
    return frame.with_columns(days) if days else frame


def _disputed(items: pl.DataFrame) -> NDArray[Any]:
    """item -> it is disputed."""
    return (items["aside"] == "disputed").fill_null(value=False).to_numpy()
