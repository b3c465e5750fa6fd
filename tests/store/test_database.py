"""Opening a database: brought up to date, or refused in a clear sentence and left as it is."""

from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from engine.errors import DatabaseTooNew, DatabaseTooOld, DatabaseUnreadable, DiskFull, ReadOnly
from engine.store import database
from engine.store.tables import metadata, note


def add_note(conn: sa.Connection, text: str) -> None:
    conn.execute(sa.insert(note).values(account="A", text=text, at="2026-11-23", by="test"))


def half_a_step(conn: sa.Connection) -> None:
    add_note(conn, "half")
    raise ZeroDivisionError


def fill_the_disk(conn: sa.Connection) -> None:
    pages = conn.exec_driver_sql("PRAGMA page_count").scalar_one()
    conn.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    for number in range(5000):
        add_note(conn, f"a note of some length, number {number}")


def notes(engine: sa.Engine) -> int:
    with database.reading(engine) as conn:
        found: int = conn.execute(sa.select(sa.func.count()).select_from(note)).scalar_one()
    return found


def test_the_migrations_make_exactly_the_tables_that_the_code_wants(database_url: str) -> None:
    engine = database.open(database_url)
    with database.reading(engine) as conn:

        def ours(made: Any, _name: str | None, kind: str, reflected: bool, _other: Any) -> bool:
            """Alembic does not ask a foreign key whether it is for this database."""
            told = getattr(made, "_ddl_if", None)
            return (
                reflected
                or kind != "foreign_key_constraint"
                or told is None
                or told.dialect == conn.dialect.name
            )

        differences = compare_metadata(
            MigrationContext.configure(conn, opts={"include_object": ours}), metadata
        )
    assert differences == []
    assert ScriptDirectory(str(database.MIGRATIONS)).get_current_head() == database.HEAD
    engine.dispose()


def test_a_transaction_that_fails_leaves_nothing(database_url: str) -> None:
    engine = database.open(database_url)
    with pytest.raises(ZeroDivisionError), database.writing(engine) as conn:
        half_a_step(conn)
    assert notes(engine) == 0
    with database.reading(engine) as conn:
        add_note(conn, "from a reader") if conn.dialect.name == "sqlite" else None
    assert notes(engine) == 0
    engine.dispose()


def test_opening_twice_keeps_what_is_there(database_url: str) -> None:
    engine = database.open(database_url)
    with database.writing(engine) as conn:
        add_note(conn, "kept")
    engine.dispose()
    again = database.open(database_url)
    assert notes(again) == 1
    again.dispose()


def test_a_database_of_a_newer_version_is_refused_and_left_alone(database_url: str) -> None:
    engine = database.open(database_url)
    with database.writing(engine) as conn:
        conn.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(DatabaseTooNew) as refused:
        database.open(database_url)
    assert f"made by a newer Dunwell (its version is 9999, this one knows {database.HEAD})" in str(
        refused.value
    )


