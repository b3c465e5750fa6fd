"""The text of `dunwell.toml`, and where every setting stands in it, so that a problem can point there."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator
from typing import Any

from engine.core.problem import Place, Problem, Severity
from engine.settings.shape import PREFIX

FILE = "dunwell.toml"
_LARGEST = 1_000_000  # bytes


def parse(raw: bytes) -> tuple[dict[str, Any], str, tuple[Problem, ...]]:
    if len(raw) > _LARGEST:
        return {}, "", (Problem(Place(FILE), "is larger than 1 MB", "keep settings only", "too-large"),)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        return {}, "", (Problem(Place(FILE, line), "is not UTF-8 text", "save it as UTF-8", "not-utf8"),)
    try:
        return tomllib.loads(text), text, ()
    except tomllib.TOMLDecodeError as error:
        lines = text.splitlines() or [""]
        at = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        line, column = (int(at[1]), int(at[2])) if at else (len(lines), 1)
        what = re.sub(r" \(at .*\)$", "", str(error))
        sentence = f"this is not TOML: {what[:1].lower()}{what[1:]}"
        help = "text stands in quotation marks, a list in brackets, and each setting once"
        shown = lines[line - 1] if line <= len(lines) else ""
        return {}, text, (Problem(Place(FILE, line, column), sentence, help, "not-toml", line=shown),)


class Source:
    """The text of `dunwell.toml`, to say where a setting was written."""

    def __init__(self, text: str) -> None:
        self.lines = text.splitlines()
        self.places = dict(reversed(list(_written(self.lines))))

    def place(self, path: tuple[str, ...]) -> Place:
        """Of the setting, or of the nearest thing around it that was written."""
        variable = PREFIX + "__".join(path).upper()
        if any(name.upper() == variable for name in os.environ):
            return Place(f"environment, {variable}")
        while path and path not in self.places:
            path = path[:-1]
        line, column, end = self.places.get(path, (1, 1, 0))
        return Place(FILE, line, column, end)

    def problem(
        self,
        path: tuple[str, ...],
        sentence: str,
        suggestion: str,
        code: str,
        severity: Severity = Severity.ERROR,
    ) -> Problem:
        place = self.place(path)
        line = self.lines[place.line - 1] if place.file == FILE and place.line <= len(self.lines) else ""
        return Problem(place, sentence, suggestion, code, severity, line)


def _written(lines: list[str]) -> Iterator[tuple[tuple[str, ...], tuple[int, int, int]]]:
    table: tuple[str, ...] = ()
    for number, line in enumerate(lines, 1):
        header = re.match(r"\s*\[\[?(?P<key>[^\[\]]+)\]", line)
        match = header or re.match(r"\s*(?P<key>(\"[^\"]*\"|'[^']*'|[\w-]+|[.\s])+?)\s*=", line)
        if match is None:
            continue
        path = tuple(part.strip("\"'") for part in re.findall(r"\"[^\"]*\"|'[^']*'|[\w-]+", match["key"]))
        table = path if header else table
        whole = path if header else table + path
        for depth in range(1, len(whole) + 1):
            yield whole[:depth], (number, match.start("key") + 1, match.end("key") + 1)
