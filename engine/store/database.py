"""Opening the database: brought up to date, refused where it cannot be trusted, and never half written.

A handle is a SQLAlchemy engine. Ask it through `reading` and `writing`: both turn the drivers' errors into
sentences, and `writing` is one transaction, all or nothing.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from zlib import crc32

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, Engine, RootTransaction, make_url

from engine.errors import (
    DatabaseBusy,
    DatabaseError,
    DatabaseTooNew,
    DatabaseTooOld,
    DatabaseUnreadable,
    DiskFull,
    OtherCompany,
    ReadOnly,
)
from engine.store.glance import CACHE, IS_THERE, STANDS, WAIT_MS, WHOSE, to_read
from engine.store.glance import HEAD as HEAD
from engine.store.words import COMPANY

MIGRATIONS = Path(__file__).parent / "migrations"
_IS_THERE = {  # asked at every opening; SQLAlchemy's inspector takes three times as long as all the rest of it
    "sqlite": IS_THERE,
    "postgresql": "SELECT to_regclass('alembic_version')",
}
_WRITER = 7239462  # the lock of whoever writes
_VANISHED = (
    *(("tcp_keepalives_idle", 5), ("tcp_keepalives_interval", 5), ("tcp_keepalives_count", 2)),
    ("idle_in_transaction_session_timeout", 120_000),  # of one that is there and does nothing more
)


def open(
    url: str | Path, *, migrate: bool = True, read_only: bool = False, company: str | None = None
) -> Engine:
    """The database at a path or URL (`sqlite:///…`, `postgresql://…`), its tables as this version wants them.

    A path, or a `sqlite` URL, names a file that is made where it is missing. With `company`, or `?company=NAME`, it is
    that company's: a file of its own, or a schema of that name in a database that others share. With `read_only` nothing is
    ever written, and a missing or older database is refused. Before a migration a SQLite file is copied to
    `NAME.before-REVISION`. Raises DatabaseTooNew, DatabaseTooOld, DatabaseUnreadable, OtherCompany, ReadOnly, DiskFull
    or DatabaseBusy.
    """
    whole, whose = address(url, company)
    file = _file(whole)
    if file is not None:
        _check_file(file, read_only)
    engine = _of_file(file, read_only, whose) if file is not None else _engine(whole, None, read_only, whose)
    try:
        with _told(engine):
            found, kept = _stands(engine)
            if found is not None and kept != whose:
                raise OtherCompany(name(engine), kept, whose)
            if found != HEAD:
                _bring_up(engine, file, found, migrate and not read_only)
    except BaseException:
        engine.dispose()
        raise
    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One consistent view of the database. What is written in it is rolled back."""
    with _told(engine), engine.connect() as conn:
        if conn.dialect.name == "postgresql":
            conn = conn.execution_options(isolation_level="REPEATABLE READ")
        yield conn
        conn.rollback()


@contextmanager
def writing(engine: Engine, through: Connection | None = None) -> Iterator[Connection]:
    """One transaction: committed when the block ends, rolled back when anything is raised in it.

    `through` is an open connection of the caller's, for many transactions one after the other.
    """
    with _told(engine), nullcontext(through) if through is not None else engine.connect() as conn:
        try:
            with _begun(conn):
                if (begins := conn.get_execution_options().get("dunwell_begins")) is not None:
                    begins(conn)
                yield conn
        except BaseException:
            if (
                through is not None
            ):  # after a COMMIT that failed it may still be open: a new one is opened next time
                conn.invalidate()
            raise


def beginning(engine: Engine, begins: Callable[[Connection], None]) -> Engine:
    """The same database, where every transaction that writes begins with `begins`: it is done with the rest, or not at all."""
    return engine.execution_options(dunwell_begins=begins)


def _begun(conn: Connection) -> RootTransaction:
    """A transaction that writes, on a new connection where the server had closed this one while nothing was asked of it."""
    try:
        return _to_write(conn).begin()
    except Exception:
        if not conn.invalidated:
            raise
        return _to_write(conn).begin()


