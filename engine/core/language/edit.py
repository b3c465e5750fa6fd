"""One value of a file is written anew: what stands around it, comments and layout, stays as it is."""

from __future__ import annotations

import re
from collections.abc import Sequence

from engine.core.language import source
from engine.core.language.notes import BREAK
from engine.core.language.source import Block, Listing, Node, Text
from engine.core.problem import Place

Way = Sequence[str | int]  # words, and the numbers of dashes from 0: ("steps", 2, "day")


class CannotEdit(Exception):
    """The value has to be edited in the text. `sentence` says why."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def value_at(root: Node | None, way: Way) -> Text | None:
    """The text at the end of a way through the file; None where there is none."""
    for part in way:
        if isinstance(part, str) and isinstance(root, Block):
            line = root.get(part)
            root = line.value if line else None
        elif isinstance(part, int) and isinstance(root, Listing) and 0 <= part < len(root.items):
            root = root.items[part]
        else:
            return None
    return root if isinstance(root, Text) else None


def step_ways(root: Node | None) -> dict[Place, Way]:
    """The way to each step of a policy, by the place that the step has."""
    line = root.get("steps") if isinstance(root, Block) else None
    steps = line.value.items if line and isinstance(line.value, Listing) else ()
    return {step.place: ("steps", number) for number, step in enumerate(steps)}


def with_value(text: str, way: Way, value: str) -> str:
    """The file with `value` in place of what stands there, and nothing else changed.

    Raises CannotEdit for a value over several lines, and where there is no such value.
    """
    root = source.read("", text.encode()).root
    found = value_at(root, way)
    if found is None:
        raise CannotEdit("there is no such value in the file any more")
    bom = "\ufeff" if text.startswith("\ufeff") else ""
    bare = text.removeprefix("\ufeff")
    start = _offset(bare, found.place.line) + found.place.column - 1
    if found.style in ("|", ">"):
        raise CannotEdit("this value has several lines")
    end = _offset(bare, found.place.line) + found.place.end - 1
    if not found.value and not found.style:
        end = start
    for written in (_written(value, found.style), _quoted(value)):
        before = " " if bare[start - 1 : start] == ":" else ""
        after = f"{bare[:start]}{before}{written}{bare[end:]}"
        again = source.read("", after.encode())
        now = value_at(again.root, way)
        if now is not None and now.value == value and _others(root, way) == _others(again.root, way):
            return bom + after
    raise CannotEdit("this value has several lines")


def _offset(text: str, line: int) -> int:
    """Where a line begins, counted from 1."""
    at = 0
    for _ in range(line - 1):
        found = BREAK.search(text, at)
        if found is None:
            return len(text)
        at = found.end()
    return at


def _written(value: str, style: str) -> str:
    """As the value that stood there was quoted, or bare."""
    if style == '"':
        return _quoted(value)
    if style == "'":
        return "'" + value.replace("'", "''") + "'"
    return value


def _quoted(value: str) -> str:
    return '"' + re.sub(r'(["\\])', r"\\\1", value) + '"'


def _others(root: Node | None, way: Way) -> object:
    """All that the file says, but for the value at the end of the way."""

    def said(node: Node | None, at: tuple[str | int, ...]) -> object:
        if at == tuple(way):
            return None
        if isinstance(node, Text):
            return node.value
        if isinstance(node, Block):
            return [(line.key.value, said(line.value, (*at, line.key.value))) for line in node.lines]
        if isinstance(node, Listing):
            return [said(item, (*at, number)) for number, item in enumerate(node.items)]
        return None

    return said(root, ())
