"""The desk opens for the first time: the people of `dunwell.toml` are written down, and a link lets the first admin in.

The service does this itself, so that it loads nothing that is large.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy.engine import Connection, Engine

from engine.jobs.people.rights import ADMIN
from engine.settings import FILE, Person, Workspace
from engine.store import journal, people
from engine.store.database import writing
from engine.store.glance import Worker
from engine.store.journal import Entry

ITSELF = "Dunwell"
_DAY = timedelta(hours=24)  # for which the first admin's link is good
_KEPT = timedelta(days=90)  # for which ended sessions are


def opened(engine: Engine, files: Workspace, now: datetime) -> str | None:
    """The desk opens: people of `dunwell.toml` are written down; a link's secret where no admin can sign in yet."""
    with writing(engine) as conn:
        seed(conn, files, now)
        people.let_go(conn, now - _KEPT)
        if any(ADMIN in one.roles and one.enters and one.ended_at is None for one in people.workers(conn)):
            return None
        return new_link(conn, None, ITSELF, now, _DAY)


def new_link(conn: Connection, person: str | None, by: str, now: datetime, good: timedelta) -> str:
    """The secret of a link for somebody, or for the first admin."""
    token = secrets.token_urlsafe(32)
    people.invite(conn, token, person, by, now, now + good)
    body = {"person": person or ADMIN, "until": now + good, "by": by}
    journal.append(conn, [Entry("link", "", body)], now)
    return token


def seed(conn: Connection, files: Workspace, now: datetime) -> list[str]:
    """Write down everybody of `dunwell.toml` whom the database has never had. Their ids."""
    there = {one.id for one in people.workers(conn)}
    fresh = [_worker(id, one) for id, one in files.settings.people.items() if id not in there]
    entries = []
    for one in fresh:
        people.keep(conn, one, FILE, now, new=True)
        body = {"person": one.id, "did": "added", "roles": one.roles, "by": FILE}
        entries.append(Entry("person", "", body, {"name": one.name}))
    if entries:
        journal.append(conn, entries, now)
    return [one.id for one in fresh]


def _worker(id: str, one: Person) -> Worker:
    """As the database has them."""
    return Worker(
        id, one.name, tuple(one.roles), one.email or "", one.phone, one.calls, one.letters, one.zone
    )