def _to_write(conn: Connection) -> Connection:
    """What begins on it writes. The driver of PostgreSQL would say BEGIN by itself, and wait for the answer: we say it."""
    if conn.dialect.name == "postgresql":
        conn = conn.execution_options(isolation_level="AUTOCOMMIT")
    return conn.execution_options(dunwell_writes=True)


@contextmanager
def beside(engine: Engine) -> Iterator[Connection]:
    """One transaction on PostgreSQL that sees the database as it is at its beginning, and waits for no other writer.

    For work that shares no row with others. DatabaseError where somebody has changed a row that it locks. The server
    looks whether the machine is still there, and undoes the work of one that has vanished within a quarter of a minute.
    """
    with _told(engine), engine.connect() as conn:
        conn = conn.execution_options(isolation_level="REPEATABLE READ")
        with conn.begin():
            for name_, value in _VANISHED:
                conn.exec_driver_sql(f"SET LOCAL {name_} = {value}")
            yield conn


def now(engine: Engine) -> datetime:
    """The moment by the clock of PostgreSQL's server."""
    with _told(engine), engine.connect() as conn:
        found: datetime = conn.execute(sa.text("SELECT clock_timestamp()")).scalar_one()
        return found


@contextmanager
def bare(engine: Engine) -> Iterator[Connection]:
    """A connection without a transaction: for what is the connection's own and not of any row, as PostgreSQL's locks are."""
    with _told(engine), engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        yield conn


@contextmanager
def aside(engine: Engine) -> Iterator[Connection]:
    """One transaction of a row or two on which no decision rests: it waits for no run, and for no import for long.

    DatabaseBusy where SQLite's one writer is at work for more than two seconds.
    """
    with _told(engine), engine.connect() as conn:
        if conn.dialect.name == "sqlite":
            raw: Any = conn.connection.driver_connection
            raw.execute("PRAGMA busy_timeout=2000")
            conn = conn.execution_options(dunwell_writes=True)
        with conn.begin():
            yield conn


def name(engine: Engine) -> str:
    """How to call the database in a sentence: its file, or its address without the password, and whose it is."""
    if engine.dialect.name == "sqlite":
        return engine.url.database or ""
    whose = company(engine)
    return engine.url.set(query={}).render_as_string() + (f" ({whose})" if whose != COMPANY else "")


def company(of: Engine | Connection) -> str:
    """The company whose database it is."""
    return str(of.get_execution_options().get("dunwell_company", COMPANY))


def schema(of: Engine | Connection) -> str:
    """The schema of the company's tables on PostgreSQL."""
    whose = company(of)
    return "public" if whose == COMPANY else whose


def space(of: Engine | Connection, number: int) -> int:
    """The first half of a lock on PostgreSQL, whose locks are of the whole database: a number for each company."""
    whose = company(of)
    return number if whose == COMPANY else crc32(f"{number} {whose}".encode()) >> 1


def revision(engine: Engine) -> str | None:
    """The version of the tables, or None for an empty database."""
    return _stands(engine)[0]


def _stands(engine: Engine) -> tuple[str | None, str]:
    """The version of the tables, and the company that they were made for."""
    with engine.connect() as conn:
        return _found(conn)


def _found(conn: Connection) -> tuple[str | None, str]:
    if conn.exec_driver_sql(_IS_THERE[conn.dialect.name]).scalar() is None:
        return None, company(conn)
    found = conn.exec_driver_sql(STANDS).one_or_none()
    return (found[0], found[1] or COMPANY) if found is not None else (None, company(conn))


def fits(conn: Connection) -> bool:
    """Whether the tables are still as `open` left them; where they are not, `open` says why or brings them up to date."""
    return _found(conn) == (HEAD, company(conn))


def check(engine: Engine) -> None:
    """Look through a whole SQLite file for damage. DatabaseUnreadable where there is any."""
    if engine.dialect.name != "sqlite":
        return
    with reading(engine) as conn:
        answer = conn.exec_driver_sql("PRAGMA quick_check(1)").scalar()
    if answer != "ok":
        raise _damaged(name(engine))


