"""Accounts alike in everything that a choice depends on are one class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

_FEW = 10_000


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
    keys = packed if room[1] > 1 else packed[:1]
    return _few(keys) if units < _FEW else _many(keys, units)


def _few(keys: list[Array]) -> tuple[Array, Array]:
    """By sorting, which is quicker for few: in the order in which the classes come up."""
    code, first = np.zeros(len(keys[0]), dtype=np.int64), np.zeros(0, dtype=np.int64)
    for key in keys:
        words, number = np.unique(key, return_inverse=True)
        _, first, code = np.unique(code * len(words) + number, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return rank[code], first[order]


def _many(keys: list[Array], units: int) -> tuple[Array, Array]:
    """The same by hashing."""
    names = [f"key {n}" for n in range(len(keys))]
    frame = pl.DataFrame({**dict(zip(names, keys, strict=True)), "unit": np.arange(units)})
    found = frame.group_by(names, maintain_order=True).agg(pl.col("unit").first().alias("first"))
    found = found.with_row_index("number")
    classes = frame.join(found, on=names, how="left", maintain_order="left")["number"].to_numpy()
    return classes.astype(np.int64), found["first"].to_numpy()
