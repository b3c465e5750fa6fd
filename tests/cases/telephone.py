"""A small house at the telephone: two collectors, a supervisor, a credit manager, and customers who owe."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa

from engine.jobs import cases
from engine.jobs.cases import Who
from engine.store import database, journal
from engine.store import tables as t
from tests.jobs.world import ZONE, House, moment

ROOT = Path(__file__).parents[2]
MONDAY, TUESDAY, WEDNESDAY = "2026-10-05", "2026-10-06", "2026-10-07"

MORE = """
[people.jim]
name = "Jim Park"
roles = ["collector"]
phone = "+1 217 555 0104"

[documents]
"*" = "copies/{number}.pdf"
"""
HOUSE = """
order: [standard]
currency: USD
calendar: none
hours: weekdays 8:30-17:00
never:
  - insolvent: yes
  - attorney: yes
answer: 7 days
minimum: 50
gap: 2 days
"""
STANDARD = """
policy: Standard
clock: due date
steps:
  - day: 5
    call: collector
    script: first-call
  - day: 8
    letter: firm-reminder
  - day: 20
    call: supervisor
    script: supervisor-call
"""


class Telephone(House):
    """The house of the stories, with what follows a call as it is shipped."""

    def __init__(self, root: Path, url: str, **more: Any) -> None:
        settings = {"house": HOUSE, "policies": {"standard": STANDARD}, "more": MORE} | more
        super().__init__(root, url, **settings)
        self.write("outcomes", (ROOT / "policies/outcomes.yaml").read_text("utf-8"))

    @classmethod
    def again(cls, first: Telephone) -> Telephone:
        """The house as it was when `first` was made, in the same folder. ACME owes what it owed there."""
        found = cls.__new__(cls)
        found.root, found.url, found.read = first.root, first.url, first.ws
        found.items, found.contacts = {}, {}
        found.__dict__["engine"] = first.engine
        found.knows("ACME")
        return found

    def knows(self, *accounts: str) -> None:
        """The invoices of these accounts, and whom to ask for there."""
        for account in accounts:
            self.owes(account, f"{account[0]}1", "2026-09-30")
            self.owes(account, f"{account[0]}2", "2026-10-02", "300.00")
            self.contact(account)

    def late(self, *accounts: str, on: str = MONDAY) -> None:
        """These accounts have a call on the list on the day: their invoices A1 and A2 are late."""
        self.knows(*accounts)
        self.import_customers()
        self.import_ledger(on)
        self.run(on, "08:45")

    def log(
        self,
        outcome: str,
        *,
        on: str = MONDAY,
        at: str = "11:00",
        by: str = "joe",
        account: str = "ACME",
        **more: Any,
    ) -> str:
        """Log a call as the command does."""
        who = Who(by, moment(on, at), date.fromisoformat(on))
        answers = {name.replace("_", " "): value for name, value in more.pop("answers", {}).items()}
        return self.do(
            lambda engine: cases.log_call(
                engine, account, outcome, who, self.ws.calendar, ws=self.ws, answers=answers, **more
            )
        )

    def followed(self, account: str = "ACME", state: str = "planned") -> list[Any]:
        """What followed calls, with its detail read: the calls, tasks and messages that are in a state."""
        a = t.action.c
        query = sa.select(t.action).where(a.account == account, a.policy == t.OUTCOMES, a.state == state)
        return [_Row(row) for row in self.rows(query.order_by(a.occurrence, a.kind, a.key))]

    def calls(self, account: str = "ACME") -> list[Any]:
        return self.rows(sa.select(t.call).where(t.call.c.account == account).order_by(t.call.c.id))

    def today(self, on: str, account: str = "ACME") -> list[Any]:
        """What is on people's lists for an account on a day."""
        return [work for work in self.worklist(on) if work.account == account]

    @cached_property
    def engine(self) -> sa.Engine:  # type: ignore[override]
        """One for all that a test does: each new one reads its tables and compiles its statements anew."""
        return database.open(self.ws.files.database_url)

    def change(self, statement: Any) -> None:
        """Something that no verb of this piece does."""

        def work(engine: sa.Engine) -> None:
            with database.writing(engine) as conn:
                conn.execute(statement)

        self.do(work)

    def sound(self) -> None:
        """The journal is whole."""

        def look(engine: sa.Engine) -> None:
            with database.reading(engine) as conn:
                journal.verify(conn)

        self.do(look)


class _Row:
    """A row of the table `action` with its detail read."""

    def __init__(self, row: Any) -> None:
        self.row, self.detail = row, orjson.loads(row.detail)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.row, name)

    @property
    def at(self) -> str | None:
        """The moment, by New York's clock."""
        if self.row.not_before_at is None:
            return None
        return f"{datetime.fromisoformat(self.row.not_before_at).astimezone(ZONE):%Y-%m-%d %H:%M}"


def on_sqlite(tmp_path: Path, template: Path, **more: Any) -> Iterator[Telephone]:
    """The house on a SQLite file of its own; its journal is looked through at the end."""
    shutil.copy(template, tmp_path / "dunwell.db")
    house = Telephone(tmp_path, f"sqlite:///{tmp_path / 'dunwell.db'}", **more)
    yield house
    house.sound()


RIGHT = {"reason": "cash crunch", "spoken_with": "Ann Lee"}  # what a call that reached somebody always needs
