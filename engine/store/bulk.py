"""Many rows at once, in and out, at the speed of the driver: plain values, without a layer between."""

from __future__ import annotations

import gc
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from functools import cache, wraps
from itertools import chain, islice, repeat
from typing import TYPE_CHECKING, Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Connection

if TYPE_CHECKING:  # large: what only writes, or only looks, does without it
    import polars as pl

Row = Sequence[Any]
_MOST = 999  # values a statement; every SQLite takes as many
_FEW = 100  # values that are read one by one sooner than together
_NOTHING: Mapping[str, int | str] = {}
_NAMED = re.compile(r":([a-z_]+)")


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


def frame(
    conn: Connection, sql: str, parameters: Mapping[str, Any], schema: Mapping[str, pl.DataType]
) -> pl.DataFrame:
    """What a query answers, as columns of these names and types, in the order of its columns and its rows.

    Each column comes as one list, in JSON: no value of a long one becomes an object of Python.
    """
    raw: Any = conn.connection.driver_connection
    cursor = raw.cursor()
    postgresql = conn.dialect.name == "postgresql"
    try:
        if postgresql:  # its driver names with `%(on)s` what we write as `:on`
            cursor.execute(_NAMED.sub(r"%(\1)s", _listed(sql, schema, _list_of_postgresql)), parameters)
        else:
            cursor.execute(_listed(sql, schema, _list_of_sqlite), _days_as_text(parameters))
        many, *lists = cursor.fetchone()
    finally:
        cursor.close()
    if not many:
        return _empty(tuple(schema.items()))
    read = _loaded if many <= _FEW else _read_spaced if postgresql else _read
    import polars as pl

    with uncollected():
        series = [
            read(name, text, kind, many) for (name, kind), text in zip(schema.items(), lists, strict=True)
        ]
    if any(len(column) != many for column in series):
        raise AssertionError(f"of {many} rows of a query not each column came whole: {sql}")
    return pl.DataFrame(series)


@cache
def _empty(schema: tuple[tuple[str, pl.DataType], ...]) -> pl.DataFrame:
    import polars as pl

    return pl.DataFrame(schema=dict(schema))


def once_for_nothing(work: Callable[..., pl.DataFrame]) -> Callable[..., pl.DataFrame]:
    """What follows from frames without rows is always the same, so it is worked out once.

    Where one account is asked about most answers have no row, and a step in columns costs a tenth of a millisecond
    however few they are. `work` takes frames, and by name what it needs besides.
    """
    known: dict[Any, pl.DataFrame] = {}

    @wraps(work)
    def worked(*frames: pl.DataFrame, **more: Any) -> pl.DataFrame:
        if any(one.height for one in frames):
            return work(*frames, **more)
        like = tuple((*one.columns, *one.dtypes) for one in frames)
        if like not in known:
            known[like] = work(*frames, **more)
        return known[like]

    return worked


def _listed(sql: str, schema: Mapping[str, pl.DataType], listed: Callable[[str, pl.DataType], str]) -> str:
    """The query whose one row has the number of rows, and a list a column."""
    found = ", ".join(f'"{name}"' for name in schema)
    lists = ", ".join(listed(name, kind) for name, kind in schema.items())
    return f"WITH found ({found}) AS ({sql}) SELECT COUNT(*), {lists} FROM found"  # noqa: S608


def _list_of_sqlite(name: str, kind: pl.DataType) -> str:
    """A fraction is written out whole: JSON would round it."""
    quoted = f'"{name}"'
    exact = f"CASE WHEN {quoted} IS NOT NULL THEN printf('%!.17g', {quoted}) END"
    return f"CAST(json_group_array({exact if kind.is_float() else quoted}) AS BLOB)"


def _list_of_postgresql(name: str, kind: pl.DataType) -> str:
    return f'CAST(json_agg("{name}") AS text)'


def _loaded(name: str, listed: str | bytes, kind: pl.DataType, _many: int = 0) -> pl.Series:
    """A list in JSON as a column, value by value."""
    return _series(name, orjson.loads(listed), kind)


def _read(name: str, listed: bytes, kind: pl.DataType, many: int, *, comma: bytes = b",") -> pl.Series:
    """A list of so many values in JSON as a column, at once: it is a table of one column, with commas for the ends of its
    lines.

    Where a space follows each `comma` the space ends the line, and a column of nothing comes after the comma. Not where JSON
    has written something otherwise than a table would, nor where a word looks as nothing does.
    """
    if (value := _only(listed, many, comma)) is not None:
        return _loaded(name, value, kind).new_from_index(0, many)
    import polars as pl

    words = isinstance(kind, pl.String)
    if kind.is_float() or (words and (b"\\" in listed or b'"null"' in listed)):
        return _loaded(name, listed, kind)
    spaced, flag = len(comma) > 1, isinstance(kind, pl.Boolean)
    column = {name: pl.Int8() if flag else kind}
    table = pl.read_csv(
        listed[1:-1],
        schema=column | {"nothing": pl.String()} if spaced else column,
        has_header=False,
        separator="," if spaced else "\x1e",
        eol_char=" " if spaced else ",",
        null_values="null",
    )
    return table[name].cast(kind)


def _only(listed: bytes, many: int, comma: bytes) -> bytes | None:
    """The list of the one value that a list of so many has, where it has no other: as of a currency, or of nothing.

    It is so many times what stands before its first comma, with commas between: one more comma, within a value, would not fit.
    """
    value = listed[1 : listed.find(b",")]
    step = value + comma
    if len(listed) != len(step) * many - len(comma) + 2 or not listed.startswith(step + step, 1):
        return None
    again = listed[1 : -1 - len(step)] == listed[1 + len(step) : -1]
    return b"[" + value + b"]" if again else None


def _read_spaced(name: str, listed: str, kind: pl.DataType, many: int) -> pl.Series:
    """The same of PostgreSQL."""
    return _read(name, listed.encode(), kind, many, comma=b", ")


def _days_as_text(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """As SQLite keeps days."""
    return {key: value.isoformat() if isinstance(value, date) else value for key, value in parameters.items()}


def _series(name: str, values: Sequence[Any], kind: pl.DataType) -> pl.Series:
    import polars as pl

    if isinstance(kind, pl.Date):
        first = next((value for value in values if value is not None), None)
        if isinstance(first, str):
            if len(values) <= _FEW:
                return pl.Series(name, [value and date.fromisoformat(value) for value in values], kind)
            return pl.Series(name, values, pl.String()).str.to_date("%Y-%m-%d")
    if isinstance(kind, pl.Boolean):
        return pl.Series(name, values, pl.Int8()).cast(pl.Boolean)
    if kind.is_float() and isinstance(next((value for value in values if value is not None), None), str):
        return pl.Series(name, values, pl.String()).cast(kind)
    return pl.Series(name, values, kind, strict=False)


def read_json(text: str) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(text)
    return found


def write_json(value: Mapping[str, Any]) -> str:
    return orjson.dumps(dict(value), default=str).decode()
