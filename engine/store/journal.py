"""The book of all that was decided, said and done: it is only added to, and a change to it can be seen.

Each entry carries a SHA-256 over itself and over the entry before it; each run keeps the hash with which it
ended. Names and words of people stand beside the book: the book has only their salted hash, so that they can
be forgotten and it still holds.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.errors import JournalBroken
from engine.store import bulk
from engine.store.moments import moment_text
from engine.store.tables import COMPANY, journal, journal_head, journal_person, run

_COLUMNS = ("stream", "seq", "at", "kind", "account", "body", "prev", "hash")
_START = "0" * 64
_FEW = 64  # entries that one statement takes to PostgreSQL faster than a COPY


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to write down. `body` is plain JSON; `person` are words that name or come from a person."""

    kind: str
    account: str
    body: Mapping[str, Any]
    person: Mapping[str, str] = field(default_factory=dict)


def append(
    conn: Connection, entries: Sequence[Entry], at: datetime, stream: str = COMPANY
) -> tuple[int, str]:
    """Add entries in their order. The number and the hash of the last one come back."""
    seq, last = _head(conn, stream)
    rows, people = [], []
    for number, entry in enumerate(entries, seq + 1):
        body = dict(entry.body)
        for name, value in entry.person.items():
            salt = fresh_salt()
            body[name] = _salted(salt, value)
            people.append((stream, number, name, salt, value))
        rows.append((entry.kind, entry.account, orjson.dumps(body, default=str)))
    head = _add(conn, rows, at, stream, seq, last)
    bulk.insert(conn, journal_person, ("stream", "seq", "field", "salt", "value"), people)
    return head


def append_many(
    conn: Connection, entries: Iterable[tuple[str, str, bytes]], at: datetime, stream: str = COMPANY
) -> tuple[int, str]:
    """Add (kind, account, body as JSON) in their order, many at once. The last number and hash come back."""
    return _add(conn, entries, at, stream, *_head(conn, stream))


def _add(
    conn: Connection,
    entries: Iterable[tuple[str, str, bytes]],
    at: datetime,
    stream: str,
    seq: int,
    last: str,
) -> tuple[int, str]:
    when = moment_text(at)
    rows = []
    for kind, account, body in entries:
        seq += 1
        prev, last = last, _hash(last, seq, when, kind, account, body)
        rows.append((stream, seq, when, kind, account, body.decode(), prev, last))
    if not rows:
        return seq, last
    head = {"of": stream, "to_seq": seq, "to_hash": last}
    if conn.dialect.name == "postgresql" and len(rows) <= _FEW:
        given = orjson.dumps([dict(zip(_COLUMNS, row, strict=True)) for row in rows]).decode()
        conn.execute(_ADD_FEW, {"given": given, **head})
    else:
        bulk.insert(conn, journal, _COLUMNS, rows)
        conn.execute(_MOVE_HEAD, head)
    return seq, last


def verify(conn: Connection, stream: str = COMPANY) -> int:
    """Go through the chain, the seals of the runs and what is kept of people. How many entries there are.

    Raises JournalBroken at the first entry that is not as it was written.
    """
    seq, last = 0, _START
    people = _people(conn, stream)
    sealed = conn.execute(sa.select(run.c.seal_seq, run.c.seal).where(run.c.company == stream))
    seals = {number: seal for number, seal in sealed}  # noqa: C416 - rows of two are not pairs to mypy
    query = sa.select(*(journal.c[name] for name in _COLUMNS[1:])).where(journal.c.stream == stream)
    for number, at, kind, account, body, prev, found in _streamed(conn, query.order_by(journal.c.seq)):
        seq += 1
        if number != seq:
            raise JournalBroken(stream, seq, "it is missing")
        if prev != last or found != _hash(last, seq, at, kind, account, body.encode()):
            raise JournalBroken(stream, seq, "it was changed")
        last = found
        if seals.pop(seq, last) != last:
            raise JournalBroken(stream, seq, "a run was sealed over another text")
        if seq in people:
            _verify_person(stream, seq, orjson.loads(body), people[seq])
    if seals:
        raise JournalBroken(stream, min(seals), "it is missing, and a run was sealed over it")
    head = conn.execute(
        sa.select(journal_head.c.seq, journal_head.c.hash).where(journal_head.c.stream == stream)
    ).first()
    if (tuple(head) if head else (0, _START)) != (seq, last):
        raise JournalBroken(stream, seq + 1, "it is missing: the end was cut off")
    return seq


def forget(conn: Connection, account: str, stream: str = COMPANY) -> int:
    """Forget the names and words of people in an account's entries, and say how many. The chain holds."""
    numbers = sa.select(journal.c.seq).where(journal.c.stream == stream, journal.c.account == account)
    gone = conn.execute(
        sa.delete(journal_person).where(journal_person.c.stream == stream, journal_person.c.seq.in_(numbers))
    )
    return int(gone.rowcount)


def _head(conn: Connection, stream: str) -> tuple[int, str]:
    """The last entry's number and hash, locked until the transaction ends so that nobody writes between."""
    found = conn.execute(_READ_HEAD, {"of": stream}).first()
    if found is None:
        conn.execute(sa.insert(journal_head).values(stream=stream, seq=0, hash=_START))
        return 0, _START
    return found.seq, found.hash


_READ_HEAD = (
    sa.select(journal_head.c.seq, journal_head.c.hash)
    .where(journal_head.c.stream == sa.bindparam("of"))
    .with_for_update()
)
_MOVE_HEAD = (
    sa.update(journal_head)
    .where(journal_head.c.stream == sa.bindparam("of"))
    .values(seq=sa.bindparam("to_seq"), hash=sa.bindparam("to_hash"))
)
_ADD_FEW = sa.text(
    f"""
    WITH added AS (
        INSERT INTO journal ({", ".join(_COLUMNS)})
        SELECT {", ".join(_COLUMNS)} FROM json_populate_recordset(NULL::journal, CAST(:given AS json))
    )
    UPDATE journal_head SET seq = :to_seq, hash = :to_hash WHERE stream = :of
    """  # noqa: S608
)


def _hash(prev: str, seq: int, at: str, kind: str, account: str, body: bytes) -> str:
    """Over parts that cannot run into each other: a line feed ends each, and only the last can have one."""
    return hashlib.sha256(f"{prev}\n{seq}\n{at}\n{kind}\n{account!r}\n".encode() + body).hexdigest()


def fresh_salt() -> str:
    """128 bits that nobody guesses, as hex."""
    return secrets.token_hex(16)


def _salted(salt: str, value: str) -> str:
    return "sha256:" + hashlib.sha256(f"{salt}\n{value}".encode()).hexdigest()


def _people(conn: Connection, stream: str) -> dict[int, list[tuple[str, str, str]]]:
    query = sa.select(
        journal_person.c.seq, journal_person.c.field, journal_person.c.salt, journal_person.c.value
    )
    people: dict[int, list[tuple[str, str, str]]] = {}
    for seq, name, salt, value in conn.execute(query.where(journal_person.c.stream == stream)):
        people.setdefault(seq, []).append((name, salt, value))
    return people


def _streamed(conn: Connection, query: sa.Select[Any]) -> Iterator[Any]:
    """Rows as they are wanted: a journal may be larger than the memory."""
    with conn.execute(query.execution_options(yield_per=5000)) as rows:
        yield from rows


def _verify_person(stream: str, seq: int, body: Mapping[str, Any], kept: list[tuple[str, str, str]]) -> None:
    for name, salt, value in kept:
        if body.get(name) != _salted(salt, value):
            raise JournalBroken(stream, seq, f"what is kept as “{name}” is not what was written")
