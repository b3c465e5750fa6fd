"""Many rows at once, into a table, at the speed of the driver: plain values, without a layer between."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from itertools import chain, islice, repeat
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Connection

Row = Sequence[Any]
_MOST = 999  # values a statement; every SQLite takes as many
_NOTHING: Mapping[str, int | str] = {}


@contextmanager
def uncollected() -> Iterator[None]:
    """Python looks for cycles again and again while rows by the hundred thousand are made; they have none."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def inserting(conn: Connection, table: sa.Table) -> Any:
    """A table's INSERT with the words ON CONFLICT, which each database has its own class for."""
    if conn.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql  # large: a house on SQLite does without

        return postgresql.insert(table)
    return sqlite.insert(table)


def insert(
    conn: Connection,
    table: sa.Table,
    columns: Sequence[str],
    rows: Sequence[Row],
    same: Mapping[str, int | str] = _NOTHING,
) -> None:
    """Add rows, given as tuples in the order of `columns`. Days may be dates or their ISO text.

    `same` are further columns, in which all rows have one value.
    """
    if not rows:
        return
    _check_widths(table, columns, rows)
    raw: Any = conn.connection.driver_connection
    if conn.dialect.name == "postgresql":
        last = tuple(same.values())
        with (
            raw.cursor() as cursor,
            cursor.copy(f'COPY "{table.name}" ({_quoted((*columns, *same))}) FROM STDIN') as copy,
        ):
            for row in rows:
                copy.write_row((*row, *last) if last else row)
        return
    _execute(raw, table, columns, rows, same=same)


def upsert(
    conn: Connection,
    table: sa.Table,
    columns: Sequence[str],
    rows: Sequence[Row],
    *,
    key: Sequence[str],
    update: Sequence[str],
) -> None:
    """Add rows, one a key; where its key is there, set its `update` columns, empty where none is given."""
    if not rows:
        return
    _check_widths(table, columns, rows)
    raw: Any = conn.connection.driver_connection
    sets = ", ".join(f'"{name}" = excluded."{name}"' for name in update)
    conflict = f"ON CONFLICT ({_quoted(key)}) DO UPDATE SET {sets}"
    if conn.dialect.name != "postgresql":
        _execute(raw, table, columns, rows, conflict)
        return
    kinds = (table.c[name].type.compile(conn.dialect) for name in columns)
    arrays = ", ".join(f"%s::{kind}[]" for kind in kinds)
    with raw.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO "{table.name}" ({_quoted(columns)}) SELECT * FROM unnest({arrays}) {conflict}',  # noqa: S608
            [list(values) for values in zip(*rows, strict=True)],
        )


def _check_widths(table: sa.Table, columns: Sequence[str], rows: Sequence[Row]) -> None:
    if set(map(len, rows)) != {len(columns)}:
        raise ValueError(f"a row for {table.name} has {len(columns)} values")


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _execute(
    raw: Any,
    table: sa.Table,
    columns: Sequence[str],
    rows: Sequence[Row],
    conflict: str = "",
    same: Mapping[str, int | str] = _NOTHING,
) -> None:
    """Add rows to a SQLite table, many a statement; what is the same in all of them is handed over once a statement.

    A statement of many rows keeps a log to undo itself alone; OR FAIL does without, since whoever meets an
    error here undoes the whole transaction.
    """
    width, given = len(columns), len(same)
    many = max(1, (_MOST - given) // width)
    shared = "".join(f", ?{n + 1}" for n in range(given))

    def sql(count: int) -> str:
        at = range(given + 1, given + 1 + count * width, width)
        marks = ", ".join(
            f"({', '.join(f'?{n}' for n in range(first, first + width))}{shared})" for first in at
        )
        names = _quoted((*columns, *same))
        return f'INSERT OR FAIL INTO "{table.name}" ({names}) VALUES {marks} {conflict}'  # noqa: S608

    days = [n for n, column in enumerate(columns) if isinstance(table.c[column].type, sa.Date)]
    values = chain.from_iterable(_as_text(rows, days))
    whole = len(rows) // many
    batches = islice(values, whole * many * width)
    first = map(repeat, same.values())
    raw.executemany(sql(many), zip(*first, *[batches] * (many * width), strict=False))
    if rest := list(values):
        raw.execute(sql(len(rows) % many), [*same.values(), *rest])


def _as_text(rows: Sequence[Row], days: Sequence[int]) -> Iterable[Row]:
    """SQLite has no dates: they are ISO text."""
    if not days:
        return rows
    columns: list[Iterable[Any]] = list(zip(*rows, strict=True))
    for n in days:
        # A day has one text, however many rows it is in.
        text = {day: day.isoformat() if isinstance(day, date) else day for day in set(columns[n])}
        columns[n] = map(text.__getitem__, columns[n])
    return zip(*columns, strict=True)


def read_json(text: str) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(text)
    return found


def write_json(value: Mapping[str, Any]) -> str:
    return orjson.dumps(dict(value), default=str).decode()
