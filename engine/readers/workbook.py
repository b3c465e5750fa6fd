"""A spreadsheet as its sheets' rows, read without running or trusting anything in it."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from io import BytesIO
from typing import Any

from openpyxl import load_workbook
from openpyxl.cell.read_only import EMPTY_CELL
from openpyxl.styles.numbers import BUILTIN_FORMATS_REVERSE
from openpyxl.utils.cell import range_boundaries

from engine.core.problem import Place, Problem
from engine.readers.numbers import UNSURE, mark_currency
from engine.readers.table import Cell, Marked, Table, cell_text

MOST_UNPACKED = 300 * 1024 * 1024
MOST_PARTS = 2000
MOST_COLUMNS = 256
MOST_ROWS = 600_000
MOST_EMPTY = 10_000  # rows in a row: one stray cell at the foot of a sheet makes a million
# A format's currency, its other brackets, its texts, and bare signs
_SHOWN = re.compile(r'\[\$([^\]-]+)[^\]]*\]|\[[^\]]*\]|"([^"]*)"|([$€£¥₹₺₩₽])')
_MERGED = re.compile(rb'<mergeCell\s[^>]*ref="([A-Z]+[0-9]+:[A-Z]+[0-9]+)"')


def read_xlsx(name: str, data: bytes, *, sheet: str = "") -> tuple[list[Table], list[Problem]]:
    """A table for each visible sheet that has cells, or only the one named."""
    packed = _sizes(name, data)
    if isinstance(packed, Problem):
        return [], [packed]
    try:
        book = load_workbook(BytesIO(data), read_only=True, data_only=True, keep_links=False)
    except MemoryError:  # a limit of this process, which its owner explains
        raise
    except (
        Exception
    ) as error:  # openpyxl raises a dozen kinds for a broken file; all mean the same to the user
        return [], [_broken(name, error)]
    tables: list[Table] = []
    problems: list[Problem] = []
    visible = [page for page in book.worksheets if page.sheet_state == "visible"]
    if sheet and sheet not in [page.title for page in visible]:
        there = ", ".join(f"“{page.title}”" for page in visible)
        return [], [
            Problem(Place(name), f"there is no sheet “{sheet}”", f"the sheets are {there}", "no-sheet")
        ]
    for page in visible:
        if sheet and page.title != sheet:
            continue
        try:
            part = (
                packed.read(getattr(page, "_worksheet_path", "")) if hasattr(page, "_worksheet_path") else b""
            )
            table = _read_page(name, page, part)
            if b"<f" in part:
                problems += _formulas(name, data, table)
        except MemoryError:
            raise
        except Exception as error:
            return [], [_broken(name, error)]
        if isinstance(table, Problem):
            problems.append(table)
        elif table.rows:
            tables.append(table)
    return ([], problems) if problems else (tables, [])


def _sizes(name: str, data: bytes) -> zipfile.ZipFile | Problem:
    """The zip directory says how large the parts become, before anything is unpacked."""
    try:
        packed = zipfile.ZipFile(BytesIO(data))
    except (zipfile.BadZipFile, ValueError, EOFError, OSError) as error:
        return _broken(name, error)
    parts = packed.infolist()
    size = sum(part.file_size for part in parts)
    if len(parts) > MOST_PARTS or size > MOST_UNPACKED:
        return Problem(
            Place(name),
            f"unpacked, this file would be {size // 2**20} MB in {len(parts)} parts; "
            f"the most that is read is {MOST_UNPACKED // 2**20} MB in {MOST_PARTS}",
            "save only the sheet with the open items, or export as CSV",
            "file-too-big",
        )
    return packed


def _broken(name: str, error: Exception) -> Problem:
    return Problem(
        Place(name),
        f"this is not a whole .xlsx file ({type(error).__name__})",
        "save it again in Excel, or export as CSV",
        "cut-file",
    )


def _read_page(name: str, page: Any, part: bytes) -> Table | Problem:
    page.reset_dimensions()  # the file's own claim of its size may be wrong, or an attack
    rows: list[list[Cell]] = []
    lines: list[int] = []
    index: dict[int, int] = {}
    for number, values in enumerate(_values(page), start=1):
        if number > MOST_ROWS or number > (lines[-1] if lines else 0) + MOST_EMPTY:
            return Problem(
                Place(name, number, sheet=page.title),
                f"the sheet goes on after {number:,} rows",
                "delete the empty rows below the list, or export as CSV",
                "file-too-big",
            )
        if not any(value is not None for value in values):
            continue
        cells = [_cell(value) for value in values]
        while cells and cells[-1] == "":
            cells.pop()
        index[number] = len(rows)
        rows.append(cells)
        lines.append(number)
    return Table(name, rows, lines, sheet=page.title, merged=_merged(part, index))


def _values(page: Any) -> Iterator[Sequence[object]]:
    """The values of each row, with what the book's own formats show of a number: a currency, leading zeros."""
    if not any(_mark(text) or _zeros(text) for text in getattr(page.parent, "_number_formats", ())):
        yield from page.iter_rows(max_col=MOST_COLUMNS, values_only=True)
        return
    for cells in page.iter_rows(max_col=MOST_COLUMNS):
        yield [None if cell is EMPTY_CELL else _shown(cell) for cell in cells]


