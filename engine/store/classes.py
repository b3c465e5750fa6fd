"""The classes of a run in parts: one number each, whichever part has met it first."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from engine.store import bulk
from engine.store.database import aside, space
from engine.store.shared import SharedRun
from engine.store.spans import among
from engine.store.tables import decision, run_class

_CLASSES = 7239464  # the first half of the lock under which numbers of classes are given out


def digest(choice: str) -> str:
    return hashlib.sha256(choice.encode()).hexdigest()


def numbers(of: Engine | Connection, id: int, choices: Sequence[str]) -> dict[str, int]:
    """digest of a choice → its number in the run, given out where it has none yet.

    Of an engine: in a transaction of its own, one worker after the other. Of a connection: whoever has it makes the run alone.
    """
    if isinstance(of, Connection):
        return _numbers(of, id, choices)
    with aside(of) as conn:
        conn.execute(sa.select(sa.func.pg_advisory_xact_lock(space(conn, _CLASSES), id)))
        return _numbers(conn, id, choices)


def _numbers(conn: Connection, id: int, choices: Sequence[str]) -> dict[str, int]:
    wanted = {digest(choice): choice for choice in choices}
    mine = run_class.c.shared_run == id
    query = sa.select(run_class.c.digest, run_class.c.number).where(
        mine, among(conn, run_class.c.digest, wanted)
    )
    known: dict[str, int] = {row.digest: row.number for row in conn.execute(query)}
    new = [name for name in wanted if name not in known]
    last = conn.execute(sa.select(sa.func.max(run_class.c.number)).where(mine)).scalar()
    given = {name: n for n, name in enumerate(new, 0 if last is None else last + 1)}
    rows = [(id, number, name, wanted[name]) for name, number in given.items()]
    bulk.insert(conn, run_class, ("shared_run", "number", "digest", "choice"), rows)
    return known | given


def choices(conn: Connection, id: int) -> dict[int, str]:
    """number → what was chosen for the class, as text."""
    query = sa.select(run_class.c.number, run_class.c.choice).where(run_class.c.shared_run == id)
    return {row.number: row.choice for row in conn.execute(query)}


def of_classes(conn: Connection, one: SharedRun, classes: Collection[int]) -> set[str]:
    """The accounts that are in one of these classes."""
    query = sa.select(decision.c.account).where(
        decision.c.run == one.run, decision.c.time == one.time, decision.c["class"].in_(classes)
    )
    return {account for (account,) in conn.execute(query)}
