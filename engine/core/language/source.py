"""A file becomes a tree of texts, each with its place; nothing is guessed, and every trap has its hint."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from engine.core.language.notes import BREAK
from engine.core.language.notes import Notes as Notes
from engine.core.language.notes import short as short
from engine.core.language.traps import explain_error, say_placeholder
from engine.core.problem import Place, Problem
from engine.core.problem import problem_text as problem_text

MOST_BYTES = 1_000_000
MOST_NODES = 60_000
DEEPEST = 20

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_UNWRITABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


REFUSED = "refused"  # the style of a text of which something wrong has been said already


@dataclass(frozen=True, slots=True)
class Text:
    """A scalar as it was written: `12:30` is `12:30`; an empty value is the empty text, `style` its quote."""

    value: str
    place: Place
    style: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A word and what stands behind it."""

    key: Text
    value: Node


@dataclass(frozen=True, slots=True)
class Block:
    """Lines under one another, or in braces."""

    lines: tuple[Line, ...]
    place: Place

    def get(self, word: str) -> Line | None:
        return next((line for line in self.lines if line.key.value == word), None)


@dataclass(frozen=True, slots=True)
class Listing:
    """Dashes, or a list in brackets."""

    items: tuple[Node, ...]
    place: Place


Node = Text | Block | Listing


@dataclass(frozen=True, slots=True)
class Source:
    """One file, read. `root` is None if an error leaves no tree; `notes` go on collecting problems."""

    file: str
    text: str
    root: Node | None
    notes: Notes


def read(file: str, data: bytes) -> Source:
    """Any bytes in, a tree or problems out. `file` is the path that problems show."""
    text = data.decode("utf-8-sig", errors="replace")
    if len(data) > MOST_BYTES:
        notes = Notes(file, "")
        notes.error(
            Place(file),
            f"this file has {len(data):,} bytes; a policy file has at most {MOST_BYTES:,}",
            "split it, or is it another file?",
            "too-large",
        )
        return Source(file, "", None, notes)
    notes = Notes(file, text)
    if _undecodable(data, notes):
        return Source(file, text, None, notes)
    if bad := _UNWRITABLE.search(text):
        place = _place_at(notes, text, bad.start())
        notes.error(
            place,
            f"this character (code {ord(bad[0])}) cannot stand in a text file",
            "delete it",
            "control-character",
        )
        return Source(file, text, None, notes)
    root: Node | None = None
    try:
        root = _Builder(notes, text).build()
    except yaml.MarkedYAMLError as error:
        explain_error(error, notes)
    except (yaml.YAMLError, ValueError) as error:  # ValueError: an escape that is no character
        notes.error(
            Place(file), "this file cannot be read as YAML", str(error).splitlines()[0][:200], "unreadable"
        )
    return Source(file, text, root, notes)


def _undecodable(data: bytes, notes: Notes) -> bool:
    wide = data[:2] in (b"\xff\xfe", b"\xfe\xff") or (len(data) > 3 and data[:4].count(0) >= 2)
    if wide:
        notes.error(Place(notes.file), "this file is saved as UTF-16", "save it as UTF-8", "encoding")
        notes.problems[-1:] = [
            Problem(Place(notes.file), "this file is saved as UTF-16", "save it as UTF-8", "encoding")
        ]
        return True
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        place = _place_at(notes, "", 0, data[: error.start].decode("utf-8-sig", errors="replace"))
        notes.error(
            place,
            f"this file is not saved as UTF-8: byte {data[error.start]:#04x} here is no letter",
            "save it again with the encoding UTF-8",
            "encoding",
        )
        return True
    return False


def _place_at(notes: Notes, text: str, index: int, before: str | None = None) -> Place:
    lines = BREAK.split(text[:index] if before is None else before)
    column = len(lines[-1]) + 1
    return Place(notes.file, len(lines), column, column + 1)


