"""A view of the database, and what a question in SQL is answered there: as rows, or as columns at the driver's speed.

The driver is given the text as it is, so that whoever only looks into a file does without SQLAlchemy, which takes longer to
load than most commands take to answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import cache, wraps
from typing import TYPE_CHECKING, Any, Protocol

import orjson

if TYPE_CHECKING:  # large: what only asks for rows does without it
    import polars as pl

_FEW = 100  # values that are read one by one sooner than together
_NAMED = re.compile(r":([a-z_]+)")


class _Answer(Protocol):
    def fetchall(self) -> Sequence[Any]: ...

    def fetchone(self) -> Any: ...


class _Dialect(Protocol):
    @property
    def name(self) -> str: ...


class View(Protocol):
    """What can be asked: a connection of SQLAlchemy's, or a `glance.Look`. Its dialect is `sqlite` or `postgresql`."""

    @property
    def dialect(self) -> _Dialect: ...

    def exec_driver_sql(self, statement: str, parameters: Any, /) -> _Answer: ...


def rows(view: View, sql: str, **named: Any) -> Sequence[Any]:
    """What a query answers, row by row; the values of its `:names` are given. SQLite gives a day as its text: see `day`."""
    return _asked(view, sql, named).fetchall()


def day(value: Any) -> Any:
    """A day, or None, of a row: PostgreSQL gives it as one, SQLite as its text."""
    return date.fromisoformat(value) if isinstance(value, str) else value


def _asked(view: View, sql: str, named: Mapping[str, Any]) -> _Answer:
    if view.dialect.name == "postgresql":  # its driver names with `%(on)s` what we write as `:on`
        return view.exec_driver_sql(_NAMED.sub(r"%(\1)s", sql), named)
    return view.exec_driver_sql(sql, _days_as_text(named))


def frame(
    view: View, sql: str, parameters: Mapping[str, Any], schema: Mapping[str, pl.DataType]
) -> pl.DataFrame:
    """What a query answers, as columns of these names and types, in the order of its columns and its rows.

    Each column comes as one list, in JSON: no value of a long one becomes an object of Python.
    """
    postgresql = view.dialect.name == "postgresql"
    listed = _listed(sql, schema, _list_of_postgresql if postgresql else _list_of_sqlite)
    many, *lists = _asked(view, listed, parameters).fetchone()
    if not many:
        return _empty(tuple(schema.items()))
    read = _loaded if many <= _FEW else _read_spaced if postgresql else _read
    import polars as pl

    series = [read(name, text, kind, many) for (name, kind), text in zip(schema.items(), lists, strict=True)]
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
