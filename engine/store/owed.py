"""What is owed, item by item, once credits are set against it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import polars as pl
from sqlalchemy.engine import Connection

from engine.core.netting import net
from engine.store.spans import listed, one_of
from engine.store.tables import (
    COMPANY,
)
from engine.store.view import frame

_OPEN_ITEMS = {
    "account": pl.String(),
    "item": pl.String(),
    "due": pl.Date(),
    "open": pl.Int64(),
    "currency": pl.String(),
}


def owed(
    conn: Connection, company: str = COMPANY, *, accounts: Collection[str] | None = None
) -> pl.DataFrame:
    """Open items after credits: account, item, due, open, currency, owed. Of these accounts, or of all."""
    names: dict[str, Any] = {"company": company}
    query = "SELECT account, item, due, open, currency FROM item WHERE company = :company AND open != 0"
    if accounts is not None:
        query += one_of(conn, "account")
        names["accounts"] = listed(conn, accounts)
    return net(frame(conn, query, names, _OPEN_ITEMS), "account")
