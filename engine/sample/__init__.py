"""A made-up ledger to try everything on: 400 customers, eighteen months, good payers and bad, untidy data.

The same seed and day give the same files. Every date is relative to the day: a preview is of this week.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from engine.sample.names import Country, country, phone
from engine.sample.trade import PAYERS, Buyer, Payer, World, trade

SEED = 7
RATE = "1.0850"  # US dollars for a euro
OWNERS = ("lgrant", "svega", "tbauer")
COLLECTORS = ("jortiz", "apatel")
ALWAYS_LATE = (
    7  # MONT-0008: whatever the day, a customer of whom something is overdue, for the manual to name
)


@dataclass(frozen=True, slots=True)
class Sample:
    """A made-up world, and the files its accounting system would write on the morning of a day.

    `profiles` are the TOML texts with which they are read: `ledger`, `customers`, `history`.
    """

    on: date
    world: World
    customers: str
    profiles: Mapping[str, str]

    def ledger(self, on: date) -> str:
        """The open items of a day that is not after the sample's own."""
        return _ledger(self.world, on)

    def history(self, on: date) -> str:
        """What was paid until the evening before a day."""
        return _history(self.world, on)

    def files(self, on: date) -> Mapping[str, str]:
        """All three by name, as of a day."""
        return {
            "ledger.csv": self.ledger(on),
            "customers.csv": self.customers,
            "history.csv": self.history(on),
        }


def generate(seed: int, on: date, accounts: int = 400) -> Sample:
    """The sample of a day: eighteen months of trade that end on it."""
    random = Random(seed)  # noqa: S311 -- a sample, not a secret
    buyers = [_buyer(number, random) for number in range(accounts)]
    world = trade(buyers, on, random)
    people = Random(seed)  # noqa: S311 -- the same people every day
    return Sample(on, world, _customers(buyers, on, people), PROFILES)


def _buyer(number: int, random: Random) -> Buyer:
    place = country(number, random)
    segment = random.choices(("trade", "retail", "key", "public"), (60, 24, 7, 9))[0]
    payer = random.choices(list(PAYERS), list(PAYERS.values()))[0]
    if segment in ("key", "public") and payer is Payer.TROUBLE:
        payer = Payer.SLOW
    if number == ALWAYS_LATE:
        segment, payer = "trade", Payer.TROUBLE
    first = place.firsts[-1] if number == ALWAYS_LATE else random.choice(place.firsts)
    if segment == "public":
        name = place.public.format(first)
    else:
        name = f"{first} {random.choice(place.trades)} {random.choice(place.forms)}"
    terms = random.choices(
        ("Net 30", "Net 60", "2/10 net 30", "Net 14", "EOM + 30 days", "Due on receipt"), _TERMS[segment]
    )[0]
    if number == ALWAYS_LATE:
        terms = "Net 30"
    euro = place.code in ("DE", "FR", "ES", "IT", "PT") and (number < 8 or random.random() < 0.5)
    typical, spread = {"key": (9000, 1.2), "public": (2200, 1.0), "trade": (1800, 1.1), "retail": (420, 1.0)}[
        segment
    ]
    return Buyer(
        account=f"{_plain(name).upper()[:4]}-{number + 1:04}",
        name=name,
        place=place,
        segment=segment,
        payer=payer,
        terms=terms,
        currency="EUR" if euro else "USD",
        size=max(30.0, typical * random.lognormvariate(0, spread * 0.6)),
        invoices=random.uniform(0.4, 3.0 if segment == "key" else 1.6),
        trouble=random.choice((random.randint(38, 88), random.randint(56, 66))),
    )


_TERMS = {
    "trade": (74, 6, 8, 6, 3, 3),
    "retail": (78, 0, 6, 10, 0, 6),
    "key": (30, 60, 5, 0, 5, 0),
    "public": (80, 20, 0, 0, 0, 0),
}


def _ledger(world: World, on: date) -> str:
    """Open items as an accounting system prints them: a title, the items, a total for each currency."""
    rows: list[Iterable[object]] = [
        ("Open items, accounts receivable",),
        (f"As of {on.isoformat()}",),
        (),
        _LEDGER,
    ]
    totals: dict[str, int] = {}
    for item in sorted(world.documents, key=lambda item: (item.account, item.issued, item.number)):
        left = item.open(on)
        if left == 0:
            continue
        buyer = world.buyers[item.account]
        disputed = item.is_disputed(on)
        totals[buyer.currency] = totals.get(buyer.currency, 0) + left
        rows.append(
            (
                item.account,
                buyer.name,
                item.kind,
                item.number,
                item.issued,
                item.due,
                buyer.terms if item.kind == "Invoice" else "",
                item.po,
                _money(item.amount),
                _money(left),
                buyer.currency,
                RATE if buyer.currency == "EUR" else "1.0000",
                "yes" if disputed else "",
                item.text if disputed or item.kind != "Invoice" else "",
            )
        )
    for currency, total in sorted(totals.items()):
        rows.append((f"Total {currency}", *[""] * 8, _money(total), currency, "", "", ""))
    return _csv(rows)


_LEDGER = (
    *(
        "Customer No",
        "Customer Name",
        "Type",
        "Document No",
        "Document Date",
        "Due Date",
        "Terms",
        "PO Number",
    ),
    *("Original Amount", "Open Balance", "Currency", "Exchange Rate", "Disputed", "Text"),
)


