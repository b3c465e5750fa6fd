"""Amounts are read in one way or not at all, and never lose a cent."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.money import Amount, digits, is_currency, read_amount


@pytest.mark.parametrize(
    ("text", "value", "currency"),
    [
        ("5,000", "5000", "USD"),
        ("5000.5", "5000.5", "USD"),
        ("5,000 EUR", "5000", "EUR"),
        ("EUR 5 000.50", "5000.50", "EUR"),
        ("eur5'000", "5000", "EUR"),
        ("€5,000", "5000", "EUR"),
        ("5,000 €", "5000", "EUR"),
        ("$1,234,567.89", "1234567.89", "USD"),
        ("-5", "-5", "USD"),
        ("£3", "3", "GBP"),
        ("1,234 JPY", "1234", "JPY"),
        ("1.234 KWD", "1.234", "KWD"),
    ],
)
def test_read(text: str, value: str, currency: str) -> None:
    assert read_amount(text, "USD") == Amount(Decimal(value), currency)


def test_a_sign_that_several_currencies_share_is_the_house_s_own() -> None:
    assert read_amount("$5", "CAD").currency == "CAD"
    assert read_amount("$5", "EUR").currency == "USD"
    assert read_amount("¥5", "CNY").currency == "CNY"


@pytest.mark.parametrize(
    "text",
    [
        "", "x", "1.234,56", "1,23", "1,2345", "5,000.001", "1 JPY 2", "5 EUX", "5.5 JPY", "1e5", "٣",
        "9" * 16, "--5", "5,", "5 00", "$", "€€5", "1,000 000", "inf", "NaN", "1_000", "9" * 5000, "5..0",
    ],
)  # fmt: skip
def test_refused(text: str) -> None:
    with pytest.raises(ValueError) as refused:
        read_amount(text, "USD")
    assert len(str(refused.value)) < 120


def test_minor_units_follow_the_currency() -> None:
    assert [digits(code) for code in ("USD", "JPY", "KWD")] == [2, 0, 3]
    assert [read_amount(text, "USD").minor for text in ("1.5", "5 JPY", "1.234 KWD")] == [150, 5, 1234]
    with pytest.raises(ValueError):
        _ = Amount(Decimal("0.001"), "USD").minor
    assert is_currency("EUR")
    assert not is_currency("eur")


@given(st.integers(-(10**13), 10**13), st.sampled_from(["USD", "JPY", "KWD", "EUR"]))
def test_minor_units_and_back(minor: int, currency: str) -> None:
    amount = Amount.of_minor(minor, currency)
    assert amount.minor == minor
    assert read_amount(f"{amount.value:,f} {currency}", "USD") == amount
