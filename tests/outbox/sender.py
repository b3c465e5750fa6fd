"""A sending process that dies where it is told."""

from __future__ import annotations

import asyncio
import os
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy.engine import Connection

from engine.channels.email import Mailer, Server, Tls
from engine.channels.folder import MailFolder
from engine.channels.letters import Letter, Letters
from engine.outbox import Row, Verdict, deliver
from engine.store import database
from engine.store.marks import take
from engine.store.owner import owner
from tests.outbox.world import DAY, delivery, make_mail


def make_letter(row: Row, verdict: Verdict) -> Letter:
    pdf = b"%PDF-1.7 " + row.key.encode() * 1000
    return Letter(row.key, pdf, row.account, f"{row.account} Inc.", 1, "12", DAY)


async def run(file: str, channel: str, where: str, point: str, nth: int) -> None:
    engine = database.open(file, migrate=False)
    seen = 0

    def watch(name: str, key: str) -> None:
        nonlocal seen
        seen += name == point
        if name == point and seen == nth:
            os._exit(137)

    def taken(conn: Connection, key: str, at: datetime) -> None:
        take(conn, key, at)
        watch("before commit", key)

    makers: dict[str, Any] = {"email": make_mail, "eml": make_mail, "letter": make_letter}
    with owner(engine) as name:
        server = Server("127.0.0.1", int(where) if channel == "email" else 1, Tls.NONE, allow_insecure=True)
        async with Mailer(server) as mailer:
            senders: dict[str, Any] = {"email": mailer}
            if channel == "eml":
                senders = {"email": MailFolder(Path(where))}
            elif channel == "letter":
                senders = {"letter": Letters(Path(where))}
            await deliver(
                delivery(
                    engine,
                    name,
                    senders=senders,
                    make=makers[channel],
                    taken=taken,
                    watch=watch,
                    at_once=2,
                )
            )


def main(file: str, channel: str, where: str, point: str, nth: str) -> None:
    asyncio.run(run(file, channel, where, point, int(nth)))
