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


def with_item(text: str, way: Way, item: str, before: str = "") -> str:
    """The file with one more word in a list, before another or at its end; nothing else is changed.

    Raises CannotEdit where there is no such list, or it is empty.
    """
    items = _items(text, way)
    if not items:
        raise CannotEdit("there is no list of that name")
    bom = "\ufeff" if text.startswith("\ufeff") else ""
    bare = text.removeprefix("\ufeff")
    near = next((each for each in items if each.value == before), None)
    at = near or items[-1]
    start = _offset(bare, at.place.line)
    row = bare[start:].split("\n")[0]
    lead = row[: at.place.column - 1]
    if lead.strip() == "-":  # a dash a line
        ending = "\r\n" if row.endswith("\r") else "\n"
        here = start if near else min(start + len(row) + 1, len(bare))
        head = "" if near or bare[:here].endswith("\n") else ending
        after = f"{bare[:here]}{head}{lead}{written(item)}{ending}{bare[here:]}"
    else:
        here = start + (at.place.column if near else at.place.end) - 1
        piece = f"{written(item)}, " if near else f", {written(item)}"
        after = bare[:here] + piece + bare[here:]
    values = [each.value for each in items]
    values.insert(items.index(near) if near else len(items), item)
    if [each.value for each in _items(after, way)] != values:
        raise CannotEdit("this list cannot be changed here")
    return bom + after


def without_item(text: str, way: Way, item: str) -> str:
    """The file with one word less in a list; nothing else is changed. As it is where the list has no such word.

    Raises CannotEdit where it would leave the list empty.
    """
    items = _items(text, way)
    near = next((each for each in items if each.value == item), None)
    if near is None:
        return text
    if len(items) == 1:
        raise CannotEdit("the list would be empty")
    bom = "\ufeff" if text.startswith("\ufeff") else ""
    bare = text.removeprefix("\ufeff")
    start = _offset(bare, near.place.line)
    row = bare[start:].split("\n")[0]
    if row[: near.place.column - 1].strip() == "-":  # a dash a line
        after = bare[:start] + bare[start + len(row) + 1 :]
    else:
        first, last = start + near.place.column - 1, start + near.place.end - 1
        at = items.index(near)
        comma = re.compile(r"\s*,\s*")
        if at + 1 < len(items) and (gap := comma.match(bare, last)):
            last = gap.end()
        elif at and (gap := re.search(r"\s*,\s*$", bare[:first])):
            first = gap.start()
        after = bare[:first] + bare[last:]
    if [each.value for each in _items(after, way)] != [each.value for each in items if each is not near]:
        raise CannotEdit("this list cannot be changed here")
    return bom + after


def _items(text: str, way: Way) -> list[Text]:
    """The words of a list; none where there is no such list."""
    found: Node | None = source.read("", text.encode()).root
    for part in way:
        line = found.get(part) if isinstance(found, Block) and isinstance(part, str) else None
        found = line.value if line else None
    return [each for each in found.items if isinstance(each, Text)] if isinstance(found, Listing) else []


def written(value: str) -> str:
    """A value for a new line: bare where it is read again as it is, else in quotes."""
    for told in (value, _quoted(value)):
        again = value_at(source.read("", f"- {told}\n".encode()).root, (0,))
        flow = value_at(source.read("", f"[{told}, x]\n".encode()).root, (0,))
        if again is not None and flow is not None and again.value == flow.value == value:
            return told
    return _quoted(value)


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
