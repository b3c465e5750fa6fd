"""What the house has noted for itself, and nobody else asks for: a word under a name, until another takes its place."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.store.tables import COMPANY, setting


def of(conn: Connection, name: str, company: str = COMPANY) -> str | None:
    """What is noted under a name."""
    found: str | None = conn.execute(sa.select(setting.c.value).where(*_mine(name, company))).scalar()
    return found


def put(conn: Connection, name: str, value: str, company: str = COMPANY) -> None:
    take(conn, name, company)
    conn.execute(sa.insert(setting).values(company=company, name=name, value=value))


def take(conn: Connection, name: str, company: str = COMPANY) -> bool:
    """It is not noted any more. True where it was."""
    return bool(conn.execute(sa.delete(setting).where(*_mine(name, company))).rowcount)


def _mine(name: str, company: str) -> tuple[sa.ColumnElement[bool], ...]:
    return setting.c.company == company, setting.c.name == name
