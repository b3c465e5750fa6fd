"""Problems as a person, a program and a code host read them: all at once, each with a way out."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from engine.core.problem import Problem, Severity, problem_text
from engine.screen.written import count, listed


def problems_drawn(problems: Sequence[Problem]) -> Text:
    """Every problem with its line, caret and suggestion, then how many there are."""
    out = Text()
    for problem in problems:
        out.append(_drawn(problem)).append("\n")
    if problems:
        out.append(tally(problems), "bold red" if _errors(problems) else "bold yellow")
    return out


def warnings_drawn(problems: Sequence[Problem]) -> Text:
    """A line each, where nothing has to be done at once."""
    out = Text(f"  {tally(problems)}", "yellow")
    for problem in problems:
        out.append(f"\n    {problem.place}: {problem.sentence}; {problem.suggestion}", "dim")
    return out


def _drawn(problem: Problem) -> Text:
    style = "red" if problem.severity is Severity.ERROR else "yellow"
    text = Text(problem_text(problem))
    place = len(str(problem.place))
    text.stylize("bold", 0, text.plain.index("\n"))
    text.stylize("cyan", 0, place)
    start = 0
    for line in text.plain.splitlines(keepends=True):
        if line.startswith("      | ") and set(line.strip(" |\n")) == {"^"}:
            text.stylize(f"bold {style}", start + 7, start + len(line))
        start += len(line)
    return text


def tally(problems: Sequence[Problem]) -> str:
    """`2 problems and 1 warning in 2 files.`"""
    errors = _errors(problems)
    parts = [count(errors, "problem")] if errors else []
    if warnings := len(problems) - errors:
        parts.append(count(warnings, "warning"))
    files = len({problem.place.file for problem in problems})
    return f"{listed(parts)} in {count(files, 'file')}."


def _errors(problems: Sequence[Problem]) -> int:
    return sum(problem.severity is Severity.ERROR for problem in problems)


def problem_value(problem: Problem) -> dict[str, object]:
    """A problem for `--json`: keys are stable."""
    place, also = problem.place, problem.also
    value: dict[str, object] = {
        "file": place.file,
        "line": place.line,
        "column": place.column,
        "end": place.end,
        "severity": problem.severity.value,
        "code": problem.code,
        "sentence": problem.sentence,
        "suggestion": problem.suggestion,
        "text": problem.line,
    }
    if place.sheet:
        value["sheet"] = place.sheet
    if also:
        value["also"] = {"file": also.file, "line": also.line, "column": also.column}
    return value


def github_line(kind: str, file: str, line: int, column: int, title: str, message: str, end: int = 0) -> str:
    """One annotation of a code host's log: shown beside the line in a review."""
    places = {"file": file, "line": line, "col": column, "title": title}
    if end > column:
        places["endColumn"] = end
    shown = ",".join(f"{key}={_escaped(str(value), ':,')}" for key, value in places.items())
    return f"::{kind} {shown}::{_escaped(message)}"


def problem_github(problem: Problem) -> str:
    place = problem.place
    message = f"{problem.sentence}\n{problem.suggestion}"
    return github_line(
        problem.severity.value, place.file, place.line, place.column, problem.code, message, place.end
    )


def _escaped(text: str, more: str = "") -> str:
    """Percent-escapes as the log format wants them."""
    for mark in "%\r\n" + more:
        text = text.replace(mark, f"%{ord(mark):02X}")
    return text
