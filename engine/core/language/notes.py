"""The problems of one file, gathered while it is read, each with the text of its line."""

from __future__ import annotations

import re

from engine.core.problem import Place, Problem, Severity

MOST_PROBLEMS = 200
BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


class Notes:
    """The problems found in one file, with the text of their lines. It lives while the file is being read."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.lines = BREAK.split(text)
        self.problems: list[Problem] = []
        self._unshown = 0

    def error(
        self, place: Place, sentence: str, suggestion: str, code: str, also: Place | None = None
    ) -> None:
        self._add(place, sentence, suggestion, code, Severity.ERROR, also)

    def warn(
        self, place: Place, sentence: str, suggestion: str, code: str, also: Place | None = None
    ) -> None:
        self._add(place, sentence, suggestion, code, Severity.WARNING, also)

    def line(self, number: int) -> str:
        """The text of a line, counted from 1; the parser may speak of one past the last."""
        return self.lines[number - 1] if number <= len(self.lines) else ""

    @property
    def failed(self) -> bool:
        return any(problem.severity is Severity.ERROR for problem in self.problems)

    def _add(
        self, place: Place, sentence: str, suggestion: str, code: str, severity: Severity, also: Place | None
    ) -> None:
        if len(self.problems) >= MOST_PROBLEMS:  # a file that is something else altogether
            if not self._unshown:
                self.problems.append(
                    Problem(place, "this file has more problems than these", "mend these first", "more")
                )
            self._unshown += 1
            return
        line = self.line(place.line) if place.file == self.file else ""
        self.problems.append(Problem(place, sentence, suggestion, code, severity, line, also))


def short(text: str, most: int = 60) -> str:
    """A text for a sentence: on one line, and cut where it is long."""
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 1] + "…"
