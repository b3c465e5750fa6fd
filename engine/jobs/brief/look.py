"""One account, as it is in one view of the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache, cached_property
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.core.language.policy import House
from engine.jobs.workspace import Workspace
from engine.store import tables as t
from engine.store.tables import COMPANY

WRONG = "wrong number"  # the rule of a number that is somebody else's


@dataclass
class Look:
    """An account on a day; what is read is read once. `now` is the moment, for the customer's own hour."""

    ws: Workspace
    conn: Connection
    account: str
    on: date
    now: datetime

    def rows(self, table: sa.Table, *order: Any) -> list[Mapping[str, Any]]:
        """All rows of the account."""
        found = self.conn.execute(_of(table).order_by(*order), {"whose": self.account})
        return [dict(row) for row in found.mappings()]

    @cached_property
    def house(self) -> House:
        return self.ws.book.house if self.ws.book is not None else House()

    @cached_property
    def master(self) -> Mapping[str, Any]:
        """What the customer master has of it; empty where it has nothing."""
        return next(iter(self.rows(t.customer)), {})

    @cached_property
    def contacts(self) -> list[Mapping[str, Any]]:
        return self.rows(t.contact, t.contact.c.id)

    @cached_property
    def open_rows(self) -> dict[str, Mapping[str, Any]]:
        """Its open items as the ledger has them, by number."""
        return {row["item"]: row for row in self.rows(t.item) if row["open"] != 0}

    @cached_property
    def rules(self) -> list[Mapping[str, Any]]:
        """How they want to be reached, or not, today."""
        return [row for row in self.rows(t.contact_rule, t.contact_rule.c.id) if self.holds(row)]

    @cached_property
    def wrong_numbers(self) -> frozenset[str]:
        return frozenset(row["whom"] for row in self.rules if row["rule"] == WRONG and row["whom"])

    def holds(self, row: Mapping[str, Any]) -> bool:
        """Whether something that holds from a day until another holds today."""
        return row["from_day"] <= self.on and (row["until"] is None or row["until"] >= self.on)

    def day(self, at: str) -> date:
        """The office's day of a moment as the database keeps it."""
        found = datetime.fromisoformat(at)
        here = ZoneInfo(self.ws.settings.workspace.zone)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(here).date()


@cache
def _of(table: sa.Table) -> sa.Select[Any]:
    """The question about one account, put together once: a brief asks it of every table."""
    mine = (table.c.company == COMPANY, table.c.account == sa.bindparam("whose"))
    return sa.select(table).where(*mine)
