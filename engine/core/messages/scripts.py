"""A call script is read block by block: who is there, their story, our questions; what we ask for comes after the reason.

Each heading of the second level begins a block, and its first word says which: `## Story: open, and listen`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from engine.core.messages.facts import MessageFacts
from engine.core.messages.head import Template, Templates, did_you_mean
from engine.core.messages.phrases import DEBT
from engine.core.messages.render import parts
from engine.core.problem import Problem

_HEADING = re.compile(
    r"(?m)^##[ \t]+(?P<all>(?P<word>[^\W\d_]+)?[ \t]*(?P<colon>:)?[ \t]*(?P<title>.*?))[ \t]*$"
)
_TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_AMOUNTS = re.compile(
    r"\{\{[^}]*?\b(total|totals|invoice_list|set_aside_list|promise\.amount|charges|charges_list)\b"
)
_ASKED = re.compile(r"\{\{[^}]*?\b(total|totals|invoice_list)\b")
_QUOTED = re.compile(r'(["“][^"”]*["”])')
# What cannot be answered with yes or no, near the beginning of a question; and what invites to go on.
_OPEN = re.compile(
    r"\b(how|what|where|when|which|who|whom|whose|why)\b|\b(tell me|telling me|go on)\b", re.IGNORECASE
)
_INVITES = re.compile(r"\b(tell me|telling me|go on)\b", re.IGNORECASE)
_EXAMPLE = "## Story: open, and listen"


class Part(StrEnum):
    """What a block is for. The value is the word in the script; the order is that of a call."""

    OPENING = "opening"  # until the right person is on the line: nothing of the debt
    VOICEMAIL = "voicemail"
    STORY = "story"
    QUESTIONS = "questions"
    EDUCATE = "educate"
    MOTIVATE = "motivate"
    NEGOTIATE = "negotiate"
    DEMAND = "demand"
    CLOSE = "close"

    @property
    def waits(self) -> bool:
        """What we ask for: it is shown once the reason is on record."""
        return self in (Part.EDUCATE, Part.MOTIVATE, Part.NEGOTIATE, Part.DEMAND)

    @property
    def stranger(self) -> bool:
        """Whoever hears it may have nothing to do with the debt."""
        return self in (Part.OPENING, Part.VOICEMAIL)


PARTS = tuple(part.value for part in Part)


@dataclass(frozen=True, slots=True)
class Block:
    """One block, filled in: what it is for, its title without that word, and its text."""

    part: Part
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Script:
    """A script for one account. `before` is what stands above the blocks: its name, and what to have at hand."""

    name: str
    before: str
    blocks: tuple[Block, ...]


def render_script(templates: Templates, name: str, facts: MessageFacts) -> Script | Problem:
    """The script filled in with an account's facts; or the one problem that stopped it."""
    found = parts(templates, name, facts, "script")
    if isinstance(found, Problem):
        return found
    (_, before), *rest = found
    # A heading that does not say its block is named by the check; until it does, its block waits for the reason too.
    blocks = [
        Block(part or (Part.DEMAND if number else Part.OPENING), title, text)
        for number, ((part, title), text) in enumerate((_part(heading), text) for heading, text in rest)
    ]
    return Script(name, before, tuple(blocks))


def _part(heading: str) -> tuple[Part | None, str]:
    found = _HEADING.fullmatch(f"## {heading}")
    word = (found["word"] or "").lower() if found else ""
    if found is None or word not in PARTS or (found["title"] and not found["colon"]):
        return None, heading
    return Part(word), found["title"] or word.capitalize()


@dataclass(frozen=True, slots=True)
class _Section:
    """A block as it is written: its heading, and where its text begins and ends in the file."""

    part: Part | None
    heading: tuple[int, int]
    text: tuple[int, int]


