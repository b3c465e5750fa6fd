"""What a contact asks for: every overdue item of its account, and apart from them the ones set aside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl

from engine.core.decision.decide import Decided
from engine.core.language.policy import PolicyBook

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Listed(NamedTuple):
    """What a contact asks for. `items` are [number, owed in minor units of its currency], oldest due first; `aside` the ones
    set aside, with why. `amount` is in the items' own currency where they share one, else in the house's."""

    amount: int
    currency: str
    items: list[list[Any]]
    aside: list[list[Any]]


def listed(book: PolicyBook, decided: Decided, units: NDArray[Any]) -> Mapping[int, Listed]:
    """unit -> every overdue item and the ones set aside, for the units wanted (a mask). A courtesy lists what falls due."""
    view, on = decided.portfolio, decided.day.on
    free = pl.col("aside").is_null()
    late = free & (pl.col("due") < on)
    rows = view.items.filter(pl.Series(units[view.items["unit"].to_numpy()], dtype=pl.Boolean)).with_columns(
        asked=pl.when(late.any().over("unit")).then(late).otherwise(free)
    )
    asked, aside = rows.filter("asked"), rows.filter(~free)
    items = by_unit(asked["unit"], pairs(asked["item"], asked["owed"]))
    apart = by_unit(aside["unit"], pairs(aside["item"], aside["owed"], aside["aside"]))
    found = {unit: Listed(0, book.house.currency, [], others) for unit, others in apart.items()}
    sums = asked.group_by("unit", maintain_order=True).agg(
        pl.col("owed", "base").sum(), pl.col("currency").first(), single=pl.col("currency").n_unique() == 1
    )
    for unit, owed, base, currency, single in sums.iter_rows():
        amount, shown = (owed, currency) if single else (base, book.house.currency)
        found[unit] = Listed(amount, shown, items[unit], apart.get(unit, []))
    return found


def pairs(*columns: pl.Series) -> list[list[Any]]:
    """Columns as rows."""
    return list(map(list, zip(*(column.to_list() for column in columns), strict=True)))


def by_unit(units: pl.Series, rows: list[list[Any]]) -> dict[int, list[list[Any]]]:
    """unit -> its rows, which stand together."""
    if not rows:
        return {}
    firsts = [0, *(np.flatnonzero(np.diff(units.to_numpy())) + 1).tolist(), len(rows)]
    return {
        unit: rows[first:last]
        for unit, first, last in zip(units.gather(firsts[:-1]).to_list(), firsts, firsts[1:], strict=False)
    }
