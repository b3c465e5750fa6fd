"""A day's dunning as somebody would write it by hand for the ladder of `benchmarks.lines` alone: ADBC, Polars and sqlite3.

The open items and what is marked are read by ADBC, the lines chosen by one query, and an action, an outbox row and the marks of
each contact written to a file of their own in one transaction (`synchronous=FULL`). No trace, no journal, no second evaluator.
"""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import polars as pl

STEPS = (
    (1, "email friendly-reminder"), (15, "email firm-reminder"), (30, "email final-notice"), (45, "letter hold-notice"),
)  # fmt: skip
LEAST = 1_000  # cents: the house's minimum
TABLES = """
CREATE TABLE action (
    key TEXT PRIMARY KEY, account TEXT NOT NULL, step TEXT NOT NULL, item TEXT NOT NULL, amount INTEGER NOT NULL,
    "on" TEXT NOT NULL, state TEXT NOT NULL
);
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY, action TEXT NOT NULL UNIQUE, channel TEXT NOT NULL, state TEXT NOT NULL, items TEXT NOT NULL
);
CREATE TABLE mark (account TEXT, item TEXT, step TEXT, PRIMARY KEY (account, item, step));
"""


@dataclass(frozen=True, slots=True)
class Done:
    """The seconds it took, and of each contact the account, the step, the oldest item and the amount in cents."""

    seconds: float
    contacts: set[tuple[Any, ...]]


def timed(ledger: Path, on: date) -> Done | None:
    """The dunning of a day from Dunwell's database as it was before; None where ADBC's driver for SQLite is missing."""
    if find_spec("adbc_driver_sqlite") is None:
        return None
    out = sqlite3.connect(ledger.with_name("by-hand.db"), isolation_level=None)
    out.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;" + TABLES)
    begun = time.perf_counter()
    chosen = choose(f"sqlite:///{ledger}", on)
    _write(out, chosen, on)
    seconds = time.perf_counter() - begun
    out.close()
    return Done(seconds, set(chosen.select("account", "step", "item", "amount").rows()))


def choose(url: str, on: date) -> pl.DataFrame:
    """A row a contact: each line climbs one step from what is marked; an account gets the highest of its lines."""

    def read(query: str) -> pl.LazyFrame:
        return pl.read_database_uri(query, url, engine="adbc").lazy()

    marked = read("SELECT account, item, count(*) AS level FROM mark GROUP BY account, item").cast(
        {"account": pl.String, "item": pl.String, "level": pl.Int64}
    )
    late = pl.lit(on) - pl.col("due").str.to_date()
    days, names = zip(*STEPS, strict=True)
    return (
        read("SELECT account, item, due, open FROM item WHERE open > 0")
        .join(marked, on=["account", "item"], how="left")
        .with_columns(level=pl.col("level").fill_null(0))
        .filter(pl.col("level") < len(STEPS))
        .filter(late.dt.total_days() >= pl.col("level").replace_strict(range(len(STEPS)), days))
        .sort("due", "item")
        .group_by("account")
        .agg(
            pl.col("level").max(),
            pl.col("item").first(),
            items=pl.col("item"),
            amount=pl.col("open").sum(),
        )
        .filter(pl.col("amount") >= LEAST)
        .with_columns(step=pl.col("level").replace_strict(range(len(STEPS)), names))
        .with_columns(key=pl.format("{}|{}|{}", "account", "step", "item"))
        .collect()
    )


def _write(out: sqlite3.Connection, chosen: pl.DataFrame, on: date) -> None:
    told = pl.lit(on).cast(pl.String)
    out.execute("BEGIN IMMEDIATE")
    out.executemany(
        "INSERT INTO action VALUES (?, ?, ?, ?, ?, ?, 'planned')",
        chosen.select("key", "account", "step", "item", "amount", told.alias("on")).iter_rows(),
    )
    out.executemany(
        "INSERT INTO outbox (action, channel, state, items) VALUES (?, ?, 'pending', ?)",
        chosen.select(
            "key", pl.col("step").str.split(" ").list.first(), pl.col("items").list.join(",")
        ).iter_rows(),
    )
    out.executemany(
        "INSERT INTO mark VALUES (?, ?, ?)",
        chosen.select("account", "items", "step").explode("items").iter_rows(),
    )
    out.execute("COMMIT")
