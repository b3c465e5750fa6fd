"""Rows to count: messages in every state, ledgers, runs."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.store.tables import action, book, ledger_file, outbox, run

AT = datetime(2026, 10, 5, 14, tzinfo=UTC)


def messages(conn: Connection, first: int, channel: str, state: str, number: int, changed: str = "") -> None:
    """`number` messages of one state, with the actions they belong to."""
    keys = [f"k{first + n}" for n in range(number)]
    bare: dict[str, Any] = {"episode": 1, "policy": "standard", "step": "s", "item": "i", "occurrence": 1}
    bare |= {"kind": channel, "day": 5, "state": "planned", "on": AT.date(), "since": AT.date()}
    bare |= {"amount": 1, "currency": "USD"}
    conn.execute(sa.insert(action), [{**bare, "key": key, "account": key} for key in keys])
    rows = [
        {"action": key, "channel": channel, "state": state, "payload": "{}", "changed_at": changed or None}
        for key in keys
    ]
    conn.execute(sa.insert(outbox), rows)


def ledger(conn: Connection, as_of: str, imported: str, kind: str = "ledger") -> None:
    conn.execute(
        sa.insert(ledger_file).values(
            sha256=f"{kind}{as_of}{imported}",
            name="ledger.csv",
            kind=kind,
            as_of=date.fromisoformat(as_of),
            imported_at=imported,
            by="ana",
            rows=1,
            summary="{}",
        )
    )


def decided(conn: Connection, on: str, finished: str) -> None:
    if conn.execute(sa.select(book.c.hash)).first() is None:
        conn.execute(sa.insert(book).values(hash="b", texts="{}", first_used=finished))
    conn.execute(
        sa.insert(run).values(
            policy_set="main",
            business_date=date.fromisoformat(on),
            state="done",
            book="b",
            started=finished,
            finished=finished,
            counts="{}",
            seal="",
            seal_seq=0,
        )
    )
