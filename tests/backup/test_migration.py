"""An upgrade of the tables with data in them: whole or not at all, on both databases, with a copy kept."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from engine.errors import DatabaseTooNew, DatabaseUnreadable
from engine.store import brakes, database, halts, runs, shared, tables
from tests.jobs.world import moment

NOTE = "INSERT INTO note (account, text, at, by) VALUES ('A', 'kept', '2026-11-23', 'ana')"
KILLED = """
import os, sys
import sqlalchemy as sa
from engine.store import database
seen = 0
def count(*_):
    global seen
    seen += 1
    if seen == int(sys.argv[2]):
        os._exit(137)
sa.event.listen(sa.engine.Engine, "after_cursor_execute", count)
database.open(sys.argv[1])
print(seen)
"""


def _first(url: str) -> None:
    """A database as the first version made it, with a row in it."""
    _made(url, "0001", NOTE)


def _made(url: str, revision: str, *statements: str) -> None:
    """A database as a version made it, with rows in it."""
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    config = Config()
    config.set_main_option("script_location", str(database.MIGRATIONS))
    with engine.begin() as conn:
        config.attributes["connection"] = conn
        command.upgrade(config, revision)
        for statement in statements:
            conn.exec_driver_sql(statement)
    engine.dispose()


def _empty(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """The address of a database without tables."""
    if kind == "sqlite":
        return f"sqlite:///{tmp_path / 'dunwell.db'}"
    url: str = request.getfixturevalue("postgres_url")
    _back(url)
    return url


def _back(url: str) -> None:
    """A migrated database has no tables again."""
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as conn:
        conn.exec_driver_sql("DROP SCHEMA public CASCADE")
        conn.exec_driver_sql("CREATE SCHEMA public")
    engine.dispose()


def _seen(engine: sa.Engine) -> tuple[str | None, list[str]]:
    with database.reading(engine) as conn:
        return database.revision(engine), [
            text for (text,) in conn.exec_driver_sql("SELECT text FROM note").all()
        ]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_what_is_in_the_tables_is_there_after_the_upgrade(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = _empty(kind, tmp_path, request)
    _first(url)
    engine = database.open(url)
    assert _seen(engine) == (database.HEAD, ["kept"])
    with database.writing(engine) as conn:
        brakes.halt(
            conn, halts.STOPPED, "to see that its tables are there", "ana", moment("2026-11-23", "09:00")
        )
    engine.dispose()
    if kind == "sqlite":
        before = sqlite3.connect(tmp_path / f"dunwell.db.before-{database.HEAD}")
        assert before.execute("select version_num from alembic_version").fetchall() == [("0001",)]
        assert before.execute("select text from note").fetchall() == [("kept",)]
        before.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_run_that_is_under_way_is_given_up(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Its parts have no hashes yet; its day is decided anew."""
    url = _empty(kind, tmp_path, request)
    _made(
        url,
        "0007",
        "INSERT INTO book VALUES ('a1', '{}', '2026-11-23')",
        "INSERT INTO shared_run (business_date, run, time, state, book, settings, file, moment, parts, begun_at)"
        " VALUES ('2026-11-23', 1, 1, 'deciding', 'a1', 's', 1, 'm', 2, '2026-11-23T09:00:00+00:00')",
        "INSERT INTO run_part (shared_run, number, done_at, head) VALUES (1, 0, '2026-11-23', 3)",
        "INSERT INTO run_class VALUES (1, 0, 'd', '{}')",
    )
    engine = database.open(url)
    with database.reading(engine) as conn:
        assert shared.under_way(conn) is None
        assert runs.next_of(conn, date(2026, 11, 23)) == (1, 1)
        assert conn.execute(sa.select(tables.run_class)).all() == []
    engine.dispose()


@pytest.mark.fault(11)
@pytest.mark.parametrize("nth", [4, 12, 20])
def test_an_upgrade_that_is_killed_leaves_the_old_tables_or_the_new(tmp_path: Path, nth: int) -> None:
    file = tmp_path / "dunwell.db"
    _first(f"sqlite:///{file}")
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(file), str(nth)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 137, f"it took {done.stdout} statements, {done.stderr}"
    plain = sqlite3.connect(file)
    (found,) = plain.execute("select version_num from alembic_version").fetchone()
    tables = {name for (name,) in plain.execute("select name from sqlite_master where type = 'table'")}
    plain.close()
    assert (found, "alarm" in tables, "feed" in tables) in {
        ("0001", False, False),
        ("0002", True, True),
        ("0003", True, True),
        ("0004", True, True),
        ("0005", True, True),
        ("0006", True, True),
        ("0007", True, True),
        ("0008", True, True),
    }
    engine = database.open(file)
    database.check(engine)
    assert _seen(engine) == (database.HEAD, ["kept"])
    engine.dispose()


@pytest.mark.fault(20)
def test_a_damaged_database_is_refused_with_the_way_to_mend_it(sqlite_template: Path, tmp_path: Path) -> None:
    file = tmp_path / "dunwell.db"
    data = bytearray(sqlite_template.read_bytes())
    for at in range(4096 * 3, 4096 * 12, 97):
        data[at] ^= 0x5A
    file.write_bytes(data)
    with pytest.raises(DatabaseUnreadable, match="damaged") as refused:
        database.check(database.open(file))
    assert "backup" in refused.value.hint
    assert file.read_bytes()[4096:] == bytes(data)[4096:]


def test_a_newer_database_is_left_as_it_is(sqlite_template: Path, tmp_path: Path) -> None:
    file = tmp_path / "dunwell.db"
    file.write_bytes(sqlite_template.read_bytes())
    plain = sqlite3.connect(file)
    plain.execute("update alembic_version set version_num = '0999'")
    plain.commit()
    plain.close()
    with pytest.raises(DatabaseTooNew):
        database.open(file)
    assert not list(tmp_path.glob("*.before-*"))


@pytest.mark.fault(19)
def test_a_file_that_was_put_in_its_place_is_another_one(sqlite_template: Path, tmp_path: Path) -> None:
    file = tmp_path / "dunwell.db"
    file.write_bytes(sqlite_template.read_bytes())
    engine = database.open(file)
    at_start = brakes.identity(engine)
    assert at_start == brakes.identity(engine)
    (tmp_path / "other.db").write_bytes(sqlite_template.read_bytes())
    os.replace(tmp_path / "other.db", file)
    assert brakes.identity(engine) not in (at_start, None)
    file.unlink()
    assert brakes.identity(engine) == (0, 0)
    engine.dispose()
