"""A small house with its policies, its ledger and its people, and what happens there day by day."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Mapping
from datetime import UTC, date, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from engine.core.decision.summary import Preview
from engine.jobs import ahead, evaluate
from engine.jobs.cases import Who
from engine.jobs.deliver import DeliverReport, deliver_now
from engine.jobs.intake import Intake, take_in
from engine.jobs.workspace import Workspace, open_workspace
from engine.store import database
from engine.store.history import Work, worklist
from engine.store.tables import action, journal, mark, outbox

ZONE = ZoneInfo("America/New_York")
TEMPLATES = Path(__file__).parents[2] / "templates"

SETTINGS = """
[company]
name = "Seller Inc."
address = ["1 Main Street", "Springfield, IL 62701"]
email = "accounts@seller.example.com"
phone = "+1 217 555 0100"
pay = ["Bank of Springfield", "Account 123456"]
disputes = "disputes@seller.example.com"

[workspace]
zone = "America/New_York"

[ledger]
currency = "USD"

[people.ana]
name = "Ana Reyes"
roles = ["credit manager"]
phone = "+1 217 555 0101"

[people.joe]
name = "Joe Ortiz"
roles = ["collector"]
phone = "+1 217 555 0102"

[people.sue]
name = "Sue Chen"
roles = ["supervisor"]
phone = "+1 217 555 0103"
"""

HOUSE = """
order: [standard]
currency: USD
calendar: none
hours: weekdays 8:30-17:00
answer: 7 days
minimum: 50
gap: 2 days
"""

STANDARD = """
policy: Standard
clock: due date
steps:
  - day: 5
    email: friendly-reminder
  - day: 10
    call: collector
    script: first-call
  - day: 20
    letter: firm-reminder
  - day: 40
    terms: cash on delivery
    email: cod-notice
    approve: credit manager
