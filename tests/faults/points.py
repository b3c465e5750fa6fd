"""A sending process that dies at the point that it is told: "point", or "point:n" for the n-th time that it is passed."""

from __future__ import annotations

import asyncio
import base64
import os
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy.engine import Connection

from engine.channels.email import Mailer, Server, Tls
from engine.channels.letters import Letter, Letters
from engine.channels.receipt import Sender
from engine.channels.request import Request
from engine.channels.webhook import Hook, Webhook
from engine.outbox import Result, Row, Verdict, deliver
from engine.store import database, journal
from engine.store.journal import Entry
from engine.store.marks import take
from engine.store.owner import owner
from tests.outbox.world import DAY, START, delivery, make_mail

SECRET = "whsec_" + base64.b64encode(b"1" * 32).decode()
HERE = ("127.0.0.0/8",)


def make_letter(row: Row, verdict: Verdict) -> Letter:
    return Letter(
        row.key, b"%PDF-1.7 " + row.key.encode() * 1000, row.account, f"{row.account} Inc.", 1, "12", DAY
    )


def make_request(row: Row, verdict: Verdict) -> Request:
    return Request(row.key, row.account, "terms", "cash on delivery", row.id, date(2026, 11, 23))


def make(row: Row, verdict: Verdict) -> Any:
    return {"letter": make_letter, "webhook": make_request}.get(row.channel, make_mail)(row, verdict)


def senders(mailer: Mailer, out: Path, port: int) -> dict[str, Sender[Any]]:
    """The three ways out: the mail server and the ledger system listen at the same address, each for its own."""
    base = f"http://127.0.0.1:{port}"
    hosts = frozenset({"127.0.0.1"})
    hook = Hook("erp", f"{base}/terms", (SECRET,), hosts, HERE, f"{base}/requests/{{id}}", seconds=3)
    return {"email": mailer, "letter": Letters(out), "webhook": Webhook(hook, lambda: START)}


def server(port: int) -> Server:
    return Server("127.0.0.1", port, Tls.NONE, allow_insecure=True)


def written(conn: Connection, row: Row, result: Result, at: datetime) -> None:
    body = {"key": row.key, "channel": row.channel, "state": result.state, "said": result.sentence}
    journal.append(conn, [Entry("delivery", row.account, body)], at)


async def run(url: str, channel: str, where: str, at: str) -> None:
    engine = database.open(url, migrate=False)
    point, _, nth = at.partition(":")
    seen = 0

    def watch(name: str, key: str = "") -> None:
        nonlocal seen
        seen += name == point
        if name == point and seen == int(nth or 1):
            os._exit(137)

    def taken(conn: Connection, key: str, at: datetime) -> None:
        take(conn, key, at)
        watch("before commit")

    port = int(where) if channel != "letter" else 1
    with owner(engine) as name:
        watch("before claim")
        async with Mailer(server(port)) as mailer:
            ways = {channel: senders(mailer, Path(where), port)[channel]}
            needs = delivery(
                engine, name, senders=ways, make=make, taken=taken, settled=written, watch=watch, at_once=1
            )
            await deliver(needs)


def main(*told: str) -> None:
    asyncio.run(run(*told))
