"""What late-payment money says of itself: its calculation, and why something is not charged."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from engine.core.money import Amount, digits
from engine.core.sentences.amounts import short_day

NO_BASIS = "no contract is on record that says so; write its  basis: …  into house.yaml, or say  dunwell charge … --basis TEXT"
_WAITS = {
    "disputed": "disputed: it accrues, and is charged only if the dispute is closed against the customer",
    "promised": "a promise to pay is open: it accrues, and is charged if it is named",
    "planned": "a payment plan is kept: it accrues, and is charged if it is named",
}


def plain_money(minor: int, currency: str) -> str:
    """`5,000.00 GBP`."""
    return f"{Amount.of_minor(minor, currency).value:,.{digits(currency)}f} {currency}"


def percent(value: Decimal) -> str:
    """`12.25%`, without zeros at its end."""
    text = f"{value:f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text}%"


def charge_waits(aside: str) -> str:
    """Why an item that is set aside is not charged now."""
    return _WAITS[aside]


def not_for_consumers(law: str) -> str:
    """Why a natural person is charged nothing."""
    return f"{law} is between businesses, and this is a natural person; who trades has the legal form “sole trader” in the master"


def no_rate(reference: str, since: date) -> str:
    """Why nothing is worked out: a reference rate is missing, and nobody guesses."""
    return (
        f"no rate of “{reference}” is known for the half-year from {since.isoformat()}; write it into house.yaml:  "
        f"rates: {{{reference}: {{{since.isoformat()}: …%}}}}"
    )


def below_floor(rate: Decimal, least: Decimal, times: int) -> str:
    """Why a contract's rate is not charged: the law wants more."""
    return f"{percent(rate)} a year is below {times} times the legal rate of {percent(least)}, which is {percent(least * times)}"


def sum_formula(debt: int, amount: int, currency: str) -> str:
    """A lump sum by the size of the debt."""
    return f"for a debt of {plain_money(debt, currency)}: {plain_money(amount, currency)}"


def no_pack(country: str) -> tuple[str, str]:
    """Why nothing is charged in a house, and what to write."""
    where = f" to customers in {country.upper()}" if country else ""
    return (
        f"nothing is charged{where}: house.yaml names no law",
        "write  charge: germany,  or by country:  charge: {DE: germany}",
    )


def nothing_to_charge(account: str, through: date) -> str:
    """Where nothing has come to be owed, or all of it was charged."""
    return f"nothing more has come to be owed by {account} through {short_day(through)}"
