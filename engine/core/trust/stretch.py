"""Several days to come looked at at once: each as a row of the first of them, with all its dates so many days earlier.

Where every day is open, only a season of `pause` and a clock of month ends know which date it is. So an account as it will
stand in three days, if nothing happens to it, is today an account whose every date lies three days further back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from engine.core.decision.ladder import in_season, so_many_days_earlier
from engine.core.decision.state import BY_ROW, State
from engine.core.language.policy import Clock, House, PolicyBook
from engine.core.workdays import ALWAYS, Calendar


def timeless(book: PolicyBook, open_on: Calendar) -> bool:
    """Whether no date differs from another but by its season."""
    ends = (Clock.END_OF_MONTH, Clock.STATEMENT_DATE)
    return open_on.name == ALWAYS and not any(policy.clock in ends for policy in book.policies)


def seasons(house: House, on: date) -> tuple[bool, ...]:
    """Which of the pauses are in their season."""
    return tuple(in_season(pause.season, on) for pause in house.pause)


def side_by_side(state: State, rows: Sequence[int], days: Sequence[date]) -> State:
    """Some accounts as each of the days finds them, as accounts of the first day: number n of day d is row d * len(rows) + n.

    Both are ascending. Of the items those are there that have been written by then.
    """
    back = np.array([(on - days[0]).days for on in days], dtype=np.int32)
    place = np.full(state.accounts.height, -1)
    place[rows] = np.arange(len(rows))

    def copies(frame: pl.DataFrame) -> pl.DataFrame:
        own = place[frame["row"].to_numpy()]
        mine = np.flatnonzero(own >= 0)
        row = own[mine] + np.arange(len(days))[:, None] * len(rows)
        earlier = pl.Series(np.repeat(back, len(mine)))
        dated = [name for name, kind in frame.schema.items() if kind == pl.Date]
        return frame[np.tile(mine, len(days))].with_columns(
            pl.Series("row", row.ravel(), dtype=frame.schema["row"]),
            *((pl.col(name).cast(pl.Int32) - earlier).cast(pl.Date) for name in dated),
        )

    frames = {name: frame for name in BY_ROW if (frame := getattr(state, name)).height}
    copied: dict[str, Any] = {name: copies(frame) for name, frame in frames.items()}
    if "accounts" in copied:
        held = copied["accounts"]["paused_kinds"]
        if held.str.contains("\t").any():
            back_of_row = np.repeat(back, len(rows))[copied["accounts"]["row"].to_numpy()].tolist()
            moved = [
                so_many_days_earlier(what, by) for what, by in zip(held.to_list(), back_of_row, strict=True)
            ]
            copied["accounts"] = copied["accounts"].with_columns(
                paused_kinds=pl.Series(moved, dtype=pl.String)
            )
    made = replace(state, **copied)
    return replace(made, items=made.items.filter(pl.col("date") <= days[0]))
