"""Ledgers of a few lines, as a reader gives them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import polars as pl
from sqlalchemy.engine import Engine

from engine.core.decision.state import State
from engine.jobs.imports import ImportReport, import_ledger
from engine.readers.reading import NAMED, ROWS, Reading
from engine.store.database import reading
from engine.store.state import load_state


def day(text: str) -> date:
    """`23 Nov` of 2026, or an ISO date."""
    if "-" in text:
        return date.fromisoformat(text)
    return datetime.strptime(f"{text} 2026 +0000", "%d %b %Y %z").date()


def moment(text: str, hour: int = 9) -> datetime:
    there = day(text)
    return datetime(there.year, there.month, there.day, hour, tzinfo=UTC)


def row(account: str, item: str, dated: str, due: str, amount: int, **more: Any) -> dict[str, Any]:
    kind = "invoice" if amount >= 0 else "credit_note"
    plain = {"account": account, "name": f"{account} Ltd", "item": item, "kind": kind, "currency": "USD"}
    return {
        **plain,
        "date": day(dated),
        "due": day(due),
        "amount": amount,
        "open": amount,
        "disputed": False,
        **more,
    }


def ledger(as_of: str, *rows: dict[str, Any]) -> Reading:
    frame = pl.DataFrame(list(rows), schema=pl.Schema(ROWS))
    return Reading(rows=frame, customers=pl.DataFrame(schema=NAMED), problems=(), as_of=day(as_of))


def take_in(engine: Engine, as_of: str, *rows: dict[str, Any], name: str = "ledger.csv") -> ImportReport:
    """Import a ledger; its bytes are its rows, so that two of the same rows and day are the same file."""
    data = repr((as_of, rows)).encode()
    return import_ledger(engine, name, data, ledger(as_of, *rows), by="test", at=moment(as_of))


def state(engine: Engine, on: str, currency: str = "USD") -> State:
    with reading(engine) as conn:
        return load_state(conn, on=day(on), moment=moment(on, 10), currency=currency)


def only(frame: pl.DataFrame) -> dict[str, Any]:
    """The one row of a frame."""
    assert frame.height == 1, frame
    found: dict[str, Any] = frame.to_dicts()[0]
    return found


def step(account: str, name: str, kind: str, day_of_step: int, **more: Any) -> dict[str, Any]:
    """A row of the table `action` of a first episode: planned on 23 Nov unless said otherwise."""
    plain = {
        "account": account,
        "episode": 1,
        "policy": "standard",
        "step": name,
        "item": "101",
        "occurrence": 0,
    }
    plain |= {"kind": kind, "role": "collector", "day": day_of_step, "state": "planned", "amount": 800_00}
    plain |= {"currency": "USD", "on": day("23 Nov"), "since": day("23 Nov"), "tone": 0, "detail": "{}"}
    return {**plain, "key": f"{account} {name} {kind}", **more}
