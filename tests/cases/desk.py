"""A desk of two collectors with their own policies and ledger, where commands are typed and their answers read."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from engine.store import bulk, database
from engine.store import tables as t
from tests.cli.conftest import run
from tests.jobs.world import House, moment

PEOPLE = """
[people.kim]
name = "Kim Lee"
roles = ["collector", "account owner"]
phone = "+1 217 555 0104"
calls = 2

[documents]
"*" = "copies/{number}.pdf"
"""

RULES = """
order: [standard]
currency: USD
calendar: US
hours: weekdays 8:30-17:00
answer: 7 days
"""

# On the 35th day on the telephone, which is the fifth day past due on net 30.
STANDARD = """
policy: Standard
clock: invoice date
steps:
  - day: 35
    call: collector
    script: first-call
"""

LEDGER = (
    *("customer number", "customer name", "invoice number", "invoice date", "due date", "open amount"),
    *("po number", "reference", "terms"),
)
MASTER = (
    *("customer number", "customer name", "contact", "role", "email", "phone", "address", "postcode", "city"),
    *("industry", "risk class", "account owner", "terms"),
)
MONDAY = "2026-10-05"
TEMPLATES = (
    *("first-call.script.md", "key-account-call.script.md", "supervisor-call.script.md"),
    *("firm-reminder.md", "_email.html", "_letter.html"),
)


class Desk:
    """A house and its command line. `says` gives what a command shows, as typed on a day in the morning."""

    def __init__(
        self,
        root: Path,
        template: Path,
        *,
        rules: str = RULES,
        policies: Mapping[str, str] | None = None,
        people: str = PEOPLE,
    ) -> None:
        shutil.copy(template, root / "dunwell.db")
        url = f"sqlite:///{root / 'dunwell.db'}"
        self.house = House(root, url, house=rules, policies=policies or {"standard": STANDARD}, more=people)
        for file in (self.house.root / "templates").iterdir():
            if file.name not in TEMPLATES:  # the fewer there are, the sooner a command has read them
                file.unlink()

    def says(self, *words: str, on: str = MONDAY, at: str = "10:00", code: int = 0) -> str:
        said = run("--workspace", str(self.house.root), *words, at=moment(on, at))
        assert said.code == code, said
        return said.err if code else said.out

    def value(self, *words: str, on: str = MONDAY, at: str = "10:00") -> Any:
        return json.loads(self.says(*words, "--json", on=on, at=at))

    def ledger(self, *rows: tuple[str, ...], on: str = MONDAY) -> None:
        """Rows of account, number, date, due, amount, and as far as they are there order number, delivery, terms."""
        full = [(row[0], f"{row[0]} Inc.", *row[1:], *("",) * (9 - 1 - len(row)))[:9] for row in rows]
        self.house.take(f"ledger-{on}.csv", LEDGER, full, on, "07:00")

    def master(self, *rows: Mapping[str, str], on: str = "2026-10-01") -> None:
        """One row a contact; what a row does not name is empty."""
        names = dict(zip(MASTER, MASTER, strict=True))
        full = [
            tuple({"customer name": f"{row['customer number']} Inc.", **row}.get(name, "") for name in names)
            for row in rows
        ]
        self.house.take(f"customers-{on}.csv", MASTER, full, on, "06:00", customers=True)

    def insert(self, table: Any, columns: Iterable[str], rows: Iterable[tuple[Any, ...]]) -> None:
        """What a year of ledgers would have left behind."""
        engine = self.house.engine
        with database.writing(engine) as conn:
            bulk.insert(conn, table, tuple(columns), list(rows))
        engine.dispose()

    def paid(self, account: str, days: Iterable[date], late: int, amount: int = 500_00) -> None:
        columns = ("account", "item", "amount", "currency", "paid_on", "days_late")
        self.insert(t.payment, columns, [(account, f"old {day}", amount, "USD", day, late) for day in days])


def contact(account: str, name: str = "", role: str = "accounts payable", **more: str) -> dict[str, str]:
    """A row of the customer master with somebody who can be reached."""
    usual = {
        "customer number": account,
        "contact": name or f"Clerk of {account}",
        "role": role,
        "email": f"{role.split()[0]}@{account.lower()}.example.com",
        "phone": "+1 212 555 0199",
        "address": "5 Side Street",
        "postcode": "10001",
        "city": "New York",
    }
    return usual | {name.replace("_", " "): value for name, value in more.items()}
