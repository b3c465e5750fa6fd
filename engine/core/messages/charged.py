"""Late-payment money in a message: each amount with principal, rate and days, and where the rate comes from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from babel.dates import format_date
from babel.numbers import format_currency, format_decimal

from engine.core.figures.reference_rates import REFERENCES
from engine.core.messages.head import Templates
from engine.core.messages.slots import Slots
from engine.core.messages.wording import wording
from engine.core.money import Amount


@dataclass(frozen=True, slots=True)
class Charged:
    """One charge of one invoice. `amount` is minor units; `calculation` is as it was kept when it was charged."""

    number: str
    kind: str  # interest, lump sum
    amount: int
    currency: str
    first: date
    last: date
    calculation: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Words:
    """The words of the list: with {law}."""

    head: str
    days: str
    calculation: str
    amount: str
    lump_sum: str
    rate: str  # with {rate}, {reference}, {who}, {day}, {points}
    agreed: str  # with {rate}, {basis}


_WORDS: Mapping[str, _Words] = {
    "en": _Words(
        "In addition we charge for late payment, by {law}:",
        "From – to",
        "Principal × rate × days",
        "Amount",
        "lump sum",
        "{rate} a year is {reference} ({who}, {day}) plus {points}.",
        "{rate} a year by {basis}.",
    ),
    "de": _Words(
        "Dazu kommen Verzugskosten nach {law}:",
        "Von – bis",
        "Betrag × Zinssatz × Tage",
        "Kosten",
        "Pauschale",
        "{rate} im Jahr sind {reference} ({who}, {day}) plus {points}.",
        "{rate} im Jahr nach {basis}.",
    ),
    "fr": _Words(
        "S’y ajoutent des pénalités de retard, selon {law} :",
        "Du – au",
        "Montant × taux × jours",
        "Pénalités",
        "indemnité forfaitaire",
        "{rate} par an : {reference} ({who}, {day}) plus {points}.",
        "{rate} par an selon {basis}.",
    ),
    "es": _Words(
        "A ello se añaden gastos por mora, según {law}:",
        "Del – al",
        "Importe × tipo × días",
        "Gastos",
        "cantidad fija",
        "{rate} al año: {reference} ({who}, {day}) más {points}.",
        "{rate} al año según {basis}.",
    ),
    "pt": _Words(
        "Acrescem encargos de mora, nos termos de {law}:",
        "De – a",
        "Montante × taxa × dias",
        "Encargos",
        "montante fixo",
        "{rate} ao ano: {reference} ({who}, {day}) mais {points}.",
        "{rate} ao ano nos termos de {basis}.",
    ),
    "it": _Words(
        "A ciò si aggiungono interessi di mora, secondo {law}:",
        "Dal – al",
        "Importo × tasso × giorni",
        "Spese",
        "importo forfettario",
        "{rate} all’anno: {reference} ({who}, {day}) più {points}.",
        "{rate} all’anno secondo {basis}.",
    ),
}


def showing_charges(templates: Templates) -> frozenset[str]:
    """The messages that show charges, in any of their languages."""
    return frozenset(
        template.name for template in templates if template.kind == "message" and "charges" in template.body
    )


def values(charges: Sequence[Charged], language: str, slots: Slots) -> list[dict[str, Any]]:
    """What a template can name of each charge: number, kind, amount, first, last, formula, rate."""
    return [
        {
            "number": one.number,
            "kind": one.kind,
            "amount": _money(one.amount, one.currency, slots),
            "first": one.first,
            "last": one.last,
            "formula": _formula(one, _WORDS.get(language, _WORDS["en"]), slots),
            "rate": " ".join(_rates([one], _WORDS.get(language, _WORDS["en"]), slots)) or None,
        }
        for one in charges
    ]


def listed(charges: Sequence[Charged], language: str, slots: Slots) -> str:
    """The charges as a table with their calculation, a list for each law; empty where there are none."""
    laws = dict.fromkeys(str(one.calculation.get("law", "")) for one in charges)
    return "\n\n".join(
        _by_law(law, [one for one in charges if one.calculation.get("law", "") == law], language, slots)
        for law in laws
    )


def _by_law(law: str, charges: Sequence[Charged], language: str, slots: Slots) -> str:
    words, general = _WORDS.get(language, _WORDS["en"]), wording(language)
    rows = [[general.number, words.days, words.calculation, words.amount], ["---", "---", "---", "---:"]]
    sums: dict[str, int] = {}
    for one in charges:
        sums[one.currency] = sums.get(one.currency, 0) + one.amount
        days = "" if one.first == one.last else f"{_day(one.first, slots)} – {_day(one.last, slots)}"
        cells = [one.number, days, _formula(one, words, slots), _money(one.amount, one.currency, slots)]
        rows.append([slots.put(cell) for cell in cells])
    for currency, amount in sums.items():
        rows.append([f"**{general.total}**", "", "", f"**{slots.put(_money(amount, currency, slots))}**"])
    table = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    told = " ".join(slots.put(line) for line in _rates(charges, words, slots))
    head = words.head.format(law=slots.put(law))
    return "\n\n".join(part for part in (head, table, told) if part)


def _formula(one: Charged, words: _Words, slots: Slots) -> str:
    """`£5,000.00 × 12.25% × 101 / 365`; of a lump sum what it is."""
    parts = one.calculation.get("parts")
    if not parts:
        return words.lump_sum
    return " + ".join(
        f"{_money(part['principal'], one.currency, slots)} × {_percent(part['percent'], slots)} × {part['days']} / 365"
        for part in parts
    )


def _rates(charges: Iterable[Charged], words: _Words, slots: Slots) -> list[str]:
    """Where each rate comes from, each once."""
    found: dict[str, None] = {}
    for one in charges:
        for part in one.calculation.get("parts", ()):
            rate = _percent(part["percent"], slots)
            if "reference" in part:
                line = words.rate.format(
                    rate=rate,
                    reference=_percent(part["reference_percent"], slots),
                    who=REFERENCES[part["reference"]].who,
                    day=_day(date.fromisoformat(part["reference_since"]), slots),
                    points=_percent(part["points"], slots),
                )
            else:
                line = words.agreed.format(rate=rate, basis=one.calculation.get("basis", ""))
            found[line] = None
    return list(found)


def _money(minor: int, currency: str, slots: Slots) -> str:
    return str(format_currency(Amount.of_minor(minor, currency).value, currency, locale=slots.locale))


def _percent(value: str, slots: Slots) -> str:
    return f"{format_decimal(Decimal(value), format='#,##0.####', locale=slots.locale)}%"


def _day(day: date, slots: Slots) -> str:
    return str(format_date(day, "medium", locale=slots.locale))
