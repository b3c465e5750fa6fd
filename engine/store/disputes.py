"""Disputes that a ledger flags, and their end."""

from __future__ import annotations

from datetime import date

import polars as pl
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.store import bulk
from engine.store.tables import (
    COMPANY,
    dispute,
    item,
)

FLAGGED = "flagged in the ledger"


def flag_disputes(
    conn: Connection, rows: pl.DataFrame, on: date, by: str, file: int, company: str = COMPANY
) -> tuple[int, int]:
    """Disputes that a ledger flags are opened; those it no longer flags, or that are settled, are closed.

    How many of each. A dispute that a person opened is closed by a person, or when the item is settled.
    """
    flagged = set(
        rows.filter(pl.col("disputed") & (pl.col("open") != 0)).select("account", "item").iter_rows()
    )
    query = sa.select(item.c.account, item.c.item).where(item.c.company == company, item.c.open != 0)
    still = {(account, name) for account, name in conn.execute(query)}
    running_now = conn.execute(
        sa.select(dispute.c.id, dispute.c.account, dispute.c.item, dispute.c.file).where(
            dispute.c.company == company, dispute.c.closed.is_(None)
        )
    ).all()
    closed = 0
    for one in running_now:
        where = (one.account, one.item)
        if where not in still or (one.file is not None and where not in flagged):
            change = {"closed": on, "closed_for": "us", "closed_by": by}
            conn.execute(sa.update(dispute).where(dispute.c.id == one.id).values(**change))
            closed += 1
    known = {(one.account, one.item) for one in running_now}
    new = sorted(flagged - known)
    columns = ("company", "account", "item", "reason", "opened", "opened_by", "file")
    bulk.insert(conn, dispute, columns, [(company, a, i, FLAGGED, on, by, file) for a, i in new])
    return len(new), closed
