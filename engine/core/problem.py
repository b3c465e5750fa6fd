"""A user's mistake: where it is, what is wrong in one plain sentence, and what to write instead."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something was written. Lines and columns count from 1; `end` is one past the last column.

    In a spreadsheet `sheet` names the sheet, `line` is the row and `column` the column as a number. Line 0 is no line: what
    is built in has a name and no file.
    """

    file: str
    line: int = 1
    column: int = 1
    end: int = 0
    sheet: str = ""

    def __str__(self) -> str:
        if self.sheet:
            return f"{self.file}, sheet {self.sheet}, row {self.line}, column {self.column}"
        if not self.line:
            return self.file
        return f"{self.file}:{self.line}:{self.column}"


class Severity(StrEnum):
    """An error changes nothing in what is live; a warning does not stop (`--strict` makes it an error)."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake.

    `code` is a stable short name (`unknown-word`) for tests, editors and `--json`; `also` is the second place
    where a mistake has two; `line` is the text of the line at `place`, so that a screen can draw the caret.
    """

    place: Place
    sentence: str
    suggestion: str
    code: str
    severity: Severity = Severity.ERROR
    line: str = ""
    also: Place | None = None


def problem_text(problem: Problem) -> str:
    """A problem as a person reads it: place and sentence, the line, a caret, the suggestion.

    A long line is shown around the caret; a character that a terminal would obey is shown as “·”.
    """
    place = problem.place
    kind = "" if problem.severity is Severity.ERROR else "warning: "
    out = [f"{place}: {kind}{problem.sentence}", ""]
    if problem.line.strip():
        first = max(0, place.column - 81)
        shown = problem.line[first : first + 120].rstrip()
        shown = "".join(mark if mark.isprintable() else ("→" if mark == "\t" else "·") for mark in shown)
        lead = _width(shown[: place.column - 1 - first])
        carets = max(
            1, _width(shown[place.column - 1 - first : max(place.end, place.column + 1) - 1 - first])
        )
        out += [f"{place.line:>5} | {shown}", f"{'':>5} | {' ' * lead}{'^' * carets}"]
    out += [f"  {line}" for line in problem.suggestion.splitlines()]
    return "\n".join(out) + "\n"


def _width(text: str) -> int:
    """Columns the text takes in a terminal."""
    wide = sum(unicodedata.east_asian_width(mark) in "WF" for mark in text)
    return len(text) + wide - sum(1 for mark in text if unicodedata.combining(mark))
