"""What the files are held against: the few questions that every command asks of the database before its own work.

A file of SQLite is asked through Python's own driver: to load SQLAlchemy takes longer than all the rest of a check.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import orjson

from engine.settings import address
from engine.store.view import View, day, rows
from engine.store.words import COMPANY

HEAD = "0008"  # the newest revision in migrations/versions
WHOSE = (
    "company"  # the setting that says whose tables they are, where they are not those of the first company
)
WAIT_MS = 30_000
# KiB: what many questions look at is read once, and the pages that a large run changes are written once, at its end.
CACHE = "cache_size=-65536"
IS_THERE = "SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'alembic_version'"
STANDS = f"SELECT version_num, (SELECT value FROM setting WHERE name = '{WHOSE}') FROM alembic_version"  # noqa: S608

WORKER = (
    "id",
    "name",
    "roles",
    "email",
    "phone",
    "calls",
    "letters",
    "zone",
    "ended_at",
    "password",
    "subject",
)
_WORKERS = f"SELECT {', '.join(WORKER)} FROM person WHERE company = :company ORDER BY id"  # noqa: S608
_OF_CUSTOMERS = "SELECT DISTINCT terms FROM customer WHERE company = :company"
_OF_ITEMS = "SELECT DISTINCT terms, date, due FROM item WHERE company = :company AND open > 0"
_LAST_BOOK = """SELECT book.hash, book.texts FROM book JOIN run ON run.book = book.hash
    WHERE run.company = :company ORDER BY run.business_date DESC, run.id DESC LIMIT 1"""
_HAD = """SELECT DISTINCT mark.account FROM mark JOIN episode ON episode.company = mark.company
    AND episode.account = mark.account AND episode.number = mark.episode
    WHERE mark.company = :company AND mark.policy = :policy AND mark.step = :step AND episode.ended IS NULL
    ORDER BY mark.account"""


@dataclass(frozen=True, slots=True)
class Worker:
    """Somebody who works here, or has. `calls` and `letters` are what a day of theirs takes; None: no own limit.

    `enters`: they have a password, or an identity provider knows them.
    """

    id: str
    name: str
    roles: tuple[str, ...]
    email: str = ""
    phone: str = ""
    calls: int | None = None
    letters: int | None = None
    zone: str | None = None
    ended_at: datetime | None = None
    enters: bool = False


def worker_of(row: Sequence[Any]) -> Worker:
    """From the columns `WORKER`."""
    id, name, roles, email, phone, calls, letters, zone, ended, password, subject = row
    return Worker(
        id=id,
        name=name,
        roles=tuple(orjson.loads(roles)),
        email=email or "",
        phone=phone,
        calls=calls,
        letters=letters,
        zone=zone,
        ended_at=datetime.fromisoformat(ended) if ended else None,
        enters=bool(password or subject),
    )


def workers(view: View) -> list[Worker]:
    """Everybody who works here or has, by id."""
    return [worker_of(row) for row in rows(view, _WORKERS, company=COMPANY)]


def terms(view: View) -> Iterator[tuple[str | None, date | None, date | None]]:
    """Every term that a customer or an open item has; for an item its two dates too, from which terms follow."""
    yield from ((written, None, None) for (written,) in rows(view, _OF_CUSTOMERS, company=COMPANY))
    for written, dated, due in rows(view, _OF_ITEMS, company=COMPANY):
        yield written, day(dated), day(due)


def last_book(view: View) -> tuple[str, dict[str, str]] | None:
    """The hash and the texts of the book of the last run."""
    found = rows(view, _LAST_BOOK, company=COMPANY)
    return (found[0][0], orjson.loads(found[0][1])) if found else None


def had(view: View, policy: str, step: str) -> list[str]:
    """The accounts that have had a step in an episode that is under way still."""
    return [account for (account,) in rows(view, _HAD, company=COMPANY, policy=policy, step=step)]


@dataclass(frozen=True, slots=True)
class _Sqlite:
    name: str = "sqlite"


@dataclass(frozen=True, slots=True)
class Look:
    """A view into a file, of Python's own driver."""

    file: sqlite3.Connection
    dialect: _Sqlite = _Sqlite()

    def exec_driver_sql(self, statement: str, parameters: Any, /) -> sqlite3.Cursor:
        """As SQLAlchemy's connection has it."""
        return self.file.execute(statement, parameters)


@contextmanager
def glance(url: str) -> Iterator[View]:
    """One look into the database at a URL, which sees it all as it was at one moment.

    Raises what `database.open` and `database.reading` raise.
    """
    file = address.plain(url)
    conn = _as_wanted(file) if file is not None else None
    if (
        conn is None
    ):  # another kind, another company's, or not as it should be: which of these, the whole of it says
        with _through_the_whole(url) as view:
            yield view
        return
    with closing(conn):
        try:
            yield Look(conn)
        except sqlite3.Error as error:
            raise _said(str(file), error) from error


@contextmanager
def _through_the_whole(url: str) -> Iterator[View]:
    from engine.store import database

    engine = database.open(url, read_only=True)
    try:
        with database.reading(engine) as conn:
            yield conn
    finally:
        engine.dispose()


def _as_wanted(file: Path) -> sqlite3.Connection | None:
    """A look into a file whose tables are the first company's, as this version wants them; None for any other."""
    if not file.is_file():
        return None
    try:
        conn = to_read(file)
    except sqlite3.Error:
        return None
    try:
        conn.isolation_level = None
        for pragma in ("query_only=ON", CACHE):
            conn.execute(f"PRAGMA {pragma}")
        conn.execute("BEGIN")
        there = conn.execute(IS_THERE).fetchone() and conn.execute(STANDS).fetchall()
        if there in ([(HEAD, None)], [(HEAD, COMPANY)]):
            return conn
    except sqlite3.Error as error:
        if "locked" in str(error):  # its turn did not come: to try otherwise is to wait as long again
            conn.close()
            raise _said(str(file), error) from error
    conn.close()
    return None


def _said(file: str, error: sqlite3.Error) -> BaseException:
    from engine.store.database import sentence

    return sentence(file, error)


def to_read(file: Path) -> sqlite3.Connection:
    """A connection that waits its turn, and leaves the file as it is."""
    # A folder that may not be written to has no room for the log's index, and nobody else can be writing
    # there either.
    still = "" if os.access(file.parent, os.W_OK) else "&immutable=1"
    uri = f"{file.absolute().as_uri()}?mode={'ro' if still else 'rw'}{still}"
    return sqlite3.connect(uri, uri=True, check_same_thread=False, timeout=WAIT_MS / 1000)