class _Builder:
    """Builds the tree from the parser's events: depth, aliases and tags are seen before any expansion."""

    def __init__(self, notes: Notes, text: str) -> None:
        self.notes = notes
        self.text = text
        self.nodes = 0

    def build(self) -> Node | None:
        events = yaml.parse(self.text, Loader=_LOADER)
        root: Node | None = None
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                if event.version or event.tags:
                    self.notes.error(
                        self._place(event),
                        "a line that begins with “%” is not used here",
                        "delete it",
                        "directive",
                    )
                if root is not None:
                    self.notes.error(
                        self._place(event),
                        "“---” begins a second document",
                        "put each policy into its own file",
                        "second-document",
                    )
                    return root
                root = self._node(next(events), events, 0)
                if root is None:
                    return None
        return root

    def _place(self, event: yaml.Event) -> Place:
        start, end = event.start_mark, event.end_mark
        assert start is not None
        assert end is not None  # only events made by hand have no marks
        column = start.column + 1
        stop = end.column + 1 if end.line == start.line else column
        if end.line > start.line:
            stop = len(self.notes.line(start.line + 1).rstrip()) + 1
        if not isinstance(event, yaml.ScalarEvent):
            stop = column + 1
        return Place(self.notes.file, start.line + 1, column, max(stop, column + 1))

    def _node(self, event: yaml.Event, events: Iterator[yaml.Event], depth: int) -> Node | None:
        """None ends the reading: the problem is already noted."""
        place = self._place(event)
        self.nodes += 1
        if depth > DEEPEST:
            self.notes.error(
                place, f"this is nested more than {DEEPEST} deep", "write it flatter", "too-deep"
            )
            return None
        if self.nodes > MOST_NODES:
            self.notes.error(
                place,
                "this file has far more in it than a policy",
                "split it, or is it another file?",
                "too-large",
            )
            return None
        if isinstance(event, yaml.AliasEvent):
            self.notes.error(
                place,
                f"“*{short(event.anchor or '')}” repeats another part of the file, which policies cannot",
                "write the words out here",
                "alias",
            )
            return Text("", place, REFUSED)
        self._refuse_marks(event, place)
        if isinstance(event, yaml.ScalarEvent):
            return self._text(event, place)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._listing(place, bool(event.flow_style), events, depth)
        assert isinstance(event, yaml.MappingStartEvent)
        return self._block(place, bool(event.flow_style), events, depth)

    def _refuse_marks(self, event: yaml.Event, place: Place) -> None:
        tag, anchor = getattr(event, "tag", None), getattr(event, "anchor", None)
        if anchor is not None:
            self.notes.error(
                place,
                f"“&{short(anchor)}” gives this part a name to be repeated, which policies cannot",
                f"delete “&{short(anchor)}”; if it is text, put it in quotes",
                "anchor",
            )
        if tag is not None:
            sign = tag.removeprefix("tag:yaml.org,2002:")
            if tag.startswith("!"):
                value = getattr(event, "value", "") or tag.lstrip("!=") or "open"
                self.notes.error(
                    place,
                    "a value cannot begin with “!”",
                    f"write  not {short(value.lstrip('= '))}",
                    "sign-not",
                )
            else:
                self.notes.error(
                    place, f"“!!{short(sign)}” is a type, and policies need none", "delete it", "tag"
                )

    def _text(self, event: yaml.ScalarEvent, place: Place) -> Text:
        style = (event.style or "").strip() if event.style in ("'", '"', "|", ">") else ""
        written = self.notes.line(place.line)[place.column - 1 :]
        if (
            style == ">"
            and (sign := re.match(r">=?\s*([0-9].*)?", written))
            and written[1:2] not in ("", " ", "-", "+")
        ):
            self.notes.error(place, "YAML keeps “>” for itself", f"write  over {sign[1] or '500'}", "sign")
        if _UNWRITABLE.search(event.value):
            self.notes.error(
                place, "this text holds a character that cannot be shown", "delete it", "control-character"
            )
        return Text(event.value, place, style)

    def _listing(self, place: Place, flow: bool, events: Iterator[yaml.Event], depth: int) -> Node | None:
        items: list[Node] = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            node = self._node(event, events, depth + 1)
            if node is None:
                return None
            if flow and items and isinstance(node, Text) and self._splits_number(items[-1], node):
                items[-1] = self._say_comma(items[-1], node)
                continue
            items.append(node)
        return Listing(tuple(items), place)

    def _block(self, place: Place, flow: bool, events: Iterator[yaml.Event], depth: int) -> Node | None:
        lines: list[Line] = []
        placeholder = False
        seen: dict[str, Place] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            key = self._node(event, events, depth + 1)
            if key is None:
                return None
            value = self._node(next(events), events, depth + 1)
            if value is None:
                return None
            if not isinstance(key, Text):
                if self._say_key(key):
                    lines, placeholder = [], True
                continue
            if flow and lines and self._splits_number(lines[-1].value, key):
                lines[-1] = Line(lines[-1].key, self._say_comma(lines[-1].value, key))
                continue
            if key.value == "<<":
                self.notes.error(
                    key.place,
                    "“<<” copies another part of the file, which policies cannot",
                    "write the words out here",
                    "merge",
                )
            elif key.style == REFUSED:
                pass  # said already
            elif first := seen.get(key.value):
                self.notes.error(
                    key.place,
                    f"“{short(key.value)}” is written twice here",
                    f"the first is on line {first.line}; keep one of them",
                    "duplicate",
                    also=first,
                )
            else:
                seen[key.value] = key.place
                lines.append(Line(key, value))
        return Text("", place, REFUSED) if placeholder else Block(tuple(lines), place)

    def _splits_number(self, before: Node, after: Text) -> bool:
        """Whether the comma between the two stood in a number: `{balance: over 1,000}`."""
        place = after.place
        return (
            isinstance(before, Text)
            and before.style in ("", REFUSED)
            and not after.style
            and re.search(r"[0-9]$", before.value) is not None
            and re.match(r"[0-9]{3}(?![0-9])", after.value) is not None
            and self.notes.line(place.line)[place.column - 2 : place.column - 1] == ","
        )

    def _say_comma(self, before: Node, after: Text) -> Text:
        assert isinstance(before, Text)
        if before.style == REFUSED:  # a second comma: `between 1,000 and 5,000`
            self.notes.problems.pop()
        whole = f"{before.value},{after.value}"
        place = Place(before.place.file, before.place.line, before.place.column, after.place.end)
        without = re.sub(r"(?<=[0-9]),(?=[0-9])", "", whole)
        self.notes.error(
            place,
            "inside braces and brackets a comma separates, so this number is cut in two",
            f'write  {without}  or put it in quotes:  "{whole}"',
            "comma-in-number",
        )
        return Text(whole, place, REFUSED)

    def _say_key(self, key: Node) -> bool:
        """A key that is no text; True if it is a placeholder, which is no key at all."""
        line = self.notes.line(key.place.line)
        if "{{" not in line[max(0, key.place.column - 3) : key.place.column + 2]:
            self.notes.error(
                key.place, "a word must stand before the colon, not a list", "write  word: value", "key"
            )
            return False
        if not any(problem.code == "placeholder" for problem in self.notes.problems[-1:]):
            at = line.index("{{") + 1
            say_placeholder(Place(self.notes.file, key.place.line, at, at + 2), self.notes)
        return True


def plain(node: Node) -> object:
    """The tree without places: texts, lists and dictionaries."""
    match node:
        case Text():
            return node.value
        case Listing():
            return [plain(item) for item in node.items]
        case Block():
            return {line.key.value: plain(line.value) for line in node.lines}


def written(node: Node) -> str:
    """A value as it was written, on one line: `[trade, retail]`."""
    match node:
        case Text():
            return node.value
        case Listing():
            return "[" + ", ".join(written(item) for item in node.items) + "]"
        case Block():
            return "{" + ", ".join(f"{line.key.value}: {written(line.value)}" for line in node.lines) + "}"
