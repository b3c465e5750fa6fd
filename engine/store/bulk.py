"""Many rows at once, in and out, at the speed of the driver: plain values, without a layer between."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import orjson
import polars as pl
import sqlalchemy as sa
from sqlalchemy.engine import Connection

Row = Sequence[Any]
_NAMED = re.compile(r":([a-z_]+)")


def insert(conn: Connection, table: sa.Table, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Add rows, given as tuples in the order of `columns`. Days may be dates or their ISO text."""
    if not rows:
        return
    names = ", ".join(f'"{column}"' for column in columns)
    raw: Any = conn.connection.driver_connection
    if conn.dialect.name == "postgresql":
        with raw.cursor() as cursor, cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:
            for row in rows:
                copy.write_row(row)
        return
    marks = ", ".join("?" * len(columns))
    days = [n for n, column in enumerate(columns) if isinstance(table.c[column].type, sa.Date)]
    raw.executemany(
        f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})',  # noqa: S608 - names of our own tables
        _as_text(rows, days),
    )


def upsert(
    conn: Connection,
    table: sa.Table,
    columns: Sequence[str],
    rows: Sequence[Row],
    *,
    key: Sequence[str],
    update: Sequence[str],
) -> None:
    """Add rows; where one of the same key is there, set its `update` columns, empty where none is given."""
    if not rows:
        return
    raw: Any = conn.connection.driver_connection
    mark = "%s" if conn.dialect.name == "postgresql" else "?"
    sets = ", ".join(f'"{name}" = excluded."{name}"' for name in update)
    names, keys = (", ".join(f'"{name}"' for name in group) for group in (columns, key))
    sql = (
        f'INSERT INTO "{table.name}" ({names}) VALUES ({", ".join([mark] * len(columns))}) '  # noqa: S608
        f"ON CONFLICT ({keys}) DO UPDATE SET {sets}"
    )
    if conn.dialect.name == "postgresql":
        with raw.cursor() as cursor:
            cursor.executemany(sql, rows)
        return
    days = [n for n, column in enumerate(columns) if isinstance(table.c[column].type, sa.Date)]
    raw.executemany(sql, _as_text(rows, days))


def _as_text(rows: Sequence[Row], days: Sequence[int]) -> Iterable[Row]:
    """SQLite has no dates: they are ISO text."""
    if not days:
        return rows
    columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
    for n in days:
        columns[n] = [value.isoformat() if isinstance(value, date) else value for value in columns[n]]
    return zip(*columns, strict=True)


def frame(
    conn: Connection, sql: str, parameters: Mapping[str, Any], schema: Mapping[str, pl.DataType]
) -> pl.DataFrame:
    """What a query answers, as columns of these names and types, in the order of its columns."""
    raw: Any = conn.connection.driver_connection
    cursor = raw.cursor()
    try:
        if conn.dialect.name == "postgresql":
            cursor.execute(
                _NAMED.sub(r"%(\1)s", sql), parameters
            )  # psycopg's way to name what we write as `:on`
        else:
            days = {key: value.isoformat() for key, value in parameters.items() if isinstance(value, date)}
            cursor.execute(sql, {**parameters, **days})
        rows = cursor.fetchall()
    finally:
        cursor.close()
    columns = zip(*rows, strict=True) if rows else ((),) * len(schema)
    return pl.DataFrame(
        [_series(name, values, kind) for (name, kind), values in zip(schema.items(), columns, strict=True)]
    )


def _series(name: str, values: Sequence[Any], kind: pl.DataType) -> pl.Series:
    if isinstance(kind, pl.Date):
        first = next((value for value in values if value is not None), None)
        if isinstance(first, str):
            return pl.Series(name, values, pl.String()).str.to_date("%Y-%m-%d")
    if isinstance(kind, pl.Boolean):
        return pl.Series(name, values, pl.Int8()).cast(pl.Boolean)
    return pl.Series(name, values, kind, strict=False)


def read_json(text: str) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(text)
    return found


def write_json(value: Mapping[str, Any]) -> str:
    return orjson.dumps(dict(value), default=str).decode()