def address(url: str | Path, company: str | None = None) -> tuple[URL, str]:
    """A database's address as its driver takes it, and whose it is. DatabaseUnreadable where it is of another kind."""
    text = str(url)
    if "://" not in text:
        return URL.create("sqlite", database=text), company or COMPANY
    try:
        address = make_url(text)
    except sa.exc.ArgumentError:
        raise DatabaseUnreadable(
            "the database's address cannot be read", "write a file name, or postgresql://user@host/name"
        ) from None
    whose = company or str(address.query.get("company", COMPANY))
    address = address.difference_update_query(["company"])
    if address.get_backend_name() == "postgresql":
        address = address.set(drivername="postgresql+psycopg")
        if whose != COMPANY:  # the one place in which names are looked up
            given = [str(address.query["options"])] if "options" in address.query else []
            address = address.update_query_dict({"options": " ".join([*given, f"-csearch_path={whose}"])})
        return address, whose
    if address.get_backend_name() != "sqlite":
        raise DatabaseUnreadable(
            f"Dunwell keeps its data in SQLite or PostgreSQL, not in {address.get_backend_name()}",
            "write a file name, or postgresql://user@host/name",
        )
    return address.set(drivername="sqlite"), whose


def _file(address: URL) -> Path | None:
    memory = address.database in (None, "", ":memory:")
    return None if address.drivername != "sqlite" or memory else Path(str(address.database))


def _check_file(file: Path, read_only: bool) -> None:
    if file.is_dir():
        raise DatabaseUnreadable(f"{file} is a folder, not a database")
    if file.exists():
        if not os.access(file, os.R_OK):
            raise ReadOnly(f"the database {file} may not be read", "ask for the right to read it")
        if not read_only and not os.access(file, os.W_OK):
            raise ReadOnly(f"the database {file} may not be written to", "ask for the right to write to it")
    elif read_only:
        raise DatabaseUnreadable(f"there is no database {file} yet", "import a ledger first")
    elif not file.parent.is_dir():
        raise DatabaseUnreadable(f"there is no folder {file.parent} for the database", "make it first")
    if not read_only and not os.access(file.parent, os.W_OK):
        raise ReadOnly(
            f"the folder {file.parent.absolute()} may not be written to",
            "choose another place for the database",
        )


@lru_cache(maxsize=4)
def _of_file(file: Path, read_only: bool, whose: str) -> Engine:
    """The same engine for the same file: it keeps no connection, but what it has compiled need not be compiled again."""
    return _engine(URL.create("sqlite", database=str(file)), file, read_only, whose)


def _engine(address: URL, file: Path | None, read_only: bool, whose: str) -> Engine:
    options = {"dunwell_company": whose}
    if address.drivername != "sqlite":
        engine = sa.create_engine(address, pool_pre_ping=True, execution_options=options)
        event.listen(engine, "begin", _begin_postgres)
        return engine
    arguments: dict[str, Any] = {"timeout": WAIT_MS / 1000}
    if file is None:
        engine = sa.create_engine(address, connect_args=arguments, execution_options=options)
    else:
        engine = sa.create_engine(
            address,
            creator=lambda: to_read(file) if read_only else _to_change(file, arguments),
            poolclass=sa.pool.NullPool,
            execution_options=options,
        )

    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        for pragma in ("foreign_keys=ON", f"busy_timeout={WAIT_MS}", "synchronous=FULL", CACHE):
            connection.execute(f"PRAGMA {pragma}")
        if read_only:
            connection.execute("PRAGMA query_only=ON")
        elif file is not None:
            connection.execute("PRAGMA journal_mode=WAL")

    event.listen(engine, "connect", prepare)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _to_change(file: Path, arguments: dict[str, Any]) -> sqlite3.Connection:
    made: sqlite3.Connection = sqlite3.connect(file, check_same_thread=False, **arguments)
    return made


