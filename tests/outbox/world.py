"""A small outbox in a real database, and what a round of delivery needs to work on it."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from engine.channels.mail import Mail, compose
from engine.channels.receipt import Unsendable
from engine.outbox import Delivery, Row, Verdict
from engine.store import database
from engine.store.marks import take
from engine.store.owner import gone
from engine.store.tables import action, mark, outbox

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
DAY = date(2026, 11, 23)


class Watch:
    """A clock that a test sets."""

    def __init__(self, at: datetime = START) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **much: float) -> None:
        self.at += timedelta(**much)


def plan(
    engine: Engine,
    account: str,
    kind: str = "email",
    step: str = "firm-reminder",
    channel: str = "",
    **payload: Any,
) -> str:
    """One action with its message, as a run writes them. Its key."""
    key = f"main/{account}/1/standard/{step}/{account}-1/0/{kind}/ap"
    detail = {"marks": [[f"{account}-1", step]]}
    with database.writing(engine) as conn:
        conn.execute(
            sa.insert(action).values(
                key=key,
                account=account,
                episode=1,
                policy="standard",
                step=step,
                item=f"{account}-1",
                occurrence=0,
                kind=kind,
                day=45,
                state="planned",
                on=DAY,
                since=DAY,
                amount=120_000,
                currency="USD",
                detail=json.dumps(detail),
            )
        )
        values = {
            "action": key,
            "channel": channel or kind,
            "state": "pending",
            "payload": json.dumps(payload),
        }
        conn.execute(sa.insert(outbox).values(**values))
    return key


def go(conn: Connection, row: Row) -> Verdict:
    return Verdict(True)


def make_mail(row: Row, verdict: Verdict) -> Mail | Unsendable:
    return compose(
        row.key,
        sender="accounts@seller.example.com",
        to=row.payload.get("to", [f"ap@{row.account.lower()}.example.com"]),
        subject=f"Statement of {row.account}",
        text=str(verdict.facts or "Dear customer"),
        at=START,
    )


def delivery(engine: Engine, owner: str = "tester", **more: Any) -> Delivery:
    """A round's needs with nothing special about them."""
    usual: dict[str, Any] = {
        "senders": {},
        "now": Watch(),
        "decide_again": go,
        "make": make_mail,
        "taken": take,
        "rng": random.Random(7),
        "patience": (0.01, 0.02),
    }
    return Delivery(engine, owner=owner, **{**usual, **more})


def opened(folder: Path) -> Engine:
    return database.open(folder / "dunwell.db")


def states(engine: Engine) -> dict[str, str]:
    """Account to the state of its message; that the action says the same is checked."""
    with database.reading(engine) as conn:
        query = sa.select(action.c.account, outbox.c.state, action.c.state).join_from(
            outbox, action, action.c.key == outbox.c.action
        )
        found = {}
        for account, state, told in conn.execute(query):
            assert told == {"pending": "planned"}.get(state, state), (account, state, told)
            found[account] = state
        return found


def marks(engine: Engine) -> set[str]:
    """The accounts whose step counts as taken."""
    with database.reading(engine) as conn:
        return {account for (account,) in conn.execute(sa.select(mark.c.account))}


def get(engine: Engine, key: str) -> Row:
    from engine.store.outbox import find

    with database.reading(engine) as conn:
        row = find(conn, key)
    assert row is not None
    return row


def do(engine: Engine, work: Callable[[Connection], Any]) -> Any:
    with database.writing(engine) as conn:
        return work(conn)


def ended(engine: Engine, who: str) -> bool:
    """Whether a sender that has died is known to have: a busy server needs a moment until it sees that nobody is there."""
    end = time.monotonic() + 5
    while not (known := gone(engine, who)) and time.monotonic() < end:
        time.sleep(0.02)
    return known
