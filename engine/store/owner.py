"""Who is sending: each process that delivers holds a lock while it lives, so that its death can be proved."""

from __future__ import annotations

import fcntl
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zlib import crc32

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from engine.store import database

_SPACE = 7239463  # the first half of such a lock on PostgreSQL, by company


@contextmanager
def owner(engine: Engine) -> Iterator[str]:
    """A new name for this sender, locked until the block or the process ends, however it ends."""
    name = uuid.uuid4().hex
    folder = _folder(engine)
    if folder is None:
        if engine.dialect.name != "postgresql":
            yield name  # a database in memory: nobody else can see it
            return
        with database.bare(engine) as conn:
            conn.execute(sa.select(sa.func.pg_advisory_lock(database.space(engine, _SPACE), _number(name))))
            try:
                yield name
                conn.execute(
                    sa.select(sa.func.pg_advisory_unlock(database.space(engine, _SPACE), _number(name)))
                )
            finally:
                conn.detach()  # closed, not kept for others: the lock is the connection's
        return
    folder.mkdir(exist_ok=True)
    path = folder / name
    handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield name
        path.unlink(missing_ok=True)
    finally:
        os.close(handle)


def gone(engine: Engine, name: str) -> bool:
    """Whether the process that had this name has certainly ended. In doubt it has not."""
    folder = _folder(engine)
    if folder is None:
        if engine.dialect.name != "postgresql":
            return True
        with database.bare(engine) as conn:
            free = conn.execute(
                sa.select(sa.func.pg_try_advisory_lock(database.space(engine, _SPACE), _number(name)))
            ).scalar()
            if free:
                conn.execute(
                    sa.select(sa.func.pg_advisory_unlock(database.space(engine, _SPACE), _number(name)))
                )
            return bool(free)
    path = folder / name
    try:
        handle = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return True  # it ended in order and took its file with it
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    else:
        path.unlink(missing_ok=True)
        return True
    finally:
        os.close(handle)


def living(engine: Engine) -> int:
    """How many processes hold such a lock at this moment: the service, and whoever sends."""
    folder = _folder(engine)
    if folder is not None:
        names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
        return sum(not gone(engine, name) for name in names)
    if engine.dialect.name != "postgresql":
        return 0
    here = "(SELECT oid FROM pg_database WHERE datname = current_database())"
    held = (
        f"locktype = 'advisory' AND classid = {database.space(engine, _SPACE)} AND objsubid = 2 AND granted"
    )
    with database.bare(engine) as conn:
        query = sa.text(f"SELECT count(*) FROM pg_locks WHERE {held} AND database = {here}")  # noqa: S608
        return int(conn.execute(query).scalar_one())


def _folder(engine: Engine) -> Path | None:
    file = engine.url.database if engine.dialect.name == "sqlite" else None
    return None if file in (None, "", ":memory:") else Path(f"{file}.senders")


def _number(name: str) -> int:
    """A signed 32-bit number, which is what PostgreSQL's two-part locks take."""
    return crc32(name.encode()) - (1 << 31)
