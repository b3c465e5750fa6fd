"""What goes out is kept as it goes: a copy of every e-mail, letter and request, and its hash in the journal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.engine import Connection

from engine.channels.letters import Letter
from engine.channels.mail import Mail
from engine.channels.request import Request
from engine.outbox import Result, Row
from engine.store import copies
from engine.store.copies import Written
from engine.store.outbox import SENDING, SENT, UNCERTAIN


def preserve(conn: Connection, going: Sequence[tuple[Row, Any]], at: datetime) -> None:
    """Keep a copy of each message in the transaction that lets it go."""
    copies.keep(conn, [_written(row, made) for row, made in going], at)


def hashes(conn: Connection, told: Sequence[tuple[Row, Result]]) -> dict[str, dict[str, str]]:
    """Of what the world has now, or may have, the hash of the copy, by key, as the journal keeps it.

    It is kept apart as people's words are: whoever knows all else that a letter says could find the name in its hash.
    """
    out = [row.key for row, result in told if row.state == SENDING and result.state in (SENT, UNCERTAIN)]
    return {key: {"sha256": digest} for key, digest in copies.hashes(conn, out).items()} if out else {}


def _written(row: Row, made: Mail | Letter | Request) -> Written:
    if isinstance(made, Mail):
        return Written(row.key, copies.MAIL, made.raw, elsewhere="kept" in row.payload)
    if isinstance(made, Letter):
        return Written(row.key, copies.LETTER, made.pdf, made.text)
    return Written(row.key, copies.REQUEST, made.body())
