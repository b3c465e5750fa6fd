"""A house in which people agree on things: a policy for broken promises before the standard one, limits by role."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from engine.jobs import cases
from engine.jobs.cases import Who
from engine.store import database
from engine.store.database import writing
from engine.store.disputes import Contested, disputes
from engine.store.plans import Agreed, plans
from engine.store.promises import Given, promises
from tests.jobs.world import House

HOUSE = """
order: [broken-promise, standard]
currency: USD
calendar: none
hours: weekdays 8:30-17:00
answer: 7 days
minimum: 20
limits:
  collector: {discount: 2%, days: 7, plan: 3 months}
  supervisor: {discount: 5%, days: 30, plan: 6 months, waive: 100}
"""
BROKEN = """
policy: Broken promise
for:
  promise: broken
  overdue: over 100
start: promise broken
steps:
  - day: 0
    call: collector
    script: broken-promise
  - day: 5
    letter: broken-promise
"""
STANDARD = """
policy: Standard
clock: due date
steps:
  - day: 5
    call: collector
    script: first-call
  - day: 20
    letter: firm-reminder
"""
DISPUTES = """
dispute:
  ask: [reason, invoice, amount]
  task: dispute owner, answer in 3 open days
"""
DISPUTER = """
[people.dan]
name = "Dan Wu"
roles = ["dispute owner"]
"""
MONDAY = "2026-10-05"


class Shop(House):
    """ACME owes three invoices, one of them not due yet, and BOLT one."""

    def __init__(self, root: Path, template: Path | None = None, url: str = "", **more: Any) -> None:
        if template is not None:
            shutil.copy(template, root / "dunwell.db")
        texts = {"broken-promise": BROKEN, "standard": STANDARD, "outcomes": DISPUTES}
        usual: dict[str, Any] = {"house": HOUSE, "policies": texts, "more": DISPUTER}
        super().__init__(root, url or f"sqlite:///{root / 'dunwell.db'}", **(usual | more))
        self.owes("ACME", "A1", "2026-09-20", "700.00")
        self.owes("ACME", "A2", "2026-09-28", "500.00")
        self.owes("ACME", "N1", "2026-12-20", "900.00")
        self.owes("BOLT", "B1", "2026-09-30", "800.00")
        for account in ("ACME", "BOLT"):
            self.contact(account)
        self.import_customers()
        self.import_ledger(MONDAY)

    def part_paid(self, item: str, open_now: str) -> None:
        account, name, day, due, _ = self.items[item]
        self.items[item] = (account, name, day, due, open_now)

    # -- verbs -------------------------------------------------------------------------------------------------------

    def promise(
        self, pays: str, on: str = MONDAY, by: str = "joe", account: str = "ACME", **more: Any
    ) -> str:
        day = date.fromisoformat(pays)
        told: str = self.do(
            lambda engine: cases.promise(engine, account, day, self.who(on, by), self.ws.calendar, **more)
        )
        return told

    def plan(self, first: str, on: str = MONDAY, by: str = "joe", account: str = "ACME", **more: Any) -> str:
        day = date.fromisoformat(first)
        told: str = self.do(
            lambda engine: cases.plan(self.ws, engine, account, self.who(on, by), first=day, **more)
        )
        return told

    def dispute(self, item: str, reason: str, on: str = MONDAY, account: str = "ACME", **more: Any) -> str:
        told: str = self.do(
            lambda engine: cases.open_dispute(
                engine, account, item, reason, self.who(on, "joe"), ws=self.ws, **more
            )
        )
        return told

    def close(self, item: str, side: str, on: str, account: str = "ACME") -> str:
        told: str = self.do(
            lambda engine: cases.close_dispute(engine, account, item, self.who(on, "dan"), closed_for=side)
        )
        return told

    def concede(
        self,
        on: str = MONDAY,
        by: str = "joe",
        account: str = "ACME",
        because: str = "late delivery",
        **more: Any,
    ) -> str:
        names = ("share", "amount", "days", "waive", "currency")
        give = cases.Give(**{name: more.pop(name) for name in names if name in more})
        told: str = self.do(
            lambda engine: cases.concede(
                self.ws, engine, account, self.who(on, by), give, because=because, **more
            )
        )
        return told

    def approve(self, on: str = MONDAY, by: str = "ana", account: str = "ACME") -> str:
        told: str = self.do(lambda engine: cases.approve(engine, account, self.who(on, by), ws=self.ws))
        return told

    def decline(self, on: str = MONDAY, by: str = "ana", account: str = "ACME") -> str:
        told: str = self.do(
            lambda engine: cases.decline(engine, account, self.who(on, by), because="no", ws=self.ws)
        )
        return told

    def within(self, work: Any, on: str = MONDAY, by: str = "joe") -> Any:
        """Something that a call does within its own transaction."""
        who: Who = self.who(on, by)
        return self.do(lambda engine: _within(engine, lambda conn: work(conn, who)))

    # -- what has come of it -----------------------------------------------------------------------------------------

    def promises(self, account: str = "ACME") -> list[Given]:
        return self.look(lambda conn: promises(conn, account))

    def plans(self, account: str = "ACME") -> list[Agreed]:
        return self.look(lambda conn: plans(conn, account))

    def disputes(self, account: str = "ACME") -> list[Contested]:
        return self.look(lambda conn: disputes(conn, account))

    def look(self, work: Any) -> Any:
        return self.do(lambda engine: _looked(engine, work))

    def asides(self, on: str, account: str = "ACME") -> dict[str, str]:
        """Item -> why it is set aside, on a day, as the decisions see it."""
        from engine.store.state import load_state
        from tests.jobs.world import moment

        day = date.fromisoformat(on)
        state = self.look(
            lambda conn: load_state(conn, on=day, moment=moment(on, "09:00"), currency="USD", account=account)
        )
        return {item: why for item, why in state.items.select("item", "aside").iter_rows() if why}

    def fact(self, name: str, on: str, account: str = "ACME") -> Any:
        from engine.store.state import load_state
        from tests.jobs.world import moment

        day = date.fromisoformat(on)
        state = self.look(
            lambda conn: load_state(conn, on=day, moment=moment(on, "09:00"), currency="USD", account=account)
        )
        return state.accounts[name][0]

    def asked(self, on: str, account: str = "ACME") -> list[tuple[str, list[str]]]:
        """(step, the items it asks for) of what the day's run puts on the list for calls of an account."""
        self.run(on)
        return [
            (work.step, [name for name, _ in work.detail["items"]])
            for work in self.worklist(on)
            if work.kind == "call" and work.account == account
        ]

    def tasks(self, on: str, account: str = "ACME") -> list[tuple[str, str, str | None]]:
        """(step, role, person) of the tasks on the list."""
        return sorted(
            (work.step, work.role, work.person)
            for work in self.worklist(on)
            if work.kind == "task" and work.account == account
        )


class Kept:
    """A shop as it is on that Monday, for many tests: what one of them has done is undone for the next."""

    def __init__(self, root: Path, template: Path) -> None:
        self.shop = Shop(root, template)
        self.database, self.copy = root / "dunwell.db", root / "monday.db"
        self.keep()

    def keep(self) -> None:
        self.items = dict(self.shop.items)
        shutil.copy(self.database, self.copy)

    def fresh(self) -> Shop:
        for left in self.database.parent.glob("dunwell.db-*"):
            left.unlink()
        shutil.copy(self.copy, self.database)
        self.shop.items = dict(self.items)
        return self.shop


def _looked(engine: sa.Engine, work: Any) -> Any:
    with database.reading(engine) as conn:
        return work(conn)


def _within(engine: sa.Engine, work: Any) -> Any:
    with writing(engine) as conn:
        return work(conn)
