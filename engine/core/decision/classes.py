"""Accounts alike in everything that a choice depends on are one class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


def classed(signature: dict[str, Array], units: int) -> tuple[Array, Array]:
    """unit -> class; class -> its first unit. Numbers from -1 are packed into two words, exactly, and grouped by them."""
    packed = [np.zeros(units, dtype=np.uint64), np.zeros(units, dtype=np.uint64)]
    room = [1, 1]
    for column in signature.values():
        most = int(column.max(initial=0))
        if int(column.min(initial=0)) == most:
            continue  # the same for all
        size = most + 2
        which = 0 if room[0] * size < 2**63 else 1
        room[which] *= size
        if room[which] >= 2**63:
            raise OverflowError("a signature does not fit two words")
        packed[which] *= np.uint64(size)
        packed[which] += (column.astype(np.int64) + 1).astype(np.uint64)
    frame = pl.DataFrame({"low": packed[0], "high": packed[1], "unit": np.arange(units)})
    keys = ["low", "high"] if room[1] > 1 else ["low"]
    found = frame.group_by(keys, maintain_order=True).agg(pl.col("unit").first().alias("first"))
    found = found.with_row_index("number")
    classes = frame.join(found, on=keys, how="left", maintain_order="left")["number"].to_numpy()
    return classes.astype(np.int64), found["first"].to_numpy()