def _begin_sqlite(conn: Connection) -> None:
    writes = conn.get_execution_options().get("dunwell_writes")
    conn.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _begin_postgres(conn: Connection) -> None:
    """Two evaluations, or an import and an evaluation, wait for each other; reading never waits. Nor do other companies."""
    if not conn.get_execution_options().get("dunwell_writes"):
        return
    lock = str(_WRITER) if company(conn) == COMPANY else f"{space(conn, _WRITER)}, 0"
    raw: Any = conn.connection.driver_connection
    try:
        raw.execute(f"BEGIN; SELECT pg_advisory_xact_lock({lock})", prepare=False)
    except Exception:
        if raw.closed:
            conn.invalidate()
        raise


def _bring_up(engine: Engine, file: Path | None, found: str | None, migrate: bool) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise DatabaseTooNew(name(engine), found, HEAD)
    if not migrate:
        raise DatabaseTooOld(
            f"the database {name(engine)} is not ready for this version of Dunwell",
            "import a ledger or make a run first",
        )
    if file is not None and found is not None:
        _back_up(file, Path(f"{file}.before-{HEAD}"))
    with engine.connect() as plain:
        conn = _to_write(plain)
        with conn.begin():
            whose = company(engine)
            if found is None and whose != COMPANY and engine.dialect.name == "postgresql":
                with_schema(conn, whose)
            config.attributes["connection"] = conn
            command.upgrade(config, "head")
            if found is None and whose != COMPANY:
                conn.execute(
                    sa.text("INSERT INTO setting (company, name, value) VALUES (:row, :name, :whose)"),
                    {"row": COMPANY, "name": WHOSE, "whose": whose},
                )


def with_schema(conn: Connection, whose: str) -> None:
    """Make a schema on PostgreSQL, where nobody has made it: whoever finds it there needs no right to make one."""
    there = sa.text("SELECT 1 FROM pg_namespace WHERE nspname = :name")
    if conn.execute(there, {"name": whose}).first() is None:
        conn.execute(sa.schema.CreateSchema(whose))


def _back_up(file: Path, copy: Path) -> None:
    """A whole copy beside the file: under another name first, so that half a copy is never taken for one."""
    part = copy.with_name(copy.name + ".part")
    source, target = sqlite3.connect(file), sqlite3.connect(part)
    try:
        source.backup(target)
    finally:
        source.close()
        target.close()
    part.replace(copy)


@contextmanager
def _told(engine: Engine) -> Iterator[None]:
    """Turn what a driver says into a sentence. What is not the database's own fault passes as it is."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        raise sentence(name(engine), error.orig or error) from error
    except Exception as error:
        # What was asked of the driver itself comes in its words; psycopg is only there where it is installed.
        if isinstance(error, sqlite3.Error) or type(error).__module__.startswith("psycopg"):
            raise sentence(name(engine), error) from error
        raise


def sentence(database: str, error: BaseException) -> BaseException:
    """What a driver says, in our words."""
    text = str(error).strip()
    low = text.lower()
    if "disk is full" in low or "no space left" in low or getattr(error, "sqlstate", "") == "53100":
        return DiskFull(
            f"there is no room left for the database {database}",
            "make room and do it again; nothing was changed",
        )
    if "readonly" in low or "read-only" in low:
        return ReadOnly(f"the database {database} may not be written to", "nothing was changed")
    if "not a database" in low or "malformed" in low:
        return _damaged(database)
    if "locked" in low or "lock timeout" in low:
        return DatabaseBusy(f"somebody else is writing to the database {database}", "do it again in a moment")
    if "unable to open" in low or "connection" in low:
        return DatabaseUnreadable(f"the database {database} cannot be opened", text.splitlines()[0])
    if "disk i/o error" in low:
        return DatabaseUnreadable(
            f"the disk of the database {database} reports an error", "nothing was changed"
        )
    return DatabaseError(f"the database {database} refused: {text.splitlines()[0]}", "nothing was changed")


def _damaged(database: str) -> DatabaseUnreadable:
    return DatabaseUnreadable(
        f"{database} is damaged, or is not a Dunwell database", "restore it from a backup; it was not changed"
    )
