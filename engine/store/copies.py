"""A copy of each message as it went out: its bytes, their hash, and when; kept with the decision, in the same database.

It is written in the transaction in which the message passes its point of no return, so that nothing goes out of
which there is no copy. A try that certainly did not deliver may have made another message than the next: each
is kept, under a number. Functions work inside the caller's transaction.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.store.moments import moment_text
from engine.store.tables import message_copy, outbox

MAIL, LETTER, REQUEST = "message/rfc822", "application/pdf", "application/json"


@dataclass(frozen=True, slots=True)
class Written:
    """A message as it is about to leave. `elsewhere`: the outbox keeps its bytes already, for a later try.

    `text` are the words of what cannot be read as text, such as a letter.
    """

    key: str
    media: str
    content: bytes
    text: str = ""
    elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy that is kept. `content` is None, and `sha256` empty, once it is forgotten."""

    key: str
    number: int
    at: str
    media: str
    size: int
    sha256: str
    content: bytes | None
    text: str
    forgotten_on: date | None


def keep(conn: Connection, messages: Sequence[Written], at: datetime) -> None:
    """Keep messages, no two of one key. One that is the same as its last copy adds none."""
    last = _last(conn, [message.key for message in messages])
    rows = []
    for message in messages:
        digest = hashlib.sha256(message.content).hexdigest()
        number, before = last.get(message.key, (0, ""))
        if digest == before:
            continue
        rows.append(
            {
                "action": message.key,
                "number": number + 1,
                "at": moment_text(at),
                "media": message.media,
                "size": len(message.content),
                "sha256": digest,
                "content": None if message.elsewhere else zlib.compress(message.content, 1),
                "text": message.text,
            }
        )
    if rows:
        conn.execute(sa.insert(message_copy), rows)


def hashes(conn: Connection, keys: Collection[str]) -> dict[str, str]:
    """The SHA-256 of the newest copy of each of these messages that has one."""
    return {key: digest for key, (_, digest) in _last(conn, keys).items() if digest}


def of(conn: Connection, keys: Collection[str]) -> list[Copy]:
    """All copies of these messages, in their order."""
    found = []
    wanted = sorted(keys)
    for start in range(0, len(wanted), 500):
        some = message_copy.c.action.in_(wanted[start : start + 500])
        query = sa.select(message_copy, outbox.c.payload).join_from(
            message_copy, outbox, outbox.c.action == message_copy.c.action, isouter=True
        )
        for row in conn.execute(query.where(some).order_by(message_copy.c.action, message_copy.c.number)):
            content = zlib.decompress(row.content) if row.content is not None else None
            if content is None and row.forgotten_on is None:
                content = kept_by_outbox(json.loads(row.payload or "{}"))
            found.append(
                Copy(row.action, row.number, row.at, row.media, row.size, row.sha256, content, row.text, row.forgotten_on)
            )  # fmt: skip
    return found


def kept_by_outbox(payload: Mapping[str, object]) -> bytes | None:
    """The bytes of a mail that the outbox keeps so that a later try is the very same."""
    kept = payload.get("kept")
    raw = kept.get("raw") if isinstance(kept, Mapping) else None
    return raw.encode("utf-8", "surrogateescape") if isinstance(raw, str) else None


def forget(conn: Connection, copy: Copy, text: str, on: date) -> None:
    """Let go of a copy's bytes and hash. `text`, with nobody's name in it, stays."""
    mine = (message_copy.c.action == copy.key, message_copy.c.number == copy.number)
    values = {"content": None, "sha256": "", "text": text, "forgotten_on": on}
    conn.execute(sa.update(message_copy).where(*mine).values(**values))


def _last(conn: Connection, keys: Collection[str]) -> dict[str, tuple[int, str]]:
    columns = (message_copy.c.action, message_copy.c.number, message_copy.c.sha256)
    query = sa.select(*columns).where(message_copy.c.action.in_(list(keys)))
    return {
        key: (number, digest) for key, number, digest in conn.execute(query.order_by(message_copy.c.number))
    }
