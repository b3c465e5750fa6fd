"""A user's mistake: where it is, what is wrong in one plain sentence, and what to write instead."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something was written. Lines and columns count from 1; `end` is one past the last column.

    In a spreadsheet `sheet` names the sheet, `line` is the row and `column` the column as a number.
    """

    file: str
    line: int = 1
    column: int = 1
    end: int = 0
    sheet: str = ""

    def __str__(self) -> str:
        if self.sheet:
            return f"{self.file}, sheet {self.sheet}, row {self.line}, column {self.column}"
        return f"{self.file}:{self.line}:{self.column}"


class Severity(StrEnum):
    """An error changes nothing in what is live; a warning is shown and does not stop (`--strict` makes it one)."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake.

    `code` is a stable short name (`unknown-word`) for tests, editors and `--json`; `also` is the second place where a
    mistake has two; `line` is the text of the line at `place`, so that a screen can draw the caret.
    """

    place: Place
    sentence: str
    suggestion: str
    code: str
    severity: Severity = Severity.ERROR
    line: str = ""
    also: Place | None = None
