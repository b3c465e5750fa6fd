"""The rates that late-payment law counts from, each with the half-year it holds for and where it was published.

Only what was published is here. Where a half-year is missing nobody guesses: a team writes the rate into house.yaml.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

ECB, BUNDESBANK, BANK_OF_ENGLAND, FRANCE_LEGAL = "ecb", "bundesbank", "bank of england", "france legal"


@dataclass(frozen=True, slots=True)
class Reference:
    """A rate and who publishes it."""

    name: str  # as house.yaml calls it
    who: str  # as a customer knows it
    what: str
    source: str


REFERENCES: Mapping[str, Reference] = {
    one.name: one
    for one in (
        Reference(
            ECB,
            "ECB",
            "ECB main refinancing rate in force on the first day of the half-year",
            "European Central Bank, key interest rates; Directive 2011/7/EU article 3(2)",
        ),
        Reference(
            BUNDESBANK,
            "Deutsche Bundesbank",
            "base rate of the German Civil Code",
            "Deutsche Bundesbank, Basiszinssatz, § 247 BGB",
        ),
        Reference(
            BANK_OF_ENGLAND,
            "Bank of England",
            "Bank Rate in force on the day before the half-year, 30 June or 31 December",
            "Bank of England, Bank Rate history; SI 2002/1675 article 4",
        ),
        Reference(
            FRANCE_LEGAL,
            "taux de l’intérêt légal",
            "French legal interest rate between businesses",
            "arrêtés, Journal officiel; Code monétaire et financier, art. L313-2",
        ),
    )
}


def half_year(day: date) -> date:
    """The first day of the half-year that a day lies in."""
    return date(day.year, 1 if day.month < 7 else 7, 1)


def next_half_year(day: date) -> date:
    """The first day of the half-year after."""
    return date(day.year, 7, 1) if day.month < 7 else date(day.year + 1, 1, 1)


def _from(first: date, *percents: str) -> Mapping[date, Decimal]:
    """A rate a half-year, from the first one given."""
    found, at = {}, first
    for percent in percents:
        found[at] = Decimal(percent)
        at = next_half_year(at)
    return found


# Percent a year, two a line: from 1 January, and from 1 July.
RATES: Mapping[str, Mapping[date, Decimal]] = {
    ECB: _from(
        date(2016, 1, 1),
        *("0.05", "0.00"),  # 2016
        *("0.00", "0.00"),
        *("0.00", "0.00"),  # 2018
        *("0.00", "0.00"),
        *("0.00", "0.00"),  # 2020
        *("0.00", "0.00"),
        *("0.00", "0.00"),  # 2022: the rise to 0.50 came on 27 July
        *("2.50", "4.00"),
        *("4.50", "4.25"),  # 2024
        *("3.15", "2.15"),
        "2.15",  # 2026
    ),
    BUNDESBANK: _from(
        date(2016, 1, 1),
        *("-0.83", "-0.88"),  # 2016
        *("-0.88", "-0.88"),
        *("-0.88", "-0.88"),  # 2018
        *("-0.88", "-0.88"),
        *("-0.88", "-0.88"),  # 2020
        *("-0.88", "-0.88"),
        *("-0.88", "-0.88"),  # 2022
        *("1.62", "3.12"),
        *("3.62", "3.37"),  # 2024
        *("2.27", "1.27"),
        "1.27",  # 2026
    ),
    BANK_OF_ENGLAND: _from(
        date(2016, 1, 1),
        *("0.50", "0.50"),  # 2016
        *("0.25", "0.25"),
        *("0.50", "0.50"),  # 2018
        *("0.75", "0.75"),
        *("0.75", "0.10"),  # 2020
        *("0.10", "0.10"),
        *("0.25", "1.25"),  # 2022
        *("3.50", "5.00"),
        *("5.25", "5.25"),  # 2024
        *("4.75", "4.25"),
        "3.75",  # 2026: in force from 18 December 2025
    ),
    FRANCE_LEGAL: _from(date(2024, 7, 1), "4.92", "3.71", "2.76", "2.62"),
}


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate in percent a year, and the half-year it is of; `told`: a team wrote it, it did not come with Dunwell."""

    reference: str
    percent: Decimal
    since: date
    told: bool = False


@dataclass(frozen=True, slots=True)
class NoRate:
    """No rate is known for a half-year."""

    reference: str
    since: date


def rate(reference: str, day: date, told: Mapping[tuple[str, date], Decimal]) -> Rate | NoRate:
    """The rate of the half-year that a day lies in. What a team wrote goes before what came with Dunwell."""
    since = half_year(day)
    if (reference, since) in told:
        return Rate(reference, told[reference, since], since, told=True)
    known = RATES.get(reference, {}).get(since)
    return NoRate(reference, since) if known is None else Rate(reference, known, since)
