"""A file as somebody sees it who says what its columns are: its first rows, and the profile that comes of what they say."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import tomlkit

from engine.core.problem import Place, Problem
from engine.readers.aliases import LEDGER, MASTER
from engine.readers.documents import kind_of
from engine.readers.headers import Header, find_header
from engine.readers.ledger import choose_sheet
from engine.readers.profile import Profile
from engine.readers.table import Table, cell_span, cell_text

_ROWS = 8  # of the preview
_TYPES = 30  # document types that are asked for
_WITHOUT_HEADER = 30  # rows that are shown where none of them names the columns
NONE = ""  # the meaning of a column that is not used
FIRST = ("account", "name", "item", "date", "due", "amount", "open", "currency", "kind")


@dataclass(frozen=True, slots=True)
class Column:
    """A column by its number from 0. `meaning` is one of `meanings`, or empty."""

    number: int
    name: str
    meaning: str
    amount: bool  # its cells are numbers


@dataclass(frozen=True, slots=True)
class Shown:
    """The first rows of one sheet, as (number of the line, cells). `header` is the line that names the columns; 0: none does."""

    sheets: tuple[str, ...]
    sheet: str
    header: int
    columns: tuple[Column, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    more: int


def meanings(master: bool) -> tuple[str, ...]:
    """What a column can be, those that nothing goes without first."""
    all_ = MASTER if master else LEDGER
    first = [name for name in FIRST if name in all_]
    return (*first, *(name for name in all_ if name not in first))


def shown(tables: Sequence[Table], profile: Profile, master: bool) -> Shown:
    """How a file looks by a profile, whatever is wrong with either."""
    chosen = _sheet(tables, profile, master)
    header, _ = find_header(chosen, profile, master=master)
    if header is None and profile.header:
        header, _ = find_header(chosen, Profile(columns=profile.columns), master=master)
    sheets = tuple(table.sheet for table in tables) if len(tables) > 1 else ()
    if header is None:
        rows = [*range(min(_WITHOUT_HEADER, len(chosen.rows)))]
        width = max((len(chosen.rows[row]) for row in rows), default=0)
        columns = tuple(Column(number, "", NONE, False) for number in range(width))
        return Shown(sheets, chosen.sheet, 0, columns, _cells(chosen, rows, width), 0)
    below = range(header.last + 1, len(chosen.rows))
    rows = [*below[:_ROWS]]
    columns = tuple(
        Column(number, name, meaning, _numbers(chosen, rows, number))
        for number, (name, meaning) in enumerate(zip(header.names, _of(header), strict=True))
    )
    cells = _cells(chosen, rows, len(columns))
    return Shown(sheets, chosen.sheet, chosen.lines[header.first], columns, cells, len(below) - len(rows))


def proposed(name: str, tables: Sequence[Table]) -> str:
    """A profile for a list of customers, with the columns that name themselves."""
    found = shown(tables, Profile(), True)
    lines = [f"# How to read {name}, a list of customers. Check each line.", ""]
    lines += [f"sheet = {_quoted(found.sheet)}"] if found.sheets else []
    lines += ["[columns]"]
    named = columns_of(found, {one.number: one.meaning for one in found.columns})
    lines += [f"{meaning} = {_quoted(value)}" for meaning, value in named.items()]
    return "\n".join(lines) + "\n"


def types(tables: Sequence[Table], profile: Profile, master: bool) -> tuple[str, ...]:
    """The document types of a file that nobody knows but its own system, as they are written."""
    chosen = _sheet(tables, profile, master)
    header, _ = find_header(chosen, profile, master=master)
    if header is None or "kind" not in header.columns:
        return ()
    column, amount = header.columns["kind"], header.columns.get("open", header.columns["kind"])
    rows = range(header.last + 1, len(chosen.rows))
    codes = dict.fromkeys(
        cell_text(chosen.cell(row, column)).strip() for row in rows if chosen.cell(row, amount) != ""
    )
    return tuple(code for code in codes if code and not kind_of(code))[:_TYPES]


def columns_of(found: Shown, chosen: Mapping[int, str]) -> dict[str, str | int]:
    """Meaning → column, as a profile has it: by its name, or by its number where another has the same.

    A meaning that the file's own headers claim and nobody has chosen is `""`: there is no such column.
    """
    names = [one.name for one in found.columns]
    wanted: dict[str, str | int] = {}
    for number, meaning in sorted(chosen.items()):
        if meaning and number < len(names):
            name = names[number]
            wanted[meaning] = name if name and names.count(name) == 1 else number + 1
    for one in found.columns:
        if one.meaning and one.meaning not in wanted:
            wanted[one.meaning] = ""
    return wanted


def with_answers(
    text: str,
    values: Mapping[str, Any],
    columns: Mapping[str, str | int] | None,
    types: Mapping[str, str] | None = None,
) -> str:
    """The text of a profile with these values, and these columns (None: as they are); the rest of it stays as it is.

    `types`: document type → kind, empty where nobody has said it.

    Where the text asks for a value in a comment, the answer takes the place of the question. None takes a value out.
    """
    for key, value in values.items():
        text = _answered(text, key, value)
    for code, kind in (types or {}).items():
        text = _typed(text, code, kind)
    if columns is None:
        return text
    for meaning in columns:
        text = re.sub(rf'(?m)^# {meaning} = "…".*\n', "", text)
    document = tomlkit.parse(text)
    table: Any = document.get("columns")
    if table is None:
        table = tomlkit.table()
        document.add("columns", table)
    for meaning in [meaning for meaning in table if meaning not in columns]:
        del table[meaning]
    for meaning, column in columns.items():
        if meaning not in table or table[meaning] != column:
            table[meaning] = column
    return tomlkit.dumps(document)


def placed(table: Table | None, place: Place) -> tuple[int, str]:
    """(row, column) of a place as a person counts them: a column of a CSV file by its number too. Empty: the whole row."""
    if place.sheet:
        return place.line, _letters(place.column)
    if table is None or not table.separator or not 0 < place.line <= len(table.source):
        return place.line, ""
    line = table.source[place.line - 1]
    number = 0
    while number < 500 and cell_span(line, table.separator, number)[0] + 1 < place.column:
        number += 1
    return place.line, _letters(number + 1)


def _letters(number: int) -> str:
    """As a spreadsheet names its columns: 1 is A, 27 is AA."""
    found = ""
    while number > 0:
        number, rest = divmod(number - 1, 26)
        found = chr(65 + rest) + found
    return found


def _sheet(tables: Sequence[Table], profile: Profile, master: bool) -> Table:
    named = next((table for table in tables if profile.sheet and table.sheet == profile.sheet), None)
    chosen = named or choose_sheet(tables, profile, master=master)
    if isinstance(chosen, Problem):
        fitting = (table for table in tables if find_header(table, profile, master=master)[0])
        return next(fitting, tables[0])
    return chosen


def _of(header: Header) -> list[str]:
    by_number = {column: meaning for meaning, column in header.columns.items()}
    return [by_number.get(number, NONE) for number in range(len(header.names))]


def _cells(table: Table, rows: Sequence[int], width: int) -> tuple[tuple[int, tuple[str, ...]], ...]:
    return tuple(
        (table.lines[row], tuple(cell_text(table.cell(row, column)) for column in range(width)))
        for row in rows
    )


def _numbers(table: Table, rows: Sequence[int], column: int) -> bool:
    cells = [cell_text(table.cell(row, column)).strip() for row in rows]
    there = [cell for cell in cells if cell]
    return bool(there) and all(re.fullmatch(r"[-+(]?[\d.,'\s\u00a0]*[.,]\d\d\)?-?", cell) for cell in there)


def _answered(text: str, key: str, value: Any) -> str:
    head, mark, rest = text.partition("\n[columns]")
    asked = re.compile(rf"(?m)^# {key} = .*$")
    written = re.search(rf"(?m)^{key} = ", head)
    if value not in (None, "", ()) and not written and asked.search(head):
        line = f"{key} = {tomlkit.item(list(value) if isinstance(value, tuple) else value).as_string()}"
        return asked.sub(lambda _: line, head, count=1) + mark + rest
    document: Any = tomlkit.parse(text)
    if value in (None, "", ()):
        if key in document:
            del document[key]
    elif key not in document or document[key] != (list(value) if isinstance(value, tuple) else value):
        document[key] = list(value) if isinstance(value, tuple) else value
    return tomlkit.dumps(document)


def _typed(text: str, code: str, kind: str) -> str:
    """With what a document type is; without the question for it."""
    document: Any = tomlkit.parse(
        re.sub(rf'(?m)^# "{re.escape(code)}" = "invoice"\n', "", text) if kind else text
    )
    table: Any = document.get("kinds")
    if kind and table is None:
        table = tomlkit.table()
        document.add("kinds", table)
    if kind and table.get(code) != kind:
        table[code] = kind
    elif not kind and table is not None and code in table:
        del table[code]
    return tomlkit.dumps(document)


def _quoted(value: str | int) -> str:
    return tomlkit.item(value).as_string()
