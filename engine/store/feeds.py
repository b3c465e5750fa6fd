"""How fresh each feed is: when it was last tried, what it last brought, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.store import alarms
from engine.store.moments import moment_text
from engine.store.tables import COMPANY, feed


@dataclass(frozen=True, slots=True)
class FeedState:
    """What is known of a feed. Moments are UTC; None where it never was. `failed`: times in a row."""

    name: str
    tried_at: datetime | None = None
    taken_at: datetime | None = None
    as_of: date | None = None
    sentence: str = ""
    failed: int = 0


def states(conn: Connection, company: str = COMPANY) -> Mapping[str, FeedState]:
    """Every feed that was ever tried, by name."""
    query = sa.select(feed).where(feed.c.company == company).order_by(feed.c.name)
    return {
        row.name: FeedState(
            row.name, _moment(row.tried_at), _moment(row.taken_at), row.as_of, row.sentence, row.failed
        )
        for row in conn.execute(query)
    }


def state(conn: Connection, name: str, company: str = COMPANY) -> FeedState:
    """One feed; a new one has no moments."""
    return states(conn, company).get(name, FeedState(name))


def took(
    conn: Connection, name: str, sentence: str, at: datetime, as_of: date | None, company: str = COMPANY
) -> None:
    """A feed brought something in whole, or said that nothing has changed: it is fresh, and its alarm is over."""
    values = {"tried_at": moment_text(at), "taken_at": moment_text(at), "sentence": sentence, "failed": 0}
    if as_of is not None:
        values["as_of"] = as_of
    _write(conn, name, values, company)
    alarms.cleared(conn, alarms.FEED, at, f"feed {name}", company)


def failed(conn: Connection, name: str, sentence: str, at: datetime, company: str = COMPANY) -> None:
    """A feed brought nothing that can be taken; nothing was changed, and people are told."""
    before = state(conn, name, company).failed
    _write(conn, name, {"tried_at": moment_text(at), "sentence": sentence, "failed": before + 1}, company)
    alarms.raised(conn, alarms.FEED, f"feed {name}", f"the feed {name}: {sentence}", at, company)


def waits(conn: Connection, name: str, sentence: str, at: datetime, company: str = COMPANY) -> None:
    """A feed was looked at and had nothing whole yet."""
    _write(conn, name, {"tried_at": moment_text(at), "sentence": sentence}, company)


def _write(conn: Connection, name: str, values: Mapping[str, object], company: str) -> None:
    where = (feed.c.company == company, feed.c.name == name)
    if not conn.execute(sa.update(feed).where(*where).values(**values)).rowcount:
        conn.execute(sa.insert(feed).values(company=company, name=name, **values))


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
