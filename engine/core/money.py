"""An amount is a number and a currency; inside the engine it is a whole number of the smallest unit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from babel.core import get_global

_SYMBOLS = {"€": ("EUR",), "£": ("GBP",), "¥": ("JPY", "CNY"), "₹": ("INR",)}
_DOLLARS = ("USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN")
_NUMBER = re.compile(
    r"-?(?:[0-9]{1,3}(?:(?P<group>[, '’\u00a0\u202f])[0-9]{3}(?:(?P=group)[0-9]{3})*)?|[0-9]+)(?:\.[0-9]+)?"
)
_MOST_DIGITS = 15  # minor units stay well inside 64 bits


@dataclass(frozen=True, slots=True)
class Amount:
    """Decimal money: `Amount(Decimal("5000"), "EUR")`. The currency is its ISO 4217 code in capitals."""

    value: Decimal
    currency: str

    @property
    def minor(self) -> int:
        """The amount in the currency's smallest unit; ValueError if it is finer than that."""
        scaled = self.value.scaleb(digits(self.currency))
        if scaled != scaled.to_integral_value():
            raise ValueError(f"{self.currency} has {digits(self.currency)} decimals")
        return int(scaled)

    @classmethod
    def of_minor(cls, minor: int, currency: str) -> Amount:
        """The amount that `minor` smallest units are: 12345 and USD are 123.45."""
        return cls(Decimal(minor).scaleb(-digits(currency)), currency)


def is_currency(code: str) -> bool:
    """Whether `code` is an ISO 4217 code, in capitals."""
    return code in get_global("all_currencies")


def digits(currency: str) -> int:
    """How many decimals the currency has: 2 for USD, 0 for JPY, 3 for KWD."""
    fractions = get_global("currency_fractions")
    return int(fractions.get(currency, fractions["DEFAULT"])[0])


def read_amount(text: str, default_currency: str) -> Amount:
    """Read `5,000`, `5,000 EUR`, `EUR 5,000.50` or `€5,000`; ValueError holds a plain sentence that says what
    is wrong.

    A comma groups thousands and a point starts the decimals. Anything that could be read in two ways is
    refused."""
    rest = text.strip()
    currency = default_currency
    if rest[:1] == "$" or rest[:2] == "-$":
        rest = rest.replace("$", "", 1).strip()
        currency = default_currency if default_currency in _DOLLARS else "USD"
    elif rest[:1] in _SYMBOLS or rest[-1:] in _SYMBOLS:
        symbol = rest[0] if rest[0] in _SYMBOLS else rest[-1]
        rest = rest.removeprefix(symbol).removesuffix(symbol).strip() if rest.count(symbol) == 1 else ""
        currency = default_currency if default_currency in _SYMBOLS[symbol] else _SYMBOLS[symbol][0]
    elif code := re.fullmatch(r"([A-Za-z]{3})\s*(.*[0-9])|(.*[0-9])\s*([A-Za-z]{3})", rest):
        named, rest = (code[1], code[2]) if code[1] else (code[4], code[3])
        currency = named.upper()
        if not is_currency(currency):
            raise ValueError(f"“{named}” is not a currency")
    if not (number := _NUMBER.fullmatch(rest)):
        raise ValueError(f"“{_short(text)}” is not an amount")
    plain = rest.replace(number["group"], "") if number["group"] else rest
    if sum(mark.isdigit() for mark in plain) > _MOST_DIGITS:
        raise ValueError(f"“{_short(text)}” is larger than any amount in a ledger")
    decimals = len(plain.partition(".")[2])
    if decimals > digits(currency):
        raise ValueError(f"“{_short(text)}” has {decimals} decimals and {currency} has {digits(currency)}")
    return Amount(Decimal(plain), currency)


def read_share(text: str) -> int:
    """Hundredths of a per cent of “5%” or “2.5 %”; ValueError says how it is written."""
    try:
        hundredths = Decimal(text.strip().removesuffix("%").strip()) * 100
    except InvalidOperation:
        hundredths = Decimal(-1)
    if not text.strip().endswith("%") or hundredths != hundredths.to_integral_value() or hundredths <= 0:
        raise ValueError(f"“{text}” is no share: write 5% or 2.5%")
    return int(hundredths)


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"
