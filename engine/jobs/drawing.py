"""Which side of a comparison one account is on, where only that account is looked at.

Whom a day draws depends on who else falls past due on it, so an account that the day's run has still to draw is drawn among
all of them; everybody else's side is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.core.decision.asked import asked
from engine.core.decision.draw import with_lots
from engine.core.decision.portfolio import drawn
from engine.core.decision.state import State
from engine.core.decision.view import Day
from engine.jobs.ahead import state_on
from engine.jobs.workspace import Workspace
from engine.store.tables import COMPANY, assignment


def with_its_lot(ws: Workspace, conn: Connection, state: State, on: date, now: datetime) -> State:
    """The state of one account, drawn as the run of the day draws it."""
    book = ws.live
    if not state.accounts.height or not drawn(book, state, Day(on)):
        return state
    every = state_on(ws, conn, on, now, asked=asked(book))
    account = state.accounts["account"][0]
    lots = [replace(lot, row=0) for lot in drawn(book, every, Day(on)) if lot.account == account]
    return with_lots(state, lots)


def days_drawn(conn: Connection, account: str) -> Mapping[str, date]:
    """comparison -> the day on which it drew the account."""
    rows = conn.execute(
        sa.select(assignment.c.split, assignment.c.on).where(
            assignment.c.company == COMPANY, assignment.c.account == account
        )
    )
    return {row.split: row.on for row in rows}
