"""What may stand where somebody writes a message: the words of its head, and the names of what is put in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from engine.core.language.here import Here, Offer
from engine.core.language.policy import Tone
from engine.core.messages.head import KINDS, STRANGERS, WORDS
from engine.core.messages.render import context
from engine.core.messages.samples import full
from engine.core.messages.slots import Prose, Slots
from engine.core.messages.wording import locale_of

_HEAD = {
    "subject": "The subject of the e-mail, and the line above the letter.",
    "tone": "How firm it is; along a ladder it never falls.",
    "kind": "A message, or a script for a call.",
    "language": "Its two letters; else the file's name says it.",
    "for": "Of a script: who hears it and must learn nothing.",
}
_VALUES = {"tone": tuple(tone.value for tone in Tone), "kind": KINDS, "for": STRANGERS}
_LONGEST = 60  # letters of an example


def here(text: str, line: int, column: int) -> Here:
    """What to say of a place in a template, counted from 1. Never raises, whatever is written."""
    lines = text.split("\n")
    if not 1 <= line <= len(lines):
        return Here("", "", (), column, column)
    written = lines[line - 1]
    column = max(1, min(column, len(written) + 1))
    ends = [number for number, each in enumerate(lines, 1) if each.strip() == "---"]
    if len(ends) > 1 and ends[0] < line < ends[1]:
        word, colon, value = written.partition(":")
        if not colon or column <= len(word) + 1:
            offers = tuple(Offer(name, _HEAD[name], name if colon else f"{name}: ") for name in WORDS)
            return Here(word.strip(), _HEAD.get(word.strip(), ""), offers, 1, len(word.rstrip()) + 1)
        if word.strip() in _VALUES:
            start = len(word) + 2 + len(value) - len(value.lstrip())
            offers = tuple(Offer(name, "", name) for name in _VALUES[word.strip()])
            return Here(word.strip(), _HEAD[word.strip()], offers, start, len(written.rstrip()) + 1)
    before = written[: column - 1]
    inside = max(before.rfind("{{"), before.rfind("{%")) > max(before.rfind("}}"), before.rfind("%}"))
    typed = re.search(r"[A-Za-z_][\w.]*$", before)
    start = column - len(typed[0]) if inside and typed else column
    tail = re.match(r"[\w.]*", written[column - 1 :])
    end = column + (len(tail[0]) if inside and tail else 0)
    word = written[start - 1 : end - 1]
    names = _names()
    wanted = typed[0] if inside and typed else ""
    fitting = [name for name in names if name.startswith(wanted)] or list(names)
    offers = tuple(Offer(name, names[name], name if inside else f"{{{{ {name} }}}}") for name in fitting)
    return Here(word, names.get(word, ""), offers, start, end)


@cache
def _names() -> Mapping[str, str]:
    """Every name that can be put in, with what it comes out as for an invented account."""
    slots = Slots(locale_of("en", "US"))
    return dict(_listed("", context(full(), "en", slots), slots))


def _listed(before: str, values: Mapping[str, Any], slots: Slots) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if name.startswith("_"):
            continue
        if isinstance(value, Mapping):
            yield from _listed(f"{before}{name}.", value, slots)
        elif isinstance(value, Prose):
            yield f"{before}{name}", f"Written by Dunwell: {_short(slots.fill(str(value)))}"
        elif isinstance(value, list):
            inner = ", ".join(value[0]) if value and isinstance(value[0], Mapping) else ""
            yield f"{before}{name}", f"A list, for a loop; each has {inner}" if inner else "A list"
        elif value is not None:
            yield f"{before}{name}", f"For example: {_short(slots.written(value))}"


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
