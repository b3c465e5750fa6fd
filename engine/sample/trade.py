"""A made-up world of customers: who buys, who pays when, who disputes; asked for its ledger as of any day."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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
    TROUBLE = "in trouble"  # paid, one well and another late, until some weeks or months ago
    NEW = "new"  # a customer for half a year, and late for the first time


PAYERS = {
    Payer.PROMPT: 45,
    Payer.SLOW: 18,
    Payer.DRIFTING: 7,
    Payer.SEASONAL: 9,
    Payer.TROUBLE: 15,
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
    trouble: int = 0  # days since nothing has been paid any more


@dataclass(slots=True)
class Document:
    """An invoice, a credit note or a payment nobody has matched yet. Amounts are cents, credits below zero.

    `paid` is the day its last cent goes; a credit goes with the invoice that it `settles`. `part` is what
    was paid earlier. It is disputed from the first to the second day of `disputed`.
    """

    account: str
    number: str
    kind: str
    issued: date
    due: date
    amount: int
    paid: date
    po: str = ""
    part: tuple[date, int] | None = None
    disputed: tuple[date, date] | None = None
    text: str = ""
    settles: Document | None = None

    @property
    def gone(self) -> date:
        """The day on which it leaves the ledger."""
        return self.settles.paid if self.settles is not None else self.paid

    def open(self, on: date) -> int:
        """What is open of it on the morning of a day."""
        if self.issued >= on or self.gone < on:
            return 0
        return self.amount - (self.part[1] if self.part is not None and self.part[0] < on else 0)

    def is_disputed(self, on: date) -> bool:
        return self.disputed is not None and self.disputed[0] < on <= self.disputed[1]


class World:
    """Customers and their trade. Left alone it goes its way; `pays` is a customer who has changed its mind."""

    def __init__(self, buyers: Sequence[Buyer], documents: Sequence[Document]) -> None:
        self.buyers = {buyer.account: buyer for buyer in buyers}
        self.documents = _numbered(documents)
        self._invoices: dict[str, list[Document]] = {}
        for document in self.documents:
            if document.kind == "Invoice":
                self._invoices.setdefault(document.account, []).append(document)

    def asked(self, account: str, on: date) -> list[str]:
        """The numbers of the invoices that are overdue on a day and not disputed, the oldest first."""
        return [
            invoice.number
            for invoice in self._invoices.get(account, ())
            if invoice.due < on and invoice.open(on) and not invoice.is_disputed(on)
        ]

    def pays(self, account: str, day: date, owed: date, share: int = 100) -> None:
        """The customer pays on `day` what is overdue on `owed` and not disputed, or only a part of it.

        `share` is in hundredths. What would have been paid sooner anyway is paid sooner.
        """
        for invoice in self._invoices.get(account, ()):
            if invoice.due >= owed or not invoice.open(day) or invoice.is_disputed(day):
                continue
            if share == 100:
                invoice.paid = min(invoice.paid, day)
            elif invoice.part is None and invoice.paid > day:
                invoice.part = (day, invoice.amount * share // 100)

    def settle(self, account: str, number: str, day: date) -> None:
        """An invoice whose dispute has ended is paid, or credited, on a day."""
        for invoice in self._invoices.get(account, ()):
            if invoice.number == number:
                invoice.paid = min(invoice.paid, day)


def trade(buyers: Sequence[Buyer], on: date, random: Random) -> World:
    """Everything between `on` and eighteen months before it, and what is still to be paid."""
    documents: list[Document] = []
    for buyer in buyers:
        for invoice in _invoices(buyer, on, random):
            documents.append(invoice)
            documents += _credits(invoice, on, random)
    return World(buyers, documents)


def _invoices(buyer: Buyer, on: date, random: Random) -> Iterator[Document]:
    first = DAYS if buyer.payer is not Payer.NEW else random.randint(100, 180)
    day = on - timedelta(days=first) + timedelta(days=random.randint(0, 30))
    while day < on:
        yield _invoice(buyer, day, on, random)
        day += timedelta(days=max(2, round(random.expovariate(buyer.invoices / 30))))
    if buyer.payer is Payer.TROUBLE:  # it begins with an order that cannot be paid
        yield _invoice(buyer, on - timedelta(days=buyer.trouble + 30), on, random)


def _invoice(buyer: Buyer, day: date, on: date, random: Random) -> Document:
    terms = read_terms(buyer.terms)
    assert isinstance(terms, Terms)
    issued = weekday(day)
    due = due_date(issued, terms)
    paid = weekday(due + timedelta(days=_delay(buyer, due, on, random)))
    invoice = Document(
        account=buyer.account,
        number="",
        kind="Invoice",
        issued=issued,
        due=due,
        amount=max(2_500, round(buyer.size * math.exp(random.gauss(0, 0.55)) * 100)),
        paid=max(paid, issued + timedelta(days=2)),
        po=f"PO {random.randint(4000, 9999)}" if random.random() < 0.7 else "",
    )
    _disputed(invoice, random)
    if random.random() < 0.03 and invoice.paid > due:
        invoice.part = (invoice.paid, invoice.amount * random.randint(3, 7) // 10)
        invoice.paid = weekday(invoice.paid + timedelta(days=random.randint(20, 50)))
    return invoice


def _disputed(invoice: Document, random: Random) -> None:
    """Some invoices are disputed for a while, and paid only afterwards."""
    if random.random() >= 0.04:
        return
    since = weekday(invoice.issued + timedelta(days=random.randint(10, 45)))
    if since < invoice.paid:
        until = weekday(since + timedelta(days=random.randint(12, 45)))
        invoice.disputed, invoice.text = (since, until), random.choice(_DISPUTES)
        invoice.paid = max(invoice.paid, weekday(until + timedelta(days=random.randint(3, 12))))


_DISPUTES = (
    "short shipment",
    "wrong product",
    "price differs from the order",
    "goods damaged",
    "proof of delivery",
)


def _delay(buyer: Buyer, due: date, on: date, random: Random) -> int:
    """Days from the due date to the payment."""
    ago = (on - due).days
    match buyer.payer:
        case Payer.PROMPT:
            return round(random.gauss(-2, 3)) if random.random() < 0.97 else random.randint(5, 25)
        case Payer.SLOW:
            return round(random.gauss(20, 9))
        case Payer.DRIFTING:
            return round(random.gauss(2 + 40 * max(0, DAYS - ago) / DAYS, 5))
        case Payer.SEASONAL:
            return round(random.gauss(38 if due.month in (1, 2, 10, 11) else 1, 6))
        case Payer.TROUBLE:
            if ago <= buyer.trouble + 3:  # a due date may have been moved to a weekday
                return 400
            return round(random.gauss(26, 7) if buyer.trouble % 5 else random.gauss(4, 4))
        case Payer.NEW:
            return round(random.gauss(0, 3)) if ago > 50 else round(random.gauss(28, 8))


def _credits(invoice: Document, on: date, random: Random) -> Iterator[Document]:
    """Credit notes that wait for their invoice, and money received that nobody has matched."""
    chance = random.random()
    if chance < 0.02:
        day = weekday(invoice.issued + timedelta(days=random.randint(5, 30)))
        amount = -max(1_000, invoice.amount // random.randint(4, 12))
        if day < min(on, invoice.paid):
            account = invoice.account
            yield Document(account, "", "Credit Note", day, day, amount, day, text="return", settles=invoice)
    elif chance < 0.035 and invoice.paid < on and invoice.part is None:
        # All of it has come, and only the matching is missing.
        day, amount = invoice.paid, -invoice.amount
        invoice.paid = weekday(day + timedelta(days=random.randint(6, 20)))
        text = "on account, unapplied"
        yield Document(invoice.account, "", "Payment", day, day, amount, day, text=text, settles=invoice)


def _numbered(documents: Sequence[Document]) -> list[Document]:
    """Numbers in the order of the dates, as a system gives them."""
    starts = {"Invoice": ("", 10001), "Credit Note": ("CN-", 2001), "Payment": ("R-", 7001)}
    counts = dict.fromkeys(starts, 0)
    numbered = sorted(documents, key=lambda document: (document.issued, document.account, document.kind))
    for document in numbered:
        before, start = starts[document.kind]
        document.number = f"{before}{start + counts[document.kind]}"
        counts[document.kind] += 1
    return numbered


def weekday(day: date) -> date:
    """A Saturday or Sunday becomes the Friday before it: invoices and payments are dated on working days."""
    return day - timedelta(days=max(0, day.weekday() - 4))
