"""Seals over the journal: with one, an account's entries can be shown to be the book's without showing any other's.

A seal is an entry of the journal. It has the root of a tree over the hashes of the entries since the seal before, and
the number and hash of that seal, so that the last one stands for the whole book. Who has a seal's way up for an
entry can see that the entry is under it, and learns nothing of the entries beside it (`core.tree`).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from engine.core import tree
from engine.errors import JournalBroken
from engine.store import journal as chain
from engine.store.database import writing
from engine.store.journal import Entry
from engine.store.tables import COMPANY, OF_THE_HOUSE, journal, journal_person

KIND = "seal"
_BLIND = "blind"  # the seed of the salts, kept apart from the book as people's words are
MOST = 1 << 16  # entries under one seal


@dataclass(frozen=True, slots=True)
class Seal:
    """An entry that seals `first` to `last` under the root `tree`; `before` is the number of the seal before it."""

    seq: int
    hash: str
    first: int
    last: int
    tree: str
    before: int | None
    before_hash: str


@dataclass(frozen=True, slots=True)
class Shown:
    """That an entry is under a seal: its salt, and the hashes beside its way up."""

    seq: int
    hash: str
    seal: int
    salt: str
    beside: tuple[str, ...]


def seal(engine: Engine, at: datetime, stream: str = COMPANY) -> int:
    """Seal all that is not sealed yet, a transaction for each seal. How many seals that took."""
    made = 0
    while True:
        with writing(engine) as conn:
            if not _next(conn, at, stream):
                return made
        made += 1


def last(conn: Connection, stream: str = COMPANY) -> Seal | None:
    """The newest seal."""
    newest = _SEALS.where(journal.c.stream == stream).order_by(journal.c.seq.desc()).limit(1)
    found = conn.execute(newest).first()
    return None if found is None else _seal(found)


def since(conn: Connection, seq: int, stream: str = COMPANY) -> list[Seal]:
    """The seals that cover entry `seq` and all after it, in their order."""
    query = _SEALS.where(journal.c.stream == stream, journal.c.seq > seq)
    return [_seal(row) for row in conn.execute(query.order_by(journal.c.seq))]


def show(conn: Connection, numbers: Collection[int], stream: str = COMPANY) -> list[Shown]:
    """For entries that are sealed, that each is under its seal. Those that no seal covers yet are left out."""
    if not numbers:
        return []
    wanted, shown = sorted(numbers), []
    for one in since(conn, wanted[0], stream):
        under = [seq for seq in wanted if one.first <= seq <= one.last]
        if not under:
            continue
        hashes, seed = _hashes(conn, one, stream), _seed(conn, one, stream)
        grown = tree.levels(tree.leaves(seed, one.first, hashes))
        for seq in under:
            index = seq - one.first
            beside = tuple(tree.path(grown, index))
            shown.append(Shown(seq, hashes[index], one.seq, tree.salt(seed, seq), beside))
    return shown


def verify(conn: Connection, stream: str = COMPANY) -> int:
    """See that each seal holds over the entries as they are now. How many seals there are.

    Raises JournalBroken at the first that does not. That the entries are what their hashes say is
    `journal.verify`'s to see.
    """
    before: Seal | None = None
    count = 0
    for one in since(conn, 0, stream):
        count += 1
        follows = (before.seq, before.hash, before.last + 1) if before else (None, "", 1)
        if (one.before, one.before_hash, one.first) != follows or not one.first <= one.last < one.seq:
            raise JournalBroken(stream, one.seq, "it does not follow the seal before it")
        hashes = _hashes(conn, one, stream)
        whole = len(hashes) == one.last - one.first + 1
        if not whole or _root(hashes, one.first, _seed(conn, one, stream)) != one.tree:
            raise JournalBroken(stream, one.seq, f"it seals other entries than {one.first} to {one.last}")
        before = one
    return count


def _next(conn: Connection, at: datetime, stream: str) -> bool:
    """Seal the oldest entries without a seal. False where there are none but seals."""
    newest = last(conn, stream)
    first = newest.last + 1 if newest else 1
    open_ = (journal.c.stream == stream, journal.c.seq >= first)
    if conn.execute(sa.select(journal.c.seq).where(*open_, journal.c.kind != KIND).limit(1)).first() is None:
        return False
    query = sa.select(journal.c.hash).where(*open_).order_by(journal.c.seq).limit(MOST)
    hashes = [found for (found,) in conn.execute(query)]
    seed = chain.fresh_salt()
    body: dict[str, Any] = {
        "first": first,
        "last": first + len(hashes) - 1,
        "tree": _root(hashes, first, seed),
        "before": {"seq": newest.seq, "hash": newest.hash} if newest else None,
    }
    chain.append(conn, [Entry(KIND, "", body, {_BLIND: seed})], at, stream)
    return True


def _hashes(conn: Connection, of: Seal, stream: str) -> list[str]:
    under = sa.and_(journal.c.stream == stream, journal.c.seq.between(of.first, of.last))
    return [
        found for (found,) in conn.execute(sa.select(journal.c.hash).where(under).order_by(journal.c.seq))
    ]


def _seed(conn: Connection, of: Seal, stream: str) -> str:
    mine = (
        journal_person.c.stream == stream,
        journal_person.c.seq == of.seq,
        journal_person.c.field == _BLIND,
    )
    found: str | None = conn.execute(sa.select(journal_person.c.value).where(*mine)).scalar()
    if found is None:
        raise JournalBroken(stream, of.seq, "its seed is missing: nothing can be shown under this seal")
    return found


def _root(hashes: Collection[str], first: int, seed: str) -> str:
    return tree.levels(tree.leaves(seed, first, hashes))[-1][0].hex()


_SEALS = sa.select(journal.c.seq, journal.c.hash, journal.c.body).where(
    sa.text(OF_THE_HOUSE), journal.c.kind == KIND
)


def _seal(row: Any) -> Seal:
    told = orjson.loads(row.body)
    before = told["before"] or {"seq": None, "hash": ""}
    return Seal(row.seq, row.hash, told["first"], told["last"], told["tree"], before["seq"], before["hash"])