def script_problems(template: Template) -> Iterator[Problem]:
    """A script lets the customer tell their story, asks before it demands, and tells nothing to a stranger."""
    if template.stranger:
        yield from _told(template, template.body_offset, len(template.text))
        return
    headings = [*_HEADING.finditer(template.text)]
    ends = [each.start() for each in headings[1:]]
    sections = [
        _Section(_part(each["all"])[0], each.span("all"), (each.end(), end))
        for each, end in zip(headings, [*ends, len(template.text)], strict=False)
    ]
    if not sections:
        line = template.body_line
        start = len("\n".join(template.text.split("\n")[: line - 1])) + 1
        yield template.problem(
            start,
            start + 1,
            "this script has no blocks",
            f"begin each with its word:  {_EXAMPLE}",
            "no-block",
        )
        return
    for each in (each for each in sections if each.part is None):
        said = template.text[slice(*each.heading)]
        hint = did_you_mean(
            said.split(":")[0].strip().lower(), PARTS, f"begin it with one of: {', '.join(PARTS)}"
        )
        yield template.problem(
            *each.heading, f"“{said}” does not say what it is for", f"{hint}\nas in  {_EXAMPLE}", "no-block"
        )
    yield from _in_turn(template, sections)
    yield from _story(template, [each for each in sections if each.part is Part.STORY])
    for each in sections:
        if each.part is not None and each.part.stranger:
            yield from _told(template, *each.text)


def _in_turn(template: Template, sections: list[_Section]) -> Iterator[Problem]:
    """The story first, then the questions, and what we ask for after them."""
    seen: set[Part] = set()
    for each in sections:
        if each.part is Part.QUESTIONS and Part.STORY not in seen:
            yield template.problem(
                *each.heading,
                "this script asks before the customer could tell their story",
                f"put a block before it:  {_EXAMPLE}",
                "story-first",
            )
        if each.part is not None and each.part.waits and not seen >= {Part.STORY, Part.QUESTIONS}:
            yield template.problem(
                *each.heading,
                "this script demands before it has asked for the reason",
                "put  ## Story: …  and  ## Questions: …  before it",
                "demand-first",
            )
        named = None if each.part is None else _ASKED.search(template.text, *each.text)
        if named and each.part in (Part.STORY, Part.QUESTIONS):
            yield template.problem(
                *named.span(1),
                "this names what we want while the reason is still asked for",
                "put it under  ## Educate: …  or  ## Negotiate: …, which are shown once the reason is on record",
                "demand-first",
            )
        seen |= {each.part} if each.part is not None else set()


def _story(template: Template, stories: list[_Section]) -> Iterator[Problem]:
    """It begins with a question that cannot be answered with yes or no."""
    if not stories:
        yield template.problem(
            0, 3, "this script lets nobody tell their story", f"add a block:  {_EXAMPLE}", "no-story"
        )
        return
    start, end = stories[0].text
    text = _TAG.sub(lambda tag: re.sub(r"[^\n]", "x", tag[0]), template.text[start:end])
    asked = text.find("?")
    invites = _INVITES.search(text)
    if asked < 0 and not invites:
        yield template.problem(
            *stories[0].heading,
            "this story asks nothing",
            "add an open question:  How have things been going with our deliveries?",
            "no-question",
        )
    elif template.language == "en" and not _OPEN.search(text):
        first = max(text.rfind(mark, 0, asked) for mark in ('"', "“", ".", "\n")) + 1
        yield template.problem(
            start + first,
            start + asked + 1,
            "this can be answered with yes or no",
            "ask openly, with how, what or which:  How have things been going with our deliveries?",
            "closed-question",
        )


def _told(template: Template, start: int, end: int) -> Iterator[Problem]:
    """What a part that a stranger may hear says of the debt. Where it quotes, only what is quoted is spoken."""
    pieces = _QUOTED.split(template.text[start:end])
    spoken = "".join(
        piece if index % 2 or len(pieces) == 1 else re.sub(r"[^\n]", "\0", piece)
        for index, piece in enumerate(pieces)
    )
    told = [
        *(match.span() for match in DEBT.finditer(_TAG.sub(lambda tag: "\0" * len(tag[0]), spoken))),
        *(match.span(1) for match in _AMOUNTS.finditer(template.text[start:end])),
    ]
    for first, last in told:
        yield template.problem(
            start + first,
            start + last,
            "this tells whoever answers about the debt",
            "until the right person is on the line give only your name, our company and your number",
            "third-party",
        )
