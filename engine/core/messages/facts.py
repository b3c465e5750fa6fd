"""What a message may say: a snapshot of the account, of us, and of what was agreed."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from decimal import Decimal

from engine.core.messages.charged import Charged


@dataclass(frozen=True, slots=True)
class Company:
    """Who we are, from the settings. `pay` are the lines that say how to pay, as they should be printed.

    `disputes` is whom to tell that an invoice is wrong: a name, a telephone number or an address. `logo` is
    a PNG, JPEG
    or SVG for the letterhead; e-mails do without.
    """

    name: str
    address: tuple[str, ...] = ()
    email: str = ""
    phone: str = ""
    pay: tuple[str, ...] = ()
    pay_url: str = ""
    disputes: str = ""
    logo: bytes = b""


@dataclass(frozen=True, slots=True)
class Debtor:
    """The customer. `languages` are tried in order: the contact's, the account's; then the country's, then
    English."""

    name: str
    address: tuple[str, ...] = ()
    contact: str = ""
    country: str = ""  # ISO 3166 alpha-2
    languages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sender:
    """The person who signs."""

    name: str
    role: str = ""
    phone: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """An open invoice. `open` and `amount` are in `currency`; `days_overdue` is negative before the due date.

    `reason` is why it is set aside: `disputed`, `promised`, `planned`. `link` is where its document is.
    """

    number: str
    date: datetime.date
    due: datetime.date
    open: Decimal
    currency: str  # ISO 4217
    amount: Decimal | None = None
    po: str = ""
    days_overdue: int = 0
    reason: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Promise:
    """What was agreed: an amount by a date. `check` is a cheque's number, `how` any other way to pay."""

    amount: Decimal
    currency: str
    date: datetime.date
    made_on: datetime.date
    spoken_with: str = ""
    how: str = ""
    check: str = ""


@dataclass(frozen=True, slots=True)
class Instalment:
    """One payment of a plan."""

    amount: Decimal
    currency: str
    date: datetime.date


@dataclass(frozen=True, slots=True)
class Point:
    """Something else that was agreed: a return, a discount, more days, a waiver, a release of orders; `text` as it was said.

    `kind` is that of a concession; `ours`: we give it.
    """

    kind: str
    ours: bool = True
    amount: Decimal | None = None
    currency: str = ""
    days: int | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """What a notice announces: new terms or a hold (`kind`), or its end where something is `lifted`. `effective` is its
    first day."""

    kind: str  # terms, hold
    value: str  # "cash on delivery", "net 30"; "orders", "none"
    lifted: str
    effective: datetime.date


@dataclass(frozen=True, slots=True)
class MessageFacts:
    """Everything a template can show. `items` are what we ask for, `aside` what is set aside, each in its
    own list.

    `totals` are per currency over `items`; `respond_by` is an open day. All dates are the customer's own.
    """

    account: str
    company: Company
    debtor: Debtor
    sender: Sender
    on: datetime.date
    respond_by: datetime.date
    items: tuple[Item, ...] = ()
    aside: tuple[Item, ...] = ()
    promise: Promise | None = None
    plan: tuple[Instalment, ...] = ()
    points: tuple[Point, ...] = ()
    charges: tuple[Charged, ...] = ()  # late-payment money of the items, not in their totals
    change: Change | None = None

    @property
    def totals(self) -> tuple[tuple[str, Decimal], ...]:
        """Currency and amount, in the order in which the currencies first appear."""
        sums: dict[str, Decimal] = {}
        for item in self.items:
            sums[item.currency] = sums.get(item.currency, Decimal(0)) + item.open
        return tuple(sums.items())
