"""outcomes.yaml: what follows each outcome of a call."""

from __future__ import annotations

import re
from collections.abc import Mapping

from engine.core.language import reading
from engine.core.language.known import Known
from engine.core.language.policy import Outcome
from engine.core.language.source import Block, Line, Listing, Node, Notes, Text, plain, short
from engine.core.language.steps import Scope, read_task, template
from engine.core.language.words import Where, names


def read_outcomes(root: Node | None, notes: Notes, scope: Scope) -> Mapping[str, Outcome]:
    """What follows each outcome of a call, by its name; words are checked, texts kept as they are written."""
    if root is None:
        return {}
    lines = reading.block(root, notes, "outcomes.yaml", names(Where.OUTCOMES), "no answer:")
    found = {}
    for line in lines.lines if lines else ():
        words = _outcome(line.value, notes, scope, names(Where.OUTCOME), f"“{line.key.value}”")
        if words is not None:
            found[line.key.value] = Outcome(line.key.value, words, line.key.place)
    return found


def _outcome(
    node: Node, notes: Notes, scope: Scope, known: tuple[str, ...], what: str
) -> Mapping[str, object] | None:
    if isinstance(node, Block):  # `twice-running` and `twice running` are one word
        spaced = tuple(
            Line(Text(line.key.value.replace("-", " "), line.key.place), line.value) for line in node.lines
        )
        node = Block(spaced, node.place)
    lines = reading.block(node, notes, what, known, "guidance: Not about you.")
    if lines is None:
        return None
    words: dict[str, object] = {}
    for line in lines.lines:
        name = line.key.value
        if name == "offer":
            words[name] = _offer(line, notes, scope)
        elif name == "twice running":
            words[name] = _outcome(line.value, notes, scope, names(Where.OPTION), "“twice running”")
        elif name == "ask":
            asked = reading.texts(line.value, notes, "ask: [amount, date]")
            words[name] = [reading.word(text) for text in asked or ()]
        else:
            words[name] = _value(line, notes, scope)
    return words


def _offer(line: Line, notes: Notes, scope: Scope) -> list[object]:
    if not isinstance(line.value, Listing) or not line.value.items:
        notes.error(
            line.value.place,
            "“offer” is a list of dashes, one an option",
            "write  - call: supervisor",
            "dashes-wanted",
        )
        return []
    return [_outcome(item, notes, scope, names(Where.OPTION), "an option") for item in line.value.items]


def _value(line: Line, notes: Notes, scope: Scope) -> object:
    name = line.key.value
    text = reading.scalar(line.value, notes, f"{name}: …")
    if text is None:
        return None
    said = reading.word(text)
    known: Known = scope.known
    if name == "email":
        return template(text, "message", notes, scope)
    if name == "script":
        return template(text, "script", notes, scope)
    if name == "from" or (name == "call" and said.lower() not in ("peer", "same person")):
        return reading.one_of(text, notes, "role or person", known.somebody, "unknown-role")
    if name == "to":
        return reading.one_of(text, notes, "contact", names(Where.TO), "unknown-contact")
    if name == "task" and "," in said:
        read_task(text, notes, known)
    if name == "cool":
        return _delay(text, notes, "cool: 1 open day", r"(?P<rest>[0-9]{1,3} (open )?days?)")
    if name == "call back":
        return _delay(
            text, notes, "call back: in 10 minutes", r"now|in [0-9]{1,3} (minutes?|hours?|(open )?days?)"
        )
    if name == "then":
        pattern = r"call( same person| peer)?( in [0-9]{1,3} (open )?days?)?|call .+"
        return _delay(text, notes, "then: call in 3 open days", pattern)
    if name == "promise":
        pattern = r"[a-z ]+, [0-9]{1,3}( to [0-9]{1,3})? (open )?days from .+|[a-z ]+"
        return _delay(text, notes, "promise: check, 5 to 7 days from date mailed", pattern)
    return plain(line.value)


def _delay(text: Text, notes: Notes, example: str, pattern: str) -> str:
    said = reading.word(text)
    if not re.fullmatch(pattern, said.lower()):
        notes.error(text.place, f"“{short(said)}” cannot be read", f"write  {example}", "outcome-value")
    return said
