"""Accounts alike in everything that a choice depends on are one class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from engine.core.decision.ladder import bits

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

_WORDS = ("role", "voice")


def classed(signature: dict[str, Array], units: int) -> tuple[Array, Array]:
    """unit -> class; class -> its first unit. Numbers are packed into two words, exactly, and grouped by them."""
    low = np.zeros(units, dtype=np.uint64)
    high = np.zeros(units, dtype=np.uint64)
    room = [1, 1]
    packed = [low, high]
    for name, column in signature.items():
        if name in _WORDS:
            codes, values = _codes(column)
            size = len(values) + 1
        else:
            codes, size = bits(column + 1), int(column.max(initial=0)) + 2
        which = 0 if room[0] * size < 2**63 else 1
        room[which] *= size
        if room[which] >= 2**63:
            raise OverflowError("a signature does not fit two words")
        packed[which] = packed[which] * np.uint64(size) + codes
    frame = pl.DataFrame({"low": packed[0], "high": packed[1], "unit": np.arange(units)})
    found = frame.group_by("low", "high", maintain_order=True).agg(pl.col("unit").first().alias("first"))
    found = found.with_row_index("number")
    classes = frame.join(found, on=["low", "high"], how="left", maintain_order="left")["number"].to_numpy()
    return classes.astype(np.int64), found["first"].to_numpy()


def _codes(words: Array) -> tuple[Array, Array]:
    if not len(words) or not (words != "").any():
        return np.zeros(len(words), dtype=np.uint64), np.array([""])
    values, codes = np.unique(words.astype(str), return_inverse=True)
    return bits(codes), values
