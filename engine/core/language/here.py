"""What may stand where somebody is writing: the word they are at, in a sentence, and the words that fit there.

It is asked while a file is half written, so it goes by the indentation of the lines and not by a parsed tree. What may stand
where is said by the JSON Schema of the file, which has its words and sentences from the data dictionary.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.core.language.words import WORDS, Where

_LINE = re.compile(r"(?P<indent> *)(?P<dashes>(?:- +|-$)*)(?P<rest>.*)")
_KEY = re.compile(r"(?P<key>[^:#\[\]{},\"']+?)(?P<colon>\s*:(?:\s+|$))(?P<value>.*)")
_PLAIN = (
    Where.CLOCK,
    Where.EVENT,
    Where.TO,
    Where.ANSWER,
)  # words that stand as values, with a sentence of their own

Node = Mapping[str, Any]
Step = str | None  # a word, or None for a dash


@dataclass(frozen=True, slots=True)
class Offer:
    """A word that fits. `insert` is what to put in place of the columns from `start` to before `end`."""

    word: str
    sentence: str
    insert: str


@dataclass(frozen=True, slots=True)
class Here:
    """Where the cursor is: the word and what it means; what fits in place of the columns `start` to before `end`, from 1."""

    word: str
    sentence: str
    offers: tuple[Offer, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _At:
    """The way to a place: `way` to the block, `key` the word on the line (empty: none yet), `value` whether behind it."""

    way: tuple[Step, ...]
    key: str
    value: bool
    start: int
    end: int
    typed: str


def here(text: str, line: int, column: int, schema: Node) -> Here:
    """What to say of a place in a text, counted from 1. Never raises, whatever is written."""
    lines = text.split("\n")
    if not 1 <= line <= len(lines) or lines[line - 1].lstrip().startswith("#"):
        return Here("", "", (), column, column)
    at = _at(lines, line, max(1, min(column, len(lines[line - 1]) + 1)))
    blocks = list(_walk([schema], at.way))
    of_word = list(_walk(blocks, (at.key,))) if at.key else blocks if at.value else []
    if at.value:
        offers = _values(of_word, at.typed)
        word = at.typed.strip().lower()
        sentence = next((one.sentence for one in WORDS if one.where in _PLAIN and one.name == word), "")
        said = _description(of_word)
        return Here(
            at.key,
            " ".join(filter(None, [said, f"“{word}”: {sentence}" if sentence else ""])),
            offers,
            at.start,
            at.end,
        )
    taken = _siblings(lines, line)
    words = {name: node for block in blocks for name, node in _properties(block)}
    colon = "" if lines[line - 1][at.end - 1 :].lstrip().startswith(":") else ": "
    offers = tuple(
        Offer(name, _description([node]), f"{name}{colon}")
        for name, node in words.items()
        if name not in taken or name == at.key
    )
    return Here(at.key, _description(of_word), _near(offers, at.typed), at.start, at.end)


# -- where ---------------------------------------------------------------------------------------------------------------


def _at(lines: Sequence[str], line: int, column: int) -> _At:
    written = lines[line - 1]
    match = _LINE.fullmatch(written)
    assert match is not None  # it takes any line
    lead = len(match["indent"]) + len(match["dashes"])
    way = _way(lines, line, lead, match["dashes"].count("-"), len(match["indent"]))
    rest = match["rest"]
    found = _KEY.fullmatch(rest)
    if found is None:
        if column <= lead and not rest.strip():
            return _At(_way(lines, line, column - 1, 0, column - 1), "", False, column, column, "")
        piece = rest.split(" #")[0]
        if way and way[-1] is None and not _is_word(piece):
            return _At(way[:-1] and way, "", True, lead + 1, lead + 1 + len(piece.rstrip()), piece)
        return _At(
            way,
            piece.strip(),
            False,
            lead + 1,
            lead + 1 + len(piece.rstrip()),
            piece[: max(0, column - 1 - lead)],
        )
    key, begins = found["key"].strip(), lead + len(found["key"]) + len(found["colon"])
    if column - 1 <= lead + len(found["key"]):
        return _At(way, key, False, lead + 1, lead + 1 + len(key), found["key"][: max(0, column - 1 - lead)])
    value = re.split(r"(?:^|\s)#", found["value"])[0].rstrip()
    return _within(way, key, value, begins, column)


def _is_word(piece: str) -> bool:
    return bool(re.fullmatch(r"[a-zA-Z][a-zA-Z -]*", piece.strip())) or not piece.strip()


def _within(way: tuple[Step, ...], key: str, value: str, begins: int, column: int) -> _At:
    """Behind a word; also within brackets and braces on its line."""
    path: tuple[Step, ...] = (*way, key)
    start = 0
    stack: list[str] = []
    names: list[str] = []
    for number, mark in enumerate(value[: max(0, column - 1 - begins)]):
        if mark in "[{":
            stack.append(mark)
            path = (*path, None) if mark == "[" else path
            start = number + 1
            names.append("")
        elif mark in "]}" and stack:
            if stack.pop() == "[":
                path = path[: len(path) - 1 - path[::-1].index(None)]
            names.pop()
            start = number + 1
        elif mark == "," and stack:
            names[-1], start = "", number + 1
        elif mark == ":" and stack and stack[-1] == "{":
            names[-1], start = value[start:number].strip(), number + 1
    end = (
        next((n for n in range(max(start, column - 1 - begins), len(value)) if value[n] in ",]}"), len(value))
        if stack
        else len(value)
    )
    piece = value[start:end]
    left = begins + start + len(piece) - len(piece.lstrip())
    typed = value[start : max(start, column - 1 - begins)].strip()
    if not stack:
        return _At(way, key, True, left + 1, begins + end + 1, value.strip())
    if stack[-1] == "{" and not names[-1]:
        return _At(path, piece.strip(), False, left + 1, left + 1 + len(piece.strip()), typed)
    if stack[-1] == "{":
        return _At(path, names[-1], True, left + 1, left + 1 + len(piece.strip()), typed)
    return _At(path, "", True, left + 1, left + 1 + len(piece.strip()), typed)


def _way(lines: Sequence[str], line: int, column: int, dashes: int, indent: int) -> tuple[Step, ...]:
    """The words and dashes above a line whose words begin at `column` (from 0), outermost first."""
    way: list[Step] = []
    at = column
    if dashes:
        way += [None] * dashes
        at = indent
    same = bool(dashes)  # a dash may stand right under the word that it belongs to
    for above in range(line - 2, -1, -1):
        match = _LINE.fullmatch(lines[above])
        assert match is not None
        empty = not match["rest"].strip() or match["rest"].lstrip().startswith("#")
        if empty and not match["dashes"]:
            continue
        lead = len(match["indent"]) + len(match["dashes"])
        marks = match["dashes"].count("-")
        if marks and len(match["indent"]) < at <= lead and not (same and len(match["indent"]) == at):
            if lead < at and (found := _KEY.fullmatch(match["rest"])):
                way.append(found["key"].strip())
            way += [None] * marks
            at, same = len(match["indent"]), True
            continue
        if marks and lead < at:
            if found := _KEY.fullmatch(match["rest"]):
                way.append(found["key"].strip())
            way += [None] * marks
            at, same = len(match["indent"]), True
            continue
        if not marks and (lead < at or (same and lead == at)):
            found = _KEY.fullmatch(match["rest"])
            if found is None:
                continue
            way.append(found["key"].strip())
            at, same = lead, False
        if at == 0 and not same:
            break
    return tuple(reversed(way))


def _siblings(lines: Sequence[str], line: int) -> set[str]:
    """The words of the block that a line is in."""
    match = _LINE.fullmatch(lines[line - 1])
    assert match is not None
    lead = len(match["indent"]) + len(match["dashes"])
    found: set[str] = set()
    for way in (range(line - 2, -1, -1), range(line, len(lines))):
        if way.step < 0 and match["dashes"]:
            continue
        for number in way:
            other = _LINE.fullmatch(lines[number])
            assert other is not None
            if not other["rest"].strip():
                continue
            column = len(other["indent"]) + len(other["dashes"])
            if column < lead or (column == lead and other["dashes"] and way.step > 0):
                break
            if column == lead and (key := _KEY.fullmatch(other["rest"])):
                found.add(key["key"].strip())
            if column == lead and other["dashes"]:
                break
    return found


# -- what fits -----------------------------------------------------------------------------------------------------------


def _alternatives(nodes: Iterable[Node]) -> Iterator[Node]:
    for node in nodes:
        yield node
        for word in ("anyOf", "oneOf"):
            yield from _alternatives(each for each in node.get(word, ()) if isinstance(each, Mapping))


def _walk(nodes: Iterable[Node], way: Sequence[Step]) -> Iterator[Node]:
    found = list(_alternatives(nodes))
    for part in way:
        following: list[Node] = []
        for node in found:
            if part is None:
                items = node.get("items")
                following += [items] if isinstance(items, Mapping) else []
            else:
                following += list(_under(node, part))
        found = list(_alternatives(following))
    yield from found


def _under(node: Node, word: str) -> Iterator[Node]:
    properties = node.get("properties", {})
    if word in properties:
        yield properties[word]
        return
    for pattern, body in node.get("patternProperties", {}).items():
        if re.search(pattern, word):
            yield body
    more = node.get("additionalProperties")
    if isinstance(more, Mapping):
        yield more


def _properties(node: Node) -> Iterator[tuple[str, Node]]:
    yield from node.get("properties", {}).items()


def _description(nodes: Iterable[Node]) -> str:
    return next((str(node["description"]) for node in nodes if "description" in node), "")


def _values(nodes: Sequence[Node], typed: str) -> tuple[Offer, ...]:
    """The words that a value may be, and examples of what is no fixed word."""
    says = {word.name: word.sentence for word in WORDS if word.where in _PLAIN}
    words: dict[str, str] = {}
    for node in nodes:
        for value in (*node.get("enum", ()), *node.get("examples", ())):
            if value not in (None, ""):
                words.setdefault(str(value), says.get(str(value), ""))
        if node.get("type") == "boolean":
            words |= {"yes": "", "no": ""}
    offers = tuple(Offer(word, sentence, word) for word, sentence in words.items())
    return offers if typed.strip() in words else _near(offers, typed)


def _near(offers: tuple[Offer, ...], typed: str) -> tuple[Offer, ...]:
    """Those that begin with what is typed first, then those that have it in them; all where none does."""
    wanted = typed.strip().lower()
    first = [one for one in offers if one.word.lower().startswith(wanted)]
    then = [one for one in offers if wanted in one.word.lower() and one not in first]
    return tuple(first + then) or offers