"""

COLUMNS = ("customer number", "customer name", "invoice number", "invoice date", "due date", "open amount")
MASTER = (
    "customer number",
    "customer name",
    "contact",
    "role",
    "email",
    "phone",
    "address",
    "postcode",
    "city",
)


class House:
    """A workspace in a folder. Days are in New York; `at` is the hour of the office."""

    def __init__(
        self,
        root: Path,
        url: str,
        *,
        house: str = HOUSE,
        policies: Mapping[str, str] | None = None,
        more: str = "",
        company: str = "main",
    ) -> None:
        self.root = root / "house"
        self.url, self.company = url, company
        self.items: dict[str, tuple[str, str, str, str, str]] = {}
        self.contacts: dict[str, dict[str, str]] = {}
        self.read: Workspace | None = None
        others = shutil.ignore_patterns(*(f"*.{code}.md" for code in ("de", "es", "fr", "it", "pt")))
        shutil.copytree(TEMPLATES, self.root / "templates", ignore=others)
        (self.root / "policies").mkdir()
        self.settings(more)
        self.write("house", house)
        for name, text in (policies or {"standard": STANDARD}).items():
            self.write(name, text)

    def settings(self, more: str) -> None:
        text = SETTINGS.replace("[workspace]\n", f'[workspace]\ncompany = "{self.company}"\n')
        text += f'\n[database]\nurl = "{self.url}"\n' + more
        (self.root / "dunwell.toml").write_text(text, "utf-8")
        self.read = None

    def write(self, name: str, text: str) -> None:
        (self.root / "policies" / f"{name}.yaml").write_text(text, "utf-8")
        self.read = None

    @property
    def ws(self) -> Workspace:
        """Read again after a file of it was written."""
        if self.read is None:
            self.read = self._open()
        return self.read

    def _open(self) -> Workspace:
        found = open_workspace(self.root)
        errors = [f"{p.place}: {p.sentence}" for p in found.problems if p.severity.value == "error"]
        assert found.book is not None, errors
        return found

    @property
    def out(self) -> Path:
        return self.root / "out"

    # -- the ledger ------------------------------------------------------------------------------------------

    def owes(self, account: str, item: str, due: str, amount: str = "1200.00") -> None:
        self.items[item] = (account, f"{account} Inc.", "2026-08-03", due, amount)

    def paid(self, *items: str) -> None:
        for item in items:
            del self.items[item]

    def contact(self, account: str, **more: str) -> None:
        usual = {
            "contact": f"Clerk of {account}",
            "role": "accounts payable",
            "email": f"ap@{account.lower()}.example.com",
            "phone": "+1 212 555 0199",
            "address": "5 Side Street",
            "postcode": "10001",
            "city": "New York",
        }
        self.contacts[account] = usual | more

    def import_ledger(self, on: str, at: str = "07:00") -> Intake:
        rows = [(a, n, item, day, due, amount) for item, (a, n, day, due, amount) in self.items.items()]
        return self.take(f"ledger-{on}.csv", COLUMNS, rows, on, at)

    def import_customers(self, on: str = "2026-10-01", at: str = "06:00") -> Intake:
        rows = [
            (account, f"{account} Inc.", *(c[name] for name in MASTER[2:]))
            for account, c in self.contacts.items()
        ]
        return self.take("customers.csv", MASTER, rows, on, at, customers=True)

    def take(self, name: str, columns: Any, rows: Any, on: str, at: str, customers: bool = False) -> Intake:
        text = io.StringIO()
        csv.writer(text).writerows([columns, *rows])
        path = self.root.parent / name
        path.write_text(text.getvalue(), "utf-8")
        as_of = None if customers else date.fromisoformat(on)
        taken = take_in(self.ws, path, now=moment(on, at), by="ana", as_of=as_of, customers=customers)
        assert taken.report is not None, taken.problems
        return taken

    # -- the days --------------------------------------------------------------------------------------------

    def preview(self, on: str, days: int = 5, at: str = "09:00") -> Preview:
        return ahead.preview(self.ws, start=date.fromisoformat(on), days=days, now=moment(on, at))

    def run(self, on: str, at: str = "10:00", agreed: str = "") -> evaluate.RunReport:
        return evaluate.run(self.ws, on=date.fromisoformat(on), now=moment(on, at), agreed=agreed)

    def deliver(self, on: str, at: str = "10:00") -> DeliverReport:
        return deliver_now(self.ws, now=moment(on, at))

    def day(self, on: str, at: str = "10:00") -> DeliverReport:
        """What the office does every day."""
        self.run(on, at)
        return self.deliver(on, at)

    def who(self, on: str, by: str = "ana") -> Who:
        return Who(by, moment(on, "11:00"), date.fromisoformat(on))

    # -- what has come of it ---------------------------------------------------------------------------------

    @property
    def engine(self) -> Engine:
        return database.open(self.ws.files.database_url)

    def rows(self, query: Any) -> list[Any]:
        engine = self.engine
        try:
            with database.reading(engine) as conn:
                return list(conn.execute(query))
        finally:
            engine.dispose()

    def do(self, work: Any) -> Any:
        """A verb of `engine.jobs.cases`, or any work on the database."""
        engine = self.engine
        try:
            return work(engine)
        finally:
            engine.dispose()

    def states(self, account: str = "ACME") -> list[tuple[str, str, str]]:
        """(kind, step, state) of all actions of an account, in the order they were decided."""
        names = (action.c.kind, action.c.step, action.c.state)
        query = (
            sa.select(*names)
            .where(action.c.account == account)
            .order_by(action.c.on, action.c.day, action.c.key)
        )
        return [tuple(row) for row in self.rows(query)]

    def reason(self, account: str, kind: str) -> str | None:
        query = sa.select(action.c.reason).where(action.c.account == account, action.c.kind == kind)
        return str(self.rows(query.order_by(action.c.on.desc(), action.c.key.desc()))[0][0])

    def marks(self, account: str = "ACME") -> set[tuple[str, str]]:
        return {
            tuple(row)
            for row in self.rows(sa.select(mark.c.item, mark.c.step).where(mark.c.account == account))
        }

    def waiting(self) -> list[str]:
        query = sa.select(outbox.c.action).where(outbox.c.state.in_(["pending", "retry", "sending"]))
        return [key for (key,) in self.rows(query)]

    def worklist(self, on: str) -> list[Work]:
        return self.do(lambda engine: _worklist(engine, date.fromisoformat(on)))

    def journal(self, kind: str) -> list[dict[str, Any]]:
        return [
            orjson.loads(body)
            for (body,) in self.rows(sa.select(journal.c.body).where(journal.c.kind == kind))
        ]

    def mails(self) -> list[EmailMessage]:
        files = sorted(self.out.rglob("*.eml"))
        return [message_from_bytes(path.read_bytes(), policy=default) for path in files]

    def letters(self) -> list[Path]:
        return sorted(self.out.rglob("*.pdf"))

    def requests(self) -> list[dict[str, Any]]:
        return [orjson.loads(path.read_bytes()) for path in sorted(self.out.rglob("*.json"))]


def _worklist(engine: Engine, on: date) -> list[Work]:
    with database.reading(engine) as conn:
        return worklist(conn, on)


def moment(on: str, at: str) -> datetime:
    return datetime.fromisoformat(f"{on}T{at}").replace(tzinfo=ZONE).astimezone(UTC)
