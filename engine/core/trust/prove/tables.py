"""Answers remembered by number, so that many are looked up at once and each is worked out once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]


class Grid:
    """A whole number for each pair of a row and a column, worked out by `make` when it is first asked for."""

    def __init__(self, make: Callable[[int, int], int], columns: int = 4) -> None:
        self._make = make
        self._data = np.full((256, columns), -2, dtype=np.int32)

    def of(self, rows: Any, columns: Any) -> Ints:
        """One answer for each of `rows`; `columns` is as long, or one column for all."""
        if not len(rows):
            return np.zeros(0, dtype=np.int32)
        height, width = self._data.shape
        high, wide = int(rows.max()) + 1, int(np.max(columns)) + 1
        if high > height or wide > width:
            larger = np.full((max(height, 2 * high), max(width, 2 * wide)), -2, dtype=np.int32)
            larger[:height, :width] = self._data
            self._data = larger
        found: Ints = self._data[rows, columns]
        missing = np.flatnonzero(found == -2)
        if len(missing):
            wide_columns = np.broadcast_to(columns, rows.shape)
            pairs = np.unique(np.stack([rows[missing], wide_columns[missing]], axis=1), axis=0)
            for row, column in pairs.tolist():
                self._data[row, column] = self._make(row, column)
            found = self._data[rows, columns]
        return found


class Lookup:
    """Many keys looked up at once in a dictionary that grows."""

    def __init__(self, known: dict[int, int]) -> None:
        self._known = known
        self._keys = np.zeros(0, dtype=np.int64)
        self._values = np.zeros(0, dtype=np.int32)

    def of(self, keys: Longs, make: Callable[[NDArray[Any]], None]) -> Ints:
        """The value of each key. `make` is told the index of one of each that is missing, and puts it into the dictionary."""
        unique, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
        at, known = self._found(unique)
        if not known.all():
            missing = np.array(
                [n for n in np.flatnonzero(~known) if int(unique[n]) not in self._known], dtype=np.int64
            )
            if len(missing):
                make(first[missing])
            self._learn()
            at, known = self._found(unique)
        found: Ints = self._values[at][inverse]
        return found

    def _found(self, keys: Longs) -> tuple[NDArray[Any], NDArray[Any]]:
        at = np.searchsorted(self._keys, keys)
        known = np.zeros(len(keys), dtype=bool)
        inside = at < len(self._keys)
        known[inside] = self._keys[at[inside]] == keys[inside]
        return at, known

    def _learn(self) -> None:
        """What has come into the dictionary, which only grows, since the last time."""
        new = sorted(islice(reversed(self._known.items()), len(self._known) - len(self._keys)))
        keys, values = np.array(new, dtype=np.int64).reshape(-1, 2).T
        at = np.searchsorted(self._keys, keys)
        self._keys = np.insert(self._keys, at, keys)
        self._values = np.insert(self._values, at, values.astype(np.int32))


class Table:
    """Rows of whole numbers, added one after another."""

    def __init__(self, width: int) -> None:
        self.size = 0
        self._data = np.zeros((256, width), dtype=np.int32)

    def add(self, row: Sequence[int]) -> int:
        if self.size == len(self._data):
            self._data = np.concatenate([self._data, np.zeros_like(self._data)])
        self._data[self.size] = row
        self.size += 1
        return self.size - 1

    def rows(self, which: Any) -> Ints:
        found: Ints = self._data[which]
        return found


class Lists:
    """A list of pairs for each number."""

    def __init__(self) -> None:
        self._start = np.full(256, -1, dtype=np.int64)
        self._count = np.zeros(256, dtype=np.int64)
        self._flat = np.zeros((1024, 2), dtype=np.int32)
        self._size = 0

    def missing(self, numbers: Any) -> list[int]:
        unique = np.unique(numbers)
        while len(unique) and int(unique[-1]) >= len(self._start):
            self._start = np.concatenate([self._start, np.full(len(self._start), -1, dtype=np.int64)])
            self._count = np.concatenate([self._count, np.zeros(len(self._count), dtype=np.int64)])
        found: list[int] = unique[self._start[unique] < 0].tolist()
        return found

    def put(self, number: int, pairs: Sequence[tuple[int, int]]) -> None:
        while self._size + len(pairs) > len(self._flat):
            self._flat = np.concatenate([self._flat, np.zeros_like(self._flat)])
        if pairs:
            self._flat[self._size : self._size + len(pairs)] = pairs
        self._start[number], self._count[number] = self._size, len(pairs)
        self._size += len(pairs)

    def of(self, numbers: Ints) -> tuple[Longs, Ints]:
        """(index in `numbers`, pair) of every pair of each."""
        counts = self._count[numbers]
        origin = np.repeat(np.arange(len(numbers)), counts)
        within = np.arange(len(origin)) - np.repeat(np.cumsum(counts) - counts, counts)
        found: Ints = self._flat[self._start[numbers][origin] + within]
        return origin, found
