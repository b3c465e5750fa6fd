"""The journal as people look at it: the newest entries first, with the words that stand beside the book."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.store.tables import COMPANY, journal, journal_person


@dataclass(frozen=True, slots=True)
class Told:
    """An entry. `body` has people's words where they are still kept, and “forgotten” where they are not."""

    seq: int
    at: datetime
    kind: str
    account: str
    by: str
    body: Mapping[str, Any]


def told(
    conn: Connection,
    *,
    kind: str = "",
    account: str = "",
    by: str = "",
    before: int | None = None,
    after: int | None = None,
    most: int = 100,
    company: str = COMPANY,
) -> list[Told]:
    """Entries of a kind, of an account, by somebody; before an entry's number, or after one: those the oldest first."""
    query = sa.select(journal).where(journal.c.stream == company)
    if kind:
        query = query.where(journal.c.kind == kind)
    if account:
        query = query.where(journal.c.account == account)
    if by:
        quoted = orjson.dumps(by).decode().replace("!", "!!").replace("%", "!%").replace("_", "!_")
        query = query.where(journal.c.body.like(f'%"by":{quoted}%', escape="!"))
    if before is not None:
        query = query.where(journal.c.seq < before)
    if after is not None:
        query = query.where(journal.c.seq > after)
    order = journal.c.seq.desc() if after is None else journal.c.seq
    rows = conn.execute(query.order_by(order).limit(most)).all()
    words = _words(conn, [row.seq for row in rows], company)
    return [_told(row, words.get(row.seq, {})) for row in rows]


def kinds(conn: Connection, company: str = COMPANY) -> list[str]:
    """The kinds of the last entries; a kind that is not among many thousands may be asked for all the same."""
    last = (
        sa.select(journal.c.kind)
        .where(journal.c.stream == company)
        .order_by(journal.c.seq.desc())
        .limit(5000)
    )
    found = sa.select(last.subquery().c.kind).distinct()
    return sorted(str(kind) for kind in conn.execute(found).scalars())


def _words(conn: Connection, numbers: Sequence[int], company: str) -> dict[int, dict[str, str]]:
    p = journal_person.c
    query = sa.select(p.seq, p.field, p.value).where(p.stream == company, p.seq.in_(numbers))
    found: dict[int, dict[str, str]] = {}
    for seq, field, value in conn.execute(query):
        found.setdefault(seq, {})[field] = value
    return found


def _told(row: Any, words: Mapping[str, str]) -> Told:
    body = orjson.loads(row.body)
    shown = {
        name: words.get(name, "forgotten")
        if isinstance(value, str) and value.startswith("sha256:")
        else value
        for name, value in body.items()
        if name != "by"
    }
    return Told(
        row.seq, datetime.fromisoformat(row.at), row.kind, row.account, str(body.get("by") or ""), shown
    )
