"""Eighteen months of trade with made-up customers: who buys, who pays when, who promises, who disputes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from random import Random

from engine.core.ledger import Terms, due_date, read_terms
from engine.sample.names import Country

DAYS = 548  # eighteen months


class Payer(StrEnum):
    """How a customer pays."""

    PROMPT = "prompt"  # on the due date, give or take
    SLOW = "slow"  # always, and always two or three weeks late
    DRIFTING = "drifting"  # a little later every month
    SEASONAL = "seasonal"  # late after the season, when the money is in the stock
    TROUBLE = "in trouble"  # paid well until a few months ago
    NEW = "new"  # a customer for half a year, and late for the first time


PAYERS = {
    Payer.PROMPT: 60,
    Payer.SLOW: 13,
    Payer.DRIFTING: 7,
    Payer.SEASONAL: 9,
    Payer.TROUBLE: 5,
    Payer.NEW: 6,
}


@dataclass(frozen=True, slots=True)
class Buyer:
    """What decides how much a customer buys and when it pays."""

    account: str
    name: str
    place: Country
    segment: str
    payer: Payer
    terms: str
    currency: str
    size: float  # of a usual invoice, in its currency
    invoices: float  # a month


@dataclass(frozen=True, slots=True)
class Document:
    """An invoice, a credit note or a payment. Amounts are cents, credits below zero; not `paid`: open."""

    account: str
    number: str
    kind: str
    issued: date
    due: date
    amount: int
    open: int
    po: str = ""
    paid: date | None = None
    disputed: bool = False
    text: str = ""


@dataclass(frozen=True, slots=True)
class Promise:
    """What a customer promised on the telephone, cents of `currency`; `state` is kept, broken or open."""

    account: str
    currency: str
    made: date
    pays: date
    amount: int
    state: str


@dataclass(slots=True)
class Trade:
    """All that happened, in the order of the accounts."""

    documents: list[Document] = field(default_factory=list)
    promises: list[Promise] = field(default_factory=list)


def trade(buyers: list[Buyer], on: date, random: Random) -> Trade:
    """Everything between `on` and eighteen months before it."""
    done = Trade()
    for buyer in buyers:
        invoices = list(_invoices(buyer, on, random))
        done.documents += invoices
        done.documents += _credits(buyer, invoices, on, random)
        done.promises += _promises(buyer, invoices, on, random)
    return Trade(_numbered(done.documents), done.promises)


def _invoices(buyer: Buyer, on: date, random: Random) -> Iterator[Document]:
    terms = read_terms(buyer.terms)
    assert isinstance(terms, Terms)
    first = DAYS if buyer.payer is not Payer.NEW else random.randint(100, 180)
    day = on - timedelta(days=first) + timedelta(days=random.randint(0, 30))
    while day < on:
        issued = _weekday(day)
        amount = max(2_500, round(buyer.size * math.exp(random.gauss(0, 0.55)) * 100))
        due = due_date(issued, terms)
        paid = _weekday(due + timedelta(days=_delay(buyer.payer, due, on, random)))
        paid = max(paid, issued + timedelta(days=2))
        # A demand for what is in dispute, or already paid in part, is what the engine must never make.
        disputed = random.random() < 0.025
        if disputed and paid > on - timedelta(days=30):
            paid = on + timedelta(days=1)
        settled = paid < on
        part = not settled and due < on and random.random() < 0.08
        yield Document(
            buyer.account,
            "",
            "Invoice",
            issued,
            due,
            amount,
            0 if settled else amount - (amount * random.randint(3, 7) // 10 if part else 0),
            f"PO {random.randint(4000, 9999)}" if random.random() < 0.7 else "",
            paid if settled else None,
            disputed and not settled,
            random.choice(_DISPUTES) if disputed and not settled else "",
        )
        day += timedelta(days=max(2, round(random.expovariate(buyer.invoices / 30))))


_DISPUTES = (
    "short shipment",
    "wrong product",
    "price differs from the order",
    "goods damaged",
    "proof of delivery",
)


def _delay(payer: Payer, due: date, on: date, random: Random) -> int:
    """Days from the due date to the payment."""
    ago = (on - due).days
    match payer:
        case Payer.PROMPT:
            return round(random.gauss(-2, 3)) if random.random() < 0.97 else random.randint(5, 25)
        case Payer.SLOW:
            return round(random.gauss(19, 7))
        case Payer.DRIFTING:
            return round(random.gauss(2 + 40 * max(0, DAYS - ago) / DAYS, 5))
        case Payer.SEASONAL:
            return round(random.gauss(38 if due.month in (1, 2, 10, 11) else 1, 6))
        case Payer.TROUBLE:
            return round(random.gauss(4, 4)) if ago > 130 else 400
        case Payer.NEW:
            return round(random.gauss(0, 3)) if ago > 40 else 60


def _credits(buyer: Buyer, invoices: list[Document], on: date, random: Random) -> Iterator[Document]:
    """Credit notes not yet set against anything, and money received that nobody has matched."""
    recent = [invoice for invoice in invoices if (on - invoice.issued).days < 120]
    if recent and random.random() < 0.07:
        invoice = random.choice(recent)
        day = _weekday(min(on - timedelta(days=1), invoice.issued + timedelta(days=random.randint(5, 30))))
        amount = -max(1_000, invoice.amount // random.randint(4, 12))
        yield Document(buyer.account, "", "Credit Note", day, day, amount, amount, text="return")
    if recent and random.random() < 0.04:
        day = _weekday(on - timedelta(days=random.randint(2, 20)))
        # Sometimes all that is owed has come, and only the matching is missing.
        owed = sum(invoice.open for invoice in invoices if invoice.due < on and not invoice.disputed)
        amount = -(owed if owed and random.random() < 0.5 else max(5_000, recent[-1].amount // 2))
        yield Document(buyer.account, "", "Payment", day, day, amount, amount, text="on account, unapplied")


def _promises(buyer: Buyer, invoices: list[Document], on: date, random: Random) -> Iterator[Promise]:
    """Promises made once an invoice was ten days late and more; kept where the money came in time."""
    if buyer.payer is Payer.PROMPT:
        return
    for invoice in invoices:
        made = _weekday(invoice.due + timedelta(days=random.randint(10, 25)))
        if made >= on or (invoice.paid is not None and invoice.paid <= made) or random.random() > 0.12:
            continue
        pays = _weekday(made + timedelta(days=random.randint(4, 12)))
        kept = invoice.paid is not None and invoice.paid <= pays + timedelta(days=2)
        state = "kept" if kept else "broken" if pays + timedelta(days=4) < on else "open"
        yield Promise(buyer.account, buyer.currency, made, pays, invoice.amount, state)


def _numbered(documents: list[Document]) -> list[Document]:
    """Numbers in the order of the dates, as a system gives them."""
    starts = {"Invoice": ("", 10001), "Credit Note": ("CN-", 2001), "Payment": ("R-", 7001)}
    counts = dict.fromkeys(starts, 0)
    numbered = []
    for document in sorted(
        documents, key=lambda document: (document.issued, document.account, document.kind)
    ):
        before, start = starts[document.kind]
        values = {name: getattr(document, name) for name in document.__slots__}
        numbered.append(Document(**values | {"number": f"{before}{start + counts[document.kind]}"}))
        counts[document.kind] += 1
    return numbered


def _weekday(day: date) -> date:
    """A Saturday or Sunday becomes the Friday before it: invoices and payments are dated on working days."""
    return day - timedelta(days=max(0, day.weekday() - 4))
