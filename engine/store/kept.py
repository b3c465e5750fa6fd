"""What a simulation of past days is put together from: every account there ever was, its papers, what it disputed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import polars as pl
from sqlalchemy.engine import Connection

from engine.core.decision.state import ACCOUNTS
from engine.core.trust.simulate.history import CONTESTED, LEARNED, PAPERS, Kept
from engine.store import queries
from engine.store.state import mastered
from engine.store.tables import COMPANY
from engine.store.view import frame

_ACCOUNTS = "SELECT DISTINCT account FROM item WHERE company = :company"
_PAPERS = "SELECT account, item, statement, rate, terms FROM item WHERE company = :company"
_CONTESTED = """SELECT account, item, opened, closed, closed_for, reason FROM dispute
    WHERE company = :company ORDER BY id"""
_LEARNED = """SELECT account, field, from_day, until FROM learned
    WHERE company = :company AND field IN ('insolvent', 'attorney') AND value = 'yes' ORDER BY id"""


def kept(conn: Connection, on: date, own: Mapping[str, pl.DataType], company: str = COMPANY) -> Kept:
    """All of it. `own` names the workspace's own columns; `on` is the day on which one looks back."""
    of = {"company": company}
    ask = queries.Ask.of(conn, company, on)
    accounts = (
        frame(conn, _ACCOUNTS, of, {"account": pl.String()})
        .sort("account")
        .with_row_index("row")
        .join(ask.customers(own, all_=True), on="account", how="left", maintain_order="left")
        .join(ask.addresses(), on="account", how="left", maintain_order="left")
    )
    untouched = {
        **dict.fromkeys(("contacts", "broken", "kept", "claims", "effects", "tone"), 0),
        **{"promise": "none", "plan": "none", "first_time": True, "episode": 1},
    }
    known = mastered(accounts).with_columns(pl.lit(value).alias(name) for name, value in untouched.items())
    missing = [pl.lit(None).alias(name) for name in ACCOUNTS if name not in known.columns]
    return Kept(
        known.with_columns(missing).select(
            *(pl.col(name).cast(kind) for name, kind in ACCOUNTS.items()), *own
        ),
        frame(conn, _PAPERS, of, PAPERS),
        frame(conn, _CONTESTED, of, CONTESTED),
        frame(conn, _LEARNED, of, LEARNED),
    )
