"""Texts become values: tests, days, amounts, names; what cannot be read is noted with its place, and None."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from engine.core.language.source import REFUSED, Block, Line, Listing, Node, Notes, Text, short
from engine.core.language.words import nearest
from engine.core.money import read_amount

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def scalar(node: Node, notes: Notes, example: str) -> Text | None:
    """One text that is not empty."""
    if isinstance(node, Text):
        if node.value.strip() and node.style != REFUSED:
            return node
        if node.style != REFUSED:
            notes.error(node.place, "there is nothing behind this word", f"write  {example}", "empty")
        return None
    notes.error(
        node.place, "one value stands here, not a list or further words", f"write  {example}", "one-value"
    )
    return None


def behind(line: Line | None, notes: Notes, example: str) -> Text | None:
    """The text behind a word; None also where the word is not there."""
    return scalar(line.value, notes, example) if line else None


def word(text: Text) -> str:
    """The text on one line, without spaces at its ends."""
    return " ".join(text.value.split())


def texts(node: Node, notes: Notes, example: str) -> tuple[Text, ...] | None:
    """A list of texts, in brackets or dashes; a single text is a list of one."""
    if isinstance(node, Listing):
        found = [scalar(item, notes, example) for item in node.items]
        if not found:
            notes.error(node.place, "this list is empty", f"write  {example}", "empty")
        return tuple(text for text in found if text) if found and all(found) else None
    text = scalar(node, notes, example)
    return (text,) if text else None


def block(node: Node, notes: Notes, what: str, known: Collection[str], example: str) -> Block | None:
    """Lines `word: value` whose words are all among `known`; unknown ones are noted and left out."""
    if not isinstance(node, Block):
        if isinstance(node, Text) and not node.value.strip():
            notes.error(node.place, f"{what} has no lines", f"write  {example}", "empty")
        else:
            notes.error(node.place, f"{what} is lines of  word: value", f"write  {example}", "lines-wanted")
        return None
    kept = []
    for line in node.lines:
        if line.key.value in known:
            kept.append(line)
        else:
            notes.error(
                line.key.place,
                f"{what} has no word “{short(line.key.value)}”",
                nearest(line.key.value, known),
                "unknown-word",
            )
    return Block(tuple(kept), node.place)


def one_of(text: Text, notes: Notes, what: str, known: Iterable[str], code: str) -> str | None:
    """The name among `known` that the text is, whatever its capitals."""
    names = tuple(known)
    wanted = word(text).lower()
    for name in names:
        if name.lower() == wanted:
            return name
    notes.error(text.place, f"there is no {what} “{short(text.value)}”", nearest(text.value, names), code)
    return None


def whole(text: Text, notes: Notes, low: int, high: int, example: str) -> int | None:
    """A whole number between two others, both included."""
    plain = word(text).replace(",", "") if re.fullmatch(r"[0-9]{1,3}(,[0-9]{3})+", word(text)) else word(text)
    if not re.fullmatch(r"[+-]?[0-9]{1,9}", plain):
        notes.error(
            text.place, f"“{short(text.value)}” is not a whole number", f"write  {example}", "not-a-number"
        )
        return None
    if not low <= int(plain) <= high:
        notes.error(
            text.place, f"{short(plain)} is out of range", f"it goes from {low} to {high:,}", "out-of-range"
        )
        return None
    return int(plain)


def duration(text: Text, notes: Notes, unit: str, most: int, example: str) -> int | None:
    """`7 days` with the unit `day`; a bare number is in that unit too. Hours may be given in days."""
    found = re.fullmatch(r"([0-9]{1,4})\s*(hours?|days?|weeks?|months?|times?)?", word(text).lower())
    factor: int | None = 1
    if found and found[2]:
        given = found[2].rstrip("s")
        factor = {("hour", "day"): 24, ("day", "week"): 7}.get((unit, given), 1 if given == unit else None)
    if not found or factor is None:
        notes.error(
            text.place, f"“{short(text.value)}” is no number of {unit}s", f"write  {example}", "duration"
        )
        return None
    count = int(found[1]) * factor
    if count > most:
        notes.error(text.place, f"{short(text.value)} is too long", f"at most {most} {unit}s", "out-of-range")
        return None
    return count


def money(text: Text, notes: Notes, currency: str, example: str) -> int | None:
    """Minor units of the house's currency."""
    try:
        amount = read_amount(word(text), currency)
        if amount.currency != currency:
            notes.error(
                text.place,
                f"“{short(text.value)}” is not in the house's currency, {currency}",
                "accounts are compared in the house's currency; write the amount in it",
                "other-currency",
            )
            return None
        return amount.minor
    except ValueError as error:
        notes.error(text.place, str(error), f"write  {example}", "amount")
        return None


def season(said: str) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """`18 Dec to 31 Dec`: (12, 18) to (12, 31); None if it is no season."""
    part = r"([0-9]{1,2})\.?\s+([a-z]{3,9})"
    if not (found := re.fullmatch(rf"{part}\s+(?:to|until|-|–)\s+{part}", said.lower())):
        return None
    ends = []
    for day, month in ((found[1], found[2]), (found[3], found[4])):
        if month[:3] not in MONTHS:
            return None
        number = MONTHS.index(month[:3]) + 1
        if not 1 <= int(day) <= (29 if number == 2 else 30 if number in (4, 6, 9, 11) else 31):
            return None
        ends.append((number, int(day)))
    return ends[0], ends[1]
