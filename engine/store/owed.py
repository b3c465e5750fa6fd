"""What is owed, item by item, once credits are set against it."""

from __future__ import annotations

import polars as pl
from sqlalchemy.engine import Connection

from engine.core.netting import net
from engine.store import bulk
from engine.store.tables import (
    COMPANY,
)

_OPEN_ITEMS = {
    "account": pl.String(),
    "item": pl.String(),
    "due": pl.Date(),
    "open": pl.Int64(),
    "currency": pl.String(),
}


def owed(conn: Connection, company: str = COMPANY, account: str | None = None) -> pl.DataFrame:
    """Open items after credits: account, item, due, open, currency, owed. Of one account, or of all."""
    one = "AND account = :account" if account is not None else ""
    query = (
        f"SELECT account, item, due, open, currency FROM item WHERE company = :company AND open != 0 {one}"  # noqa: S608
    )
    return net(
        bulk.frame(conn, query, {"company": company, "account": account or ""}, _OPEN_ITEMS), "account"
    )