@pytest.mark.fault(13)
def test_sqlite_is_opened_so_that_a_commit_survives_a_power_cut(tmp_path: Path) -> None:
    engine = database.open(tmp_path / "d.db")
    with database.reading(engine) as conn:
        found = {
            name: conn.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_an_older_file_is_copied_before_it_is_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "d.db"
    engine = database.open(file)
    with database.writing(engine) as conn:
        add_note(conn, "old")
    versions = tmp_path / "migrations" / "versions"
    versions.mkdir(parents=True)
    for path in database.MIGRATIONS.glob("*.*"):
        (versions.parent / path.name).write_text(path.read_text())
    for path in (database.MIGRATIONS / "versions").glob("r*.py"):
        (versions / path.name).write_text(path.read_text())
    second = f'revision = "0999"\ndown_revision = "{database.HEAD}"\nfrom alembic import op\n'
    (versions / "r0999.py").write_text(second + 'def upgrade():\n    op.execute("DELETE FROM note")\n')
    monkeypatch.setattr(database, "MIGRATIONS", versions.parent)
    monkeypatch.setattr(database, "HEAD", "0999")
    with pytest.raises(DatabaseTooOld):
        database.open(file, migrate=False)
    assert notes(database.open(file)) == 0
    with sqlite3.connect(tmp_path / "d.db.before-0999") as copy:
        assert copy.execute("SELECT text FROM note").fetchall() == [("old",)]
    copy.close()


@pytest.mark.fault(11)
def test_a_migration_that_fails_leaves_the_old_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "d.db"
    versions = tmp_path / "migrations" / "versions"
    versions.mkdir(parents=True)
    for path in database.MIGRATIONS.glob("*.*"):
        (versions.parent / path.name).write_text(path.read_text())
    (versions / "r1.py").write_text(
        'revision = "1"\ndown_revision = None\nfrom alembic import op\n'
        'def upgrade():\n    op.execute("CREATE TABLE half (a)")\n    raise ZeroDivisionError\n'
    )
    with monkeypatch.context() as patch:
        patch.setattr(database, "MIGRATIONS", versions.parent)
        with pytest.raises(ZeroDivisionError):
            database.open(file)
    with sqlite3.connect(file) as conn:
        assert conn.execute("SELECT name FROM sqlite_master WHERE name = 'half'").fetchall() == []
    conn.close()
    assert notes(database.open(file)) == 0


def test_looking_changes_no_byte_and_leaves_no_file(tmp_path: Path) -> None:
    file = tmp_path / "d.db"
    engine = database.open(file)
    with database.writing(engine) as conn:
        add_note(conn, "kept")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    looker = database.open(file, read_only=True)
    assert notes(looker) == 1
    with pytest.raises(ReadOnly), database.writing(looker) as conn:
        add_note(conn, "not kept")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_looking_at_a_database_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnreadable, match="there is no database"):
        database.open(tmp_path / "d.db", read_only=True)
    with pytest.raises(DatabaseUnreadable, match="there is no folder"):
        database.open(tmp_path / "nowhere" / "d.db")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    file = tmp_path / "d.db"
    file.write_text("Customer;Invoice;Amount\n" * 100)
    with pytest.raises(DatabaseUnreadable, match="is damaged, or is not a Dunwell database"):
        database.open(file)
    assert file.read_text().startswith("Customer")


@pytest.mark.fault(20)
def test_a_damaged_database_is_found(tmp_path: Path) -> None:
    file = tmp_path / "d.db"
    engine = database.open(file)
    with database.writing(engine) as conn:
        for number in range(2000):
            add_note(conn, f"a note of some length, number {number}")
    database.check(engine)
    data = bytearray(file.read_bytes())
    for at in range(len(data) // 2, len(data) // 2 + 20_000):
        data[at] ^= 0xFF
    file.write_bytes(data)
    with pytest.raises(DatabaseUnreadable, match="damaged"):
        database.check(engine)


@pytest.mark.fault(15)
def test_a_full_disk_rolls_back_and_says_so(tmp_path: Path) -> None:
    engine = database.open(tmp_path / "d.db")
    with database.writing(engine) as conn:
        add_note(conn, "before")
    with pytest.raises(DiskFull, match="no room left") as full, database.writing(engine) as conn:
        fill_the_disk(conn)
    assert "nothing was changed" in full.value.hint
    assert notes(engine) == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
@pytest.mark.fault(19)
def test_a_folder_that_may_not_be_written_to(tmp_path: Path) -> None:
    database.open(tmp_path / "d.db").dispose()
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        with pytest.raises(ReadOnly, match=r"the folder .* may not be written to"):
            database.open(tmp_path / "d.db")
        assert notes(database.open(tmp_path / "d.db", read_only=True)) == 0
    finally:
        tmp_path.chmod(stat.S_IRWXU)


def test_a_folder_that_may_not_be_written_to_as_the_system_tells_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.open(tmp_path / "d.db").dispose()
    allowed = os.access

    def access(path: object, mode: int) -> bool:
        return mode != os.W_OK and allowed(str(path), mode)

    monkeypatch.setattr(os, "access", access)
    with pytest.raises(ReadOnly, match="may not be written to"):
        database.open(tmp_path / "d.db")
    assert notes(database.open(tmp_path / "d.db", read_only=True)) == 0


def test_addresses_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnreadable, match="not in mysql"):
        database.open("mysql://root@host/name")
    with pytest.raises(DatabaseUnreadable, match="is a folder"):
        database.open(tmp_path)


def test_a_server_that_does_not_answer(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnreadable, match="cannot be opened") as refused:
        database.open(f"postgresql://dunwell:secret@/x?host={tmp_path}")
    assert "secret" not in str(refused.value)