def _shown(cell: Any) -> object:
    value = cell.value
    if not isinstance(value, int | float) or isinstance(value, bool):
        return value
    if mark := _mark(cell.number_format):
        number = Marked(_cell(value))  # type: ignore[arg-type]
        number.mark = mark
        return number
    if (zeros := _zeros(cell.number_format)) and value >= 0 and value == int(value):
        return f"{int(value):0{zeros}d}"
    return value


def _zeros(number_format: str) -> int:
    """How many digits a format of zeros alone shows at least, as one for customers' numbers does; else 0."""
    shown = number_format.partition(";")[0]
    return len(shown) if len(shown) > 1 and not shown.strip("0") else 0


@lru_cache(1000)
def _mark(number_format: str) -> str:
    """The currency that a number format shows: “€” of `[$€-407] #,##0.00`.

    A format of a spreadsheet's own list shows the currency of whoever looks at it, which says nothing.
    """
    if number_format in BUILTIN_FORMATS_REVERSE:
        return ""
    shown = _SHOWN.findall(number_format.partition(";")[0])
    texts = ("".join(parts).strip() for parts in shown)
    return next((text for text in texts if mark_currency(text) or text in UNSURE), "")


def _cell(value: object) -> Cell:
    match value:
        case Decimal():
            return value
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case int():
            return Decimal(value)
        case float():
            # 15 digits are what a spreadsheet keeps; the rest is noise of its binary arithmetic
            shortest = Decimal(f"{value:.15g}")
            return Decimal(int(shortest)) if shortest == int(shortest) else shortest
        case datetime():
            return value.date()
        case date():
            return value
        case time():
            return value.isoformat()
        case _:
            return str(value).strip()


def _merged(part: bytes, index: dict[int, int]) -> tuple[tuple[int, int, int, int], ...]:
    found = []
    for reference in _MERGED.findall(part):
        first_column, first_row, last_column, last_row = range_boundaries(reference.decode())
        assert first_column
        assert first_row
        assert last_row
        assert last_column
        inside = [
            index[row] for row in range(first_row, min(last_row, first_row + 10_000) + 1) if row in index
        ]
        if inside:
            found.append((inside[0], first_column - 1, inside[-1], last_column - 1))
    return tuple(found)


def _formulas(name: str, data: bytes, table: Table | Problem) -> list[Problem]:
    """Formulas that were never calculated: their cells look empty, which is not the same as nothing owed."""
    if isinstance(table, Problem):
        return []
    book = load_workbook(BytesIO(data), read_only=True, data_only=False, keep_links=False)
    page: Any = book[table.sheet]
    page.reset_dimensions()
    at = {line: row for row, line in enumerate(table.lines)}
    empty: list[tuple[int, int, str]] = []
    for number, cells in enumerate(page.iter_rows(max_col=MOST_COLUMNS), start=1):
        for cell in cells:
            if cell.data_type == "f":
                row = at.get(number)
                if row is None or cell_text(table.cell(row, cell.column - 1)) == "":
                    empty.append((number, cell.column, cell.coordinate))
    if not empty:
        return []
    line, column, first = empty[0]
    more = f" and {len(empty) - 1} more" if len(empty) > 1 else ""
    return [
        Problem(
            Place(name, line, column, column + 1, table.sheet),
            f"cell {first}{more}: a formula without a calculated value",
            "open the file in Excel and save it, or copy the column and paste it as values",
            "formula",
        )
    ]
