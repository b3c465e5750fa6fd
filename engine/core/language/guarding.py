"""`guards` of house.yaml: tighter than what is built in as a team likes; looser only with a reason."""

from __future__ import annotations

import re
from dataclasses import replace

from engine.core.language import reading
from engine.core.language.policy import GuardRules, Limit
from engine.core.language.source import Line, Notes, Text, short
from engine.core.language.words import Where, names

_EXAMPLE = "guards: {calls: at most 3 in 7 days}"
_MOST_DAYS = 60  # as far as calls are looked back on


def read_guards(line: Line, notes: Notes) -> GuardRules:
    """What the house says of the guards; what it does not say stays as it is built in."""
    built_in = rules = GuardRules()
    lines = reading.block(line.value, notes, "“guards”", names(Where.GUARDS), _EXAMPLE)
    if lines is None:
        return rules
    looser: list[Line] = []
    for each in lines.lines:
        word = each.key.value
        text = reading.scalar(each.value, notes, f"{word}: …" if word == "because" else _EXAMPLES[word])
        if text is None:
            continue
        if word == "because":
            rules = replace(rules, because=reading.word(text))
        elif word in ("calls", "persons"):
            limit = _limit(text, notes)
            before = built_in.calls if word == "calls" else built_in.persons
            if limit is None:
                continue
            rules = replace(rules, calls=limit) if word == "calls" else replace(rules, persons=limit)
            if not as_strict(limit, before):
                looser.append(each)
        else:
            days = reading.duration(
                text, notes, "day", _MOST_DAYS if word == "conversation" else 366, _EXAMPLES[word]
            )
            if days is None:
                continue
            if word == "conversation":
                rules = replace(rules, conversation=days)
                looser += [each] if days < built_in.conversation else []
            else:
                rules = replace(rules, exceptions=days)
                looser += [each] if days > built_in.exceptions else []
    if not rules.because:
        for each in looser:
            notes.error(
                each.key.place,
                f"this is looser than the guard that is built in ({_built_in(each.key.value)}), and nobody says why",
                "add a line  because: …  with the reason, or make it as strict",
                "looser-guard",
            )
    return rules


_EXAMPLES = {
    "calls": "calls: at most 3 in 7 days",
    "persons": "persons: at most 7 in 7 days",
    "conversation": "conversation: 7 days",
    "exceptions": "exceptions: 30 days",
}


def as_strict(limit: Limit, than: Limit) -> bool:
    """Whether a limit lets through no more, in any days as long as the other's, than the other does."""
    windows = -(-than.days // limit.days)
    return limit.most * windows <= than.most


def _built_in(word: str) -> str:
    return _EXAMPLES[word].partition(": ")[2]


def _limit(text: Text, notes: Notes) -> Limit | None:
    found = re.fullmatch(r"at most ([0-9]{1,3})( calls?)? in ([0-9]{1,3}) days?", reading.word(text).lower())
    if not found or not 0 < int(found[3]) <= _MOST_DAYS:
        notes.error(
            text.place,
            f"“{short(text.value)}” does not say how many calls in how many days",
            f"write  at most 3 in 7 days,  within {_MOST_DAYS} days",
            "guard-limit",
        )
        return None
    return Limit(int(found[1]), int(found[3]))
