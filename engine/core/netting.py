"""What a customer really owes: credits and unapplied cash are set against the oldest due, per currency."""

from __future__ import annotations

import polars as pl


def net(items: pl.DataFrame, by: str = "row") -> pl.DataFrame:
    """The same items with a column `owed`: what is left of each after credits, in its own minor units.

    `items` has `by` (the account), `item`, `due`, `open` and `currency`; a negative `open` is a credit, and
    owes 0. Credits that are more than all that is open are left over and belong to nobody's item. The order
    of the rows stays.
    """
    group = [by, "currency"]
    debit = pl.col("open").clip(lower_bound=0)
    credited = items.filter(pl.col("open") < 0).select(group).unique()
    if credited.is_empty():
        return items.with_columns(owed=debit)
    # Most owe what is open: only where there is a credit are the items looked at in turn.
    there = (
        items.select(group)
        .with_row_index("_at")
        .join(credited, on=group, how="semi", nulls_equal=True)["_at"]
    )
    credit = (-pl.col("open")).clip(lower_bound=0).sum().over(group)
    before = pl.col("_debit").cum_sum().over(group, order_by=["due", "item"]) - pl.col("_debit")
    left = (pl.col("_credit") - before).clip(lower_bound=0)
    owed = (
        items[there]
        .with_columns(_debit=debit, _credit=credit)
        .select(owed=(pl.col("_debit") - left).clip(lower_bound=0))["owed"]
    )
    return items.with_columns(owed=items.select(debit).to_series().scatter(there, owed))