def _history(world: World, on: date) -> str:
    rows: list[Iterable[object]] = [
        ("Invoices paid",),
        (f"As of {(on - timedelta(days=1)).isoformat()}",),
        (),
        _HISTORY,
    ]
    for item in world.documents:
        if item.kind == "Invoice" and item.paid < on:
            currency = world.buyers[item.account].currency
            rate = RATE if currency == "EUR" else "1.0000"
            money = _money(item.amount), currency, rate
            rows.append((item.account, item.number, item.issued, item.due, *money, item.paid))
    return _csv(rows)


_HISTORY = (
    *("Customer No", "Document No", "Document Date", "Due Date", "Amount", "Currency"),
    *("Exchange Rate", "Paid On"),
)


def _customers(buyers: list[Buyer], on: date, random: Random) -> str:
    rows: list[Iterable[object]] = [_CUSTOMERS]
    for number, buyer in enumerate(buyers):
        place = buyer.place
        town, postcode, zone = random.choice(place.towns)
        trouble = buyer.payer is Payer.TROUBLE and number != ALWAYS_LATE
        since = on - timedelta(
            days=random.randint(110, 180) if buyer.payer is Payer.NEW else random.randint(700, 6000)
        )
        rows.append(
            (
                buyer.account,
                buyer.name,
                buyer.segment,
                buyer.terms,
                place.code,
                place.language,
                buyer.currency,
                round(buyer.size / 100) * 800 if random.random() < 0.85 else "",
                random.choice(OWNERS) if buyer.segment == "key" else random.choice(COLLECTORS),
                "C" if trouble else random.choice("AAAB"),
                "under review" if trouble and random.random() < 0.1 else "active",
                "yes" if trouble and random.random() < 0.07 else "",
                "yes" if trouble and random.random() < 0.05 else "",
                "seasonal" if buyer.payer is Payer.SEASONAL else "",
                random.choice(place.people),
                "accounts payable",
                _email(buyer, random) if number >= 8 else f"accounts@{_domain(buyer)}",
                phone(place, random) if random.random() < 0.95 else "",
                *(_street(place, postcode, town, random) if random.random() < 0.96 else ("", "", "")),
                zone,
                since,
            )
        )
        if random.random() < 0.6:
            principal = f"{random.choice(_PRINCIPALS)}@{_domain(buyer)}" if random.random() < 0.8 else ""
            rows.append((*_principal(buyer), random.choice(place.people), "principal", principal, *[""] * 6))
    return _csv(rows)


_CUSTOMERS = (
    *("Customer No", "Customer Name", "Segment", "Payment Terms", "Country", "Language", "Currency"),
    *("Credit Limit", "Account Owner", "Risk Class", "Status", "Insolvent", "Attorney", "Tags"),
    *(
        "Contact",
        "Contact Role",
        "Email",
        "Phone",
        "Address",
        "Postcode",
        "City",
        "Time Zone",
        "Customer Since",
    ),
)


_PRINCIPALS = ("office", "director", "owner")


def _principal(buyer: Buyer) -> tuple[str, ...]:
    """The second row of a customer says only who else there is."""
    return buyer.account, buyer.name, *[""] * (_CUSTOMERS.index("Contact") - 2)


def _street(place: Country, postcode: str, town: str, random: Random) -> tuple[str, str, str]:
    number, street = random.randint(1, 240), random.choice(place.streets)
    number_first = place.code in ("US", "GB", "FR")
    return (f"{number} {street}" if number_first else f"{street} {number}"), postcode, town


def _email(buyer: Buyer, random: Random) -> str:
    """Mostly right; some are missing, and some were typed in a hurry."""
    chance = random.random()
    address = f"{random.choice(('accounts', 'ap', 'billing', 'payables'))}@{_domain(buyer)}"
    if chance < 0.05:
        return ""
    if chance < 0.065:
        return random.choice(
            (address.replace("@", "@@"), address.replace("@", "."), address.replace(".", ","))
        )
    return address


def _domain(buyer: Buyer) -> str:
    return f"{_plain(buyer.name)[:24]}.example"


def _plain(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name.lower())
    return "".join(sign for sign in letters if "a" <= sign <= "z")


def _money(cents: int) -> str:
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02}"


def _csv(rows: Iterable[Iterable[object]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


PROFILES: Mapping[str, str] = {
    "ledger": """\
# How ledger.csv is read: the open items of the morning.
separator = ","
decimal = "."
dates = "y-m-d"

[columns]
account = "Customer No"
name = "Customer Name"
kind = "Type"
item = "Document No"
date = "Document Date"
due = "Due Date"
amount = "Original Amount"
open = "Open Balance"
rate = "Exchange Rate"
""",
    "customers": """\
# How customers.csv is read: who the customers are and how to reach them.
separator = ","
decimal = "."
dates = "y-m-d"

[columns]
owner = "Account Owner"
risk = "Risk Class"
limit = "Credit Limit"
opened = "Customer Since"
""",
    "history": """\
# How history.csv is read: invoices of eighteen months that were paid, and when.
separator = ","
decimal = "."
dates = "y-m-d"
settled = true

[columns]
amount = "Amount"
paid_on = "Paid On"
""",
}
