"""Invented accounts on which every template is tried before a customer sees it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from engine.core.messages.charged import Charged
from engine.core.messages.facts import (
    Change,
    Company,
    Debtor,
    Instalment,
    Item,
    MessageFacts,
    Point,
    Promise,
    Sender,
)

_COMPANY = Company(
    name="Northwind Supply Co.",
    address=("14 Mill Road", "Albany, NY 12207", "USA"),
    email="accounts@northwind.example",
    phone="+1 518 555 0142",
    pay=("Transfer to First Albany Bank, account 4471 0092", "or by check to the address above"),
    pay_url="https://pay.northwind.example/",
    disputes="Maria Chen, claims@northwind.example, +1 518 555 0150",
)

_FULL = MessageFacts(
    account="ACME-0042",
    company=_COMPANY,
    debtor=Debtor(
        "Acme Hardware & Sons", ("200 Harbor Street", "Portland, ME 04101", "USA"), "Dana Whitfield", "US"
    ),
    sender=Sender("James Ortiz", "Accounts receivable", "+1 518 555 0147", "j.ortiz@northwind.example"),
    on=date(2026, 11, 25),
    respond_by=date(2026, 12, 3),
    items=(
        Item(
            "10231",
            date(2026, 10, 10),
            date(2026, 11, 9),
            Decimal("4820.50"),
            "USD",
            Decimal("5820.50"),
            "PO-7781",
            16,
        ),
        Item(
            "10254",
            date(2026, 10, 17),
            date(2026, 11, 16),
            Decimal("1310.00"),
            "USD",
            Decimal("1310.00"),
            "PO-7802",
            9,
        ),
        Item(
            "E-0077",
            date(2026, 10, 19),
            date(2026, 11, 18),
            Decimal("990.40"),
            "EUR",
            Decimal("990.40"),
            "PO-7815",
            7,
        ),
    ),
    aside=(
        Item(
            "10199",
            date(2026, 9, 28),
            date(2026, 10, 28),
            Decimal("615.25"),
            "USD",
            None,
            "PO-7640",
            28,
            "disputed",
        ),
    ),
    promise=Promise(Decimal("2000.00"), "USD", date(2026, 11, 18), date(2026, 11, 10), "Robin Hale", "check"),
    plan=(
        Instalment(Decimal("1500.00"), "USD", date(2026, 12, 15)),
        Instalment(Decimal("1500.00"), "USD", date(2027, 1, 15)),
    ),
    points=(
        Point("return", amount=Decimal("310.00"), currency="USD", text="RMA-204"),
        Point("other", ours=False, text="monthly statements go to Robin Hale"),
    ),
    charges=(
        Charged(
            "E-0077",
            "interest",
            1_95,
            "EUR",
            date(2026, 11, 19),
            date(2026, 11, 25),
            {
                "law": "§ 288 BGB",
                "parts": [
                    {
                        "from": "2026-11-19",
                        "to": "2026-11-25",
                        "days": 7,
                        "principal": 990_40,
                        "percent": "10.27",
                        "reference": "bundesbank",
                        "reference_percent": "1.27",
                        "reference_since": "2026-07-01",
                        "points": "9",
                    }
                ],
            },
        ),
        Charged(
            "E-0077",
            "lump sum",
            40_00,
            "EUR",
            date(2026, 11, 19),
            date(2026, 11, 19),
            {"law": "§ 288 BGB", "debt": 990_40},
        ),
    ),
    change=Change("terms", "cash on delivery", "", date(2026, 11, 25)),
)

_BARE = MessageFacts(
    account="7",
    company=Company("Northwind Supply Co.", email="accounts@northwind.example", pay=("Account 4471 0092",)),
    debtor=Debtor("Lee Garden Center"),
    sender=Sender("James Ortiz"),
    on=date(2026, 11, 25),
    respond_by=date(2026, 12, 3),
    items=(Item("1", date(2026, 10, 10), date(2026, 11, 9), Decimal("75.00"), "USD"),),
    change=Change("hold", "orders", "", date(2026, 11, 25)),
)


def full() -> MessageFacts:
    """An account with everything: two currencies, an item set aside, a promise, a plan, a contact."""
    return _FULL


def bare() -> MessageFacts:
    """An account with only what every account has."""
    return _BARE


def all_samples() -> tuple[MessageFacts, ...]:
    return (_FULL, _BARE)
