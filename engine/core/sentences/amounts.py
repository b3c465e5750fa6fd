"""Amounts and days as the house writes them."""

from __future__ import annotations

from datetime import date

from babel.numbers import format_currency

from engine.core.money import Amount


def money(minor: int, currency: str) -> str:
    """An amount in minor units, as it is written in the house: $1,200.00."""
    return str(format_currency(Amount.of_minor(minor, currency).value, currency, locale="en_US"))


def short_day(day: date) -> str:
    """Wed 25 Nov 2026."""
    return f"{day:%a} {day.day} {day:%b %Y}"
