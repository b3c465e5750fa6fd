"""Which accounts a comparison has drawn."""

from __future__ import annotations

import polars as pl
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.core.trust.compare import LOTS
from engine.store.tables import COMPANY, assignment
from engine.store.view import frame


def names(conn: Connection, company: str = COMPANY) -> tuple[str, ...]:
    """The comparisons that have drawn somebody, the oldest first."""
    first = sa.func.min(assignment.c.on)
    query = sa.select(assignment.c.split).where(assignment.c.company == company).group_by(assignment.c.split)
    return tuple(conn.execute(query.order_by(first, assignment.c.split)).scalars())


def lots(conn: Connection, split: str, company: str = COMPANY) -> pl.DataFrame:
    """The accounts that a comparison has drawn, with the columns of LOTS, by account."""
    query = """SELECT account, side, stratum, episode, "on" FROM assignment
        WHERE company = :company AND split = :split ORDER BY account"""
    return frame(conn, query, {"company": company, "split": split}, LOTS)
