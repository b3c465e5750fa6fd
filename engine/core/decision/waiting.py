"""What is under way on the next morning: steps that wait for room in a day, or for an address."""

from __future__ import annotations

from datetime import date

import polars as pl

from engine.core.decision.decide import Decided, own_items, without_address
from engine.core.decision.signature import TURN
from engine.core.decision.state import PENDING, Pending, State


def with_more(frame: pl.DataFrame, *more: pl.DataFrame) -> pl.DataFrame:
    """A frame and what is new to it: often nothing is."""
    new = [one for one in more if one.height]
    return pl.concat([frame, *new]) if new else frame


def pending(state: State, decided: Decided, went: pl.DataFrame, done: pl.DataFrame, on: date) -> pl.DataFrame:
    """Steps that wait for room or for an address; the rest of today's has been done."""
    waits = decided.contacts.select(
        "row", "own_item", "policy", "step", "waiting_since", "occurrence", "goes"
    )
    waits = waits.filter(~pl.col("goes")) if not decided.stopped else waits.clear()
    kept = state.pending
    if kept.height:
        acted = pl.concat([went.select("row", "own_item"), waits.select("row", "own_item")])
        done = done.select("row", own_item="item")
        # Under `each: invoice` every invoice has its own; else whatever was under way has ended with today's contact.
        whole = acted.filter(pl.col("own_item").is_null())
        kept = kept.join(whole, on="row", how="anti").join(
            pl.concat([acted, done]),
            left_on=["row", "item"],
            right_on=["row", "own_item"],
            how="anti",
            nulls_equal=True,
        )
    missing = _missing_addresses(decided, on)
    if missing.height and kept.height:
        # A step that lacks an address takes the place of another that waits; the same one has waited longer.
        same = kept.join(missing, on=["row", "item", "policy", "step"], how="semi", nulls_equal=True)
        others = kept.join(missing, on=["row", "item"], how="anti", nulls_equal=True)
        kept = pl.concat([others, same])
        missing = missing.join(same, on=["row", "item"], how="anti", nulls_equal=True)
    if not waits.height:
        return with_more(kept, missing)
    room = waits.select(
        "row",
        pl.col("own_item").alias("item"),
        "policy",
        "step",
        state=pl.lit(Pending.CAPACITY.value),
        since=pl.col("waiting_since").fill_null(on),
        not_before=None,
        attempts=pl.col("occurrence") % TURN,
    )
    return with_more(kept, room.cast(PENDING), missing)  # type: ignore[arg-type]


def _missing_addresses(decided: Decided, on: date) -> pl.DataFrame:
    units = without_address(decided)
    if not len(units):
        return pl.DataFrame(schema=PENDING)
    choices, view, numbers = decided.choices, decided.portfolio, decided.unit_class[units]
    frame = pl.DataFrame(
        {
            "row": view.unit_row[units],
            "item": own_items(view, units),
            "policy": pl.Series([choice.policy for choice in choices], dtype=pl.String).gather(numbers),
            "step": pl.Series([choice.step for choice in choices], dtype=pl.String).gather(numbers),
        }
    )
    return frame.with_columns(
        state=pl.lit(Pending.ADDRESS.value),
        since=pl.lit(on),
        not_before=pl.lit(None, dtype=pl.Date),
        attempts=pl.lit(0),
    ).cast(PENDING)  # type: ignore[arg-type]
