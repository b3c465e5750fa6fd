"""`limits` of house.yaml: what each role may give by itself for a solution."""

from __future__ import annotations

import re
from collections.abc import Mapping

from engine.core.language import reading
from engine.core.language.policy import Allowance
from engine.core.language.source import Block, Line, Notes, Text, short
from engine.core.language.steps import Scope
from engine.core.language.words import Where, names
from engine.core.problem import Place

_EXAMPLES = {"discount": "discount: 2%", "days": "days: 7", "plan": "plan: 3 months", "waive": "waive: 25"}
_SHARE = re.compile(r"([0-9]{1,3})(?:\.([0-9]{1,2}))? ?(?:%|per ?cent)")
_MOST_DAYS, _MOST_MONTHS = 366, 24


def read_limits(
    line: Line, notes: Notes, scope: Scope
) -> tuple[Mapping[str, Allowance], Mapping[str, Place]]:
    """`{collector: {discount: 2%, days: 7, plan: 3 months}}`: what each role may give, and where it stands."""
    if not isinstance(line.value, Block):
        notes.error(
            line.value.place,
            "“limits” is lines of a role and what it may give",
            "write  limits: {collector: {discount: 2%, days: 7, plan: 3 months}}",
            "lines-wanted",
        )
        return {}, {}
    found: dict[str, Allowance] = {}
    places: dict[str, Place] = {}
    for each in line.value.lines:
        role = reading.one_of(each.key, notes, "role", sorted(scope.known.roles), "unknown-role")
        lines = reading.block(each.value, notes, "a limit", names(Where.LIMIT), _EXAMPLES["days"])
        if role and lines:
            found[role], places[role] = _allowance(lines, notes, scope.currency), each.key.place
    return found, places


def without_owner(owner: str, places: Mapping[str, Place], notes: Notes) -> None:
    """The owner's role may give anything, so that a limit of it would be a line that nobody heeds."""
    if owner in places:
        notes.error(
            places[owner],
            f"“{owner}” owns what nobody else does, and may give anything",
            "leave this line out, or name another role as  owner:",
            "owner-limit",
        )


def _allowance(lines: Block, notes: Notes, currency: str) -> Allowance:
    given: dict[str, int] = {}
    for line in lines.lines:
        name = line.key.value
        text = reading.scalar(line.value, notes, _EXAMPLES[name])
        amount = _amount(name, text, notes, currency) if text else None
        if amount is not None:
            given[name] = amount
    return Allowance(**given)


def _amount(name: str, text: Text, notes: Notes, currency: str) -> int | None:
    example = _EXAMPLES[name]
    if name == "days":
        return reading.duration(text, notes, "day", _MOST_DAYS, example)
    if name == "plan":
        return reading.duration(text, notes, "month", _MOST_MONTHS, example)
    if name == "waive":
        amount = reading.money(text, notes, currency, example)
        if amount is not None and amount < 0:
            notes.error(text.place, "a limit is not below 0", f"write  {example}", "out-of-range")
        return amount
    share = _SHARE.fullmatch(reading.word(text).lower())
    hundredths = int(share[1]) * 100 + int((share[2] or "").ljust(2, "0")) if share else 10_001
    if hundredths > 100_00:
        notes.error(
            text.place,
            f"“{short(text.value)}” is no share of what is owed",
            f"write  {example}  or  discount: 2.5%",
            "share",
        )
        return None
    return hundredths
