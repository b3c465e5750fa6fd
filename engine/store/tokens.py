"""The tokens of programs, and what was done for them already: found and changed, one row at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.store.moments import moment_text
from engine.store.people import hashed
from engine.store.tables import COMPANY, answered, token

KEPT = timedelta(days=7)  # for which an answer is


@dataclass(frozen=True, slots=True)
class Token:
    """A program that may ask. `name` is its author in the journal; `until` is its last moment, None for no end."""

    name: str
    scopes: tuple[str, ...]
    at: datetime
    by: str
    until: datetime | None = None
    ended_at: datetime | None = None
    ended_by: str = ""
    seen_at: datetime | None = None

    def good(self, now: datetime) -> bool:
        return self.ended_at is None and (self.until is None or self.until > now)

    def last_day(self, zone: str) -> date | None:
        """The last on which it is good, where the office is."""
        return (self.until - timedelta(seconds=1)).astimezone(ZoneInfo(zone)).date() if self.until else None


@dataclass(frozen=True, slots=True)
class Answered:
    """A request that was done. `answer` is None where what was said of it was lost."""

    digest: str
    at: datetime
    answer: Mapping[str, Any] | None


def tokens(conn: Connection, company: str = COMPANY) -> list[Token]:
    """All there are and were, by name."""
    query = sa.select(token).where(token.c.company == company).order_by(token.c.name)
    return [_token(row) for row in conn.execute(query)]


def keep(conn: Connection, one: Token, secret: str, company: str = COMPANY) -> None:
    """A new one. `secret` itself is kept nowhere."""
    values = {
        "secret": hashed(secret),
        "scopes": orjson.dumps(one.scopes).decode(),
        "at": moment_text(one.at),
        "by": one.by,
        "until": moment_text(one.until) if one.until else None,
    }
    conn.execute(sa.insert(token).values(company=company, name=one.name, **values))


def of_secret(conn: Connection, secret: str, company: str = COMPANY) -> Token | None:
    query = sa.select(token).where(token.c.company == company, token.c.secret == hashed(secret))
    row = conn.execute(query).first()
    return None if row is None else _token(row)


def end(conn: Connection, name: str, by: str, now: datetime, company: str = COMPANY) -> None:
    _change(conn, name, company, ended_at=moment_text(now), ended_by=by)


def seen(conn: Connection, name: str, now: datetime, company: str = COMPANY) -> None:
    _change(conn, name, company, seen_at=moment_text(now))


def _change(conn: Connection, name: str, company: str, **values: Any) -> None:
    mine = (token.c.company == company, token.c.name == name)
    conn.execute(sa.update(token).where(*mine).values(**values))


# -- what was done already -------------------------------------------------------------------------------------------


def answer(conn: Connection, name: str, key: str, company: str = COMPANY) -> Answered | None:
    """What a request of this key was answered."""
    row = conn.execute(sa.select(answered).where(*_of(name, key, company))).first()
    if row is None:
        return None
    told = orjson.loads(row.answer) if row.answer is not None else None
    return Answered(row.digest, datetime.fromisoformat(row.at), told)


def taken(conn: Connection, name: str, key: str, digest: str, now: datetime, company: str = COMPANY) -> None:
    """A request is done in this very transaction."""
    values = {"token": name, "key": key, "digest": digest, "at": moment_text(now)}
    conn.execute(sa.insert(answered).values(company=company, **values))


def tell(conn: Connection, name: str, key: str, told: bytes, company: str = COMPANY) -> None:
    """And this is what it was answered, as JSON."""
    conn.execute(sa.update(answered).where(*_of(name, key, company)).values(answer=told.decode()))


def forget(conn: Connection, before: datetime, company: str = COMPANY) -> None:
    """Answers of long ago: their keys may be used again."""
    a = answered.c
    conn.execute(sa.delete(answered).where(a.company == company, a.at < moment_text(before)))


def _of(name: str, key: str, company: str) -> tuple[sa.ColumnElement[bool], ...]:
    a = answered.c
    return a.company == company, a.token == name, a.key == key


def _token(row: Any) -> Token:
    def moment(text: str | None) -> datetime | None:
        return datetime.fromisoformat(text) if text else None

    return Token(
        name=row.name,
        scopes=tuple(orjson.loads(row.scopes)),
        at=datetime.fromisoformat(row.at),
        by=row.by,
        until=moment(row.until),
        ended_at=moment(row.ended_at),
        ended_by=row.ended_by or "",
        seen_at=moment(row.seen_at),
    )
