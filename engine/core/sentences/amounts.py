"""Amounts and days as the house writes them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from babel.numbers import format_currency, get_currency_symbol

from engine.core.money import Amount, digits


def money(minor: int, currency: str) -> str:
    """An amount in minor units, as it is written in the house: $1,200.00."""
    return str(format_currency(Amount.of_minor(minor, currency).value, currency, locale="en_US"))


def whole_money(minor: int, currency: str) -> str:
    """Minor units as `$27,400`: for sums of which nobody needs the cents."""
    units = Amount.of_minor(minor, currency).value.quantize(Decimal(1))
    return str(format_currency(units, currency, "¤#,##0", locale="en_US", currency_digits=False))


def symbol(currency: str) -> str:
    """`$` for USD; the code itself, with a space, where there is no sign of its own."""
    sign = str(get_currency_symbol(currency, locale="en_US"))
    return f"{sign} " if sign.isalpha() else sign


def short_day(day: date) -> str:
    """Wed 25 Nov 2026."""
    return f"{day:%a} {day.day} {day:%b %Y}"


def coded(minor: int, currency: str) -> str:
    """An amount with its currency's code, for a sentence that may be of any: 1,234.50 USD."""
    return f"{Amount.of_minor(minor, currency).value:,.{digits(currency)}f} {currency}"


def share(hundredths: int) -> str:
    """Hundredths of a per cent as they are written: 500 is 5%, 250 is 2.5%."""
    return f"{hundredths / 100:.2f}".rstrip("0").rstrip(".") + "%"


def many(count: int, one: str, more: str = "") -> str:
    """1 item, 2 items."""
    return f"{count:,} {one if count == 1 else more or one + 's'}"


def listed(words: Sequence[str], last: str = "and") -> str:
    """a; a and b; a, b and c."""
    return f" {last} ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
