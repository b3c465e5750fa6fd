"""An export opened: its cells as they were written, each with its place, nothing interpreted yet.

`read_tables` gives one table for a CSV file and one a visible sheet for a spreadsheet. Text cells are text; a
spreadsheet's own numbers and dates stay what they are, because there nobody needs to guess a format.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from io import BytesIO

from engine.core.problem import Place, Problem, Severity

Cell = str | Decimal | date


class Marked(Decimal):
    """A spreadsheet's number whose format shows a currency."""

    mark: str = ""


MOST_BYTES = 200 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of one sheet or file.

    `lines` gives the line (CSV) or row (spreadsheet) on which each row begins; `source` the lines of text
    of a
    CSV file; `merged` the merged ranges as row, column, row, column from 0, indices into `rows`; `ended`
    is false
    where a CSV file stops without an end of line.
    """

    file: str
    rows: Sequence[Sequence[Cell]]
    lines: Sequence[int]
    sheet: str = ""
    separator: str = ""
    encoding: str = ""
    source: Sequence[str] = field(default=(), repr=False)
    merged: Sequence[tuple[int, int, int, int]] = ()
    ended: bool = True

    def cell(self, row: int, column: int) -> Cell:
        """The cell, or empty text where the row is shorter."""
        cells = self.rows[row]
        return cells[column] if 0 <= column < len(cells) else ""

    def column(self, rows: Sequence[int], column: int) -> list[Cell]:
        """One column's cells of some rows."""
        return [cells[column] if column < len(cells := self.rows[row]) else "" for row in rows]

    def place(self, row: int, column: int = 0) -> Place:
        line = self.lines[row]
        if not self.separator:
            return Place(self.file, line, column + 1, column + 2, self.sheet)
        start, end = cell_span(self.source[line - 1], self.separator, column)
        return Place(self.file, line, start + 1, end + 1)

    def line(self, row: int) -> str:
        """The text of the line a row begins on, for the caret; empty for a spreadsheet."""
        return self.source[self.lines[row] - 1].rstrip("\r\n") if self.separator else ""

    def problem(
        self,
        row: int,
        column: int,
        code: str,
        sentence: str,
        suggestion: str,
        *,
        severity: Severity = Severity.ERROR,
        also: Place | None = None,
    ) -> Problem:
        place = self.place(row, column)
        return Problem(place, sentence, suggestion, code, severity, self.line(row), also)


def cell_span(line: str, separator: str, column: int) -> tuple[int, int]:
    """First character of a cell and one past its last; the line's end where it has fewer cells."""
    start = 0
    quoted = False
    seen = 0
    text = line.rstrip("\r\n")
    for at, character in enumerate(text):
        if character == '"':
            quoted = not quoted
        elif character == separator and not quoted:
            if seen == column:
                return start, at
            seen += 1
            start = at + 1
    return (start, len(text)) if seen == column else (len(text), len(text))


def cell_text(cell: Cell) -> str:
    """A cell as text: whole numbers without a decimal point, dates as 2026-03-31."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    return cell.isoformat()


def read_tables(
    name: str, data: bytes, *, encoding: str = "", separator: str = "", sheet: str = ""
) -> tuple[list[Table], list[Problem]]:
    """All tables of a file. CSV (also `.gz`) and XLSX; any problem leaves the tables empty."""
    from engine.readers.plain import read_csv

    if data[:2] == b"\x1f\x8b":
        unpacked = _unpack(data)
        if isinstance(unpacked, str):
            return [], [Problem(Place(name), unpacked, "export the file again", "cut-file")]
        data = unpacked
    if len(data) > MOST_BYTES:
        return [], [
            Problem(
                Place(name),
                f"the file is {len(data) // 2**20} MB; the most that is read is {MOST_BYTES // 2**20} MB",
                "export open items only, or one company at a time",
                "file-too-big",
            )
        ]
    if not data.strip():
        return [], [Problem(Place(name), "the file is empty", "export it again", "empty-file")]
    if data[:4] == b"PK\x03\x04":
        from engine.readers.workbook import read_xlsx

        return read_xlsx(name, data, sheet=sheet)
    if data[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        return [], [
            Problem(
                Place(name),
                "this is an old or password-protected Excel file",
                "open it in Excel and save it as “Excel Workbook (.xlsx)”, without a password",
                "old-excel",
            )
        ]
    return read_csv(name, data, encoding=encoding, separator=separator)


def _unpack(data: bytes) -> bytes | str:
    try:
        with gzip.open(BytesIO(data)) as packed:
            unpacked = packed.read(MOST_BYTES + 1)
    except (EOFError, OSError, zlib.error):
        return "the packed file is cut or damaged"
    if len(unpacked) > MOST_BYTES:
        return f"unpacked, the file is larger than {MOST_BYTES // 2**20} MB"
    return unpacked
