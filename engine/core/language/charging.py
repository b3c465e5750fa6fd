"""`charge` and `rates` of house.yaml: which late-payment law is charged, for whom, from when; and rates a team adds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from engine.core.figures.packs import PACKS
from engine.core.figures.reference_rates import REFERENCES, half_year
from engine.core.language import norms, reading
from engine.core.language.policy import Charge
from engine.core.language.source import Block, Line, Node, Notes, Text, short
from engine.core.language.words import Where, names, nearest
from engine.core.problem import Place

ELSE, NOTHING = "else", "nothing"
_EXAMPLE = "charge: germany"
_RATE = re.compile(r"([0-9]{1,2}(?:\.[0-9]{1,4})?)\s?%\s*(?:a|per)\s*(month|year)", re.IGNORECASE)
_PERCENT = re.compile(r"(-?[0-9]{1,2}(?:\.[0-9]{1,4})?)\s?%?")
_MONTHS = 12


def read_charge(line: Line, notes: Notes) -> Mapping[str, Charge]:
    """By ISO country in lower case, "else" for every other: one pack for all, or one a country."""
    value = line.value
    by_country = isinstance(value, Block) and value.get("pack") is None and value.lines
    if not isinstance(value, Block) or not by_country:
        one = _charge(value, line.key.place, notes)
        return {ELSE: one} if one else {}
    found: dict[str, Charge] = {}
    for each in value.lines:
        said = each.key.value.strip()
        country = ELSE if said.lower() == ELSE else norms.country(said)
        if country is None:
            hint = "write a country, like  DE: germany,  or  else: uk"
            notes.error(each.key.place, f"there is no country “{short(said)}”", hint, "unknown-country")
            continue
        one = _charge(each.value, each.key.place, notes)
        if one or _nothing(each.value):
            found[country] = one or Charge("", each.key.place)
    return found


def _nothing(node: Node) -> bool:
    """A country in which nothing is charged, whatever is charged elsewhere."""
    return isinstance(node, Text) and reading.word(node).lower() in (NOTHING, "none")


def _charge(node: Node, place: Place, notes: Notes) -> Charge | None:
    if isinstance(node, Block):
        return _in_lines(node, place, notes)
    text = reading.scalar(node, notes, _EXAMPLE)
    if text is None:
        return None
    if _nothing(text):
        return None
    said = reading.word(text)
    pack, _, rest = said.partition(" ")
    return _checked(Text(pack, text.place), Text(rest, text.place) if rest else None, place, notes)


def _in_lines(node: Block, place: Place, notes: Notes) -> Charge | None:
    example = "{pack: uk, from: 2026-01-01}"
    lines = reading.block(node, notes, "a charge", names(Where.CHARGE), example)
    if lines is None:
        return None
    words = {line.key.value: line for line in lines.lines}
    pack = reading.behind(words.get("pack"), notes, "pack: uk")
    if pack is None:
        return None
    since = _day(reading.behind(words.get("from"), notes, "from: 2026-01-01"), notes)
    lump = reading.behind(words.get("lump-sum"), notes, "lump-sum: yes")
    if lump and reading.word(lump).lower() not in ("yes", "no"):
        notes.error(
            lump.place, f"“{short(lump.value)}” is not yes or no", "write  lump-sum: no", "unknown-value"
        )
    basis = reading.behind(words.get("basis"), notes, "basis: terms of sale, section 7")
    rate = reading.behind(words.get("rate"), notes, "rate: 1.5% a month")
    with_sum = lump is None or reading.word(lump).lower() != "no"
    return _checked(pack, rate, place, notes, since, with_sum, reading.word(basis) if basis else "")


def _checked(
    name: Text,
    rate: Text | None,
    place: Place,
    notes: Notes,
    since: date | None = None,
    lump_sum: bool = True,
    basis: str = "",
) -> Charge | None:
    pack = PACKS.get(reading.word(name).lower())
    if pack is None:
        hint = nearest(name.value, PACKS)
        notes.error(name.place, f"there is no pack “{short(name.value)}”", hint, "unknown-pack")
        return None
    percent = _yearly(rate, notes) if rate else None
    if rate and percent is None:
        return None
    if pack.contract and percent is None:
        notes.error(
            name.place,
            "a contract has a rate of its own, and this one says none",
            "write  contract 1.5% a month,  or  {pack: contract, rate: 1.5% a month, basis: terms of sale, section 7}",
            "no-rate",
        )
        return None
    if percent is not None and not pack.contract and not pack.floor:
        notes.error(
            name.place,
            f"“{pack.id}” has the rate that {pack.law} gives, and no other",
            "take the rate away; for a rate that was agreed write  contract 1.5% a month",
            "rate-of-law",
        )
        return None
    return Charge(pack.id, place, since, lump_sum, percent, basis)


def _yearly(text: Text, notes: Notes) -> Decimal | None:
    """Percent a year; a month's rate counts twelve times, without compounding."""
    found = _RATE.fullmatch(reading.word(text))
    if not found:
        notes.error(
            text.place,
            f"“{short(text.value)}” is no rate",
            "write  1.5% a month  or  12% a year",
            "rate",
        )
        return None
    return Decimal(found[1]) * (_MONTHS if found[2].lower() == "month" else 1)


def _day(text: Text | None, notes: Notes) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(reading.word(text))
    except ValueError:
        notes.error(text.place, f"“{short(text.value)}” is no day", "write it as  2026-01-01", "date")
        return None


def read_rates(line: Line, notes: Notes) -> Mapping[tuple[str, date], Decimal]:
    """`ecb: {2026-07-01: 2.15%}`: reference rates by the half-year they hold for."""
    example = "rates: {ecb: {2026-07-01: 2.15%}}"
    lines = reading.block(line.value, notes, "“rates”", tuple(REFERENCES), example)
    found: dict[tuple[str, date], Decimal] = {}
    for each in lines.lines if lines else ():
        if not isinstance(each.value, Block):
            notes.error(
                each.value.place,
                f"“{each.key.value}” is lines of  2026-07-01: 2.15%",
                f"write  {example}",
                "lines-wanted",
            )
            continue
        for one in each.value.lines:
            since = _day(one.key, notes)
            if since and since != half_year(since):
                notes.error(
                    one.key.place,
                    f"{since.isoformat()} is no first day of a half-year",
                    f"a rate holds for half a year; write  {half_year(since).isoformat()}",
                    "half-year",
                )
                continue
            text = reading.scalar(one.value, notes, "2026-07-01: 2.15%")
            percent = _PERCENT.fullmatch(reading.word(text)) if text else None
            if text and not percent:
                notes.error(text.place, f"“{short(text.value)}” is no percentage", "write  2.15%", "rate")
            if since and percent:
                found[each.key.value, since] = Decimal(percent[1])
    return found
