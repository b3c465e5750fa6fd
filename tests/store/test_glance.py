"""What a command asks before its own work: of a file by Python's driver, of all else by SQLAlchemy, with the same answers."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa

from engine.errors import DatabaseBusy, DatabaseError
from engine.jobs.history import asking, looking
from engine.settings import Settings, Workspace
from engine.store import database, glance
from engine.store import tables as t
from engine.store.glance import Worker
from engine.store.view import View, frame, rows

AUGUST, OCTOBER = date(2026, 8, 3), date(2026, 10, 2)
_ITEM = {"account": "A", "kind": "invoice", "due": OCTOBER, "amount": 100, "currency": "USD"}
_RUN = {"policy_set": "live", "state": "done", "started": "", "finished": "", "counts": "{}", "seal": ""}
_MARK = {"policy": "standard", "step": "call", "item": "1", "how": "taken", "on": OCTOBER}
ROWS: list[tuple[sa.Table, list[dict[str, Any]]]] = [
    (
        t.person,
        [
            {"id": "joe", "name": "Joe", "roles": '["admin"]', "calls": 5, "password": "x"},
            {"id": "ana", "name": "Ana", "roles": "[]", "ended_at": "2026-10-01T10:00:00+00:00"},
        ],
    ),
    (t.customer, [{"account": "A", "terms": "net 30"}, {"account": "B", "terms": None}]),
    (
        t.item,
        [
            {"item": "1", "terms": None, "date": AUGUST, "open": 100},
            {"item": "2", "terms": "net 60", "date": None, "open": 100},
            {"item": "3", "terms": "net 90", "date": None, "open": 0},
        ],
    ),
    (t.book, [{"hash": "old", "texts": "{}"}, {"hash": "new", "texts": '{"a.yaml": "x"}'}]),
    (
        t.run,
        [{"book": "new", "business_date": OCTOBER}, {"book": "old", "business_date": AUGUST}],
    ),
    (
        t.episode,
        [
            {"account": "B", "number": 1, "ended": None},
            {"account": "A", "number": 1, "ended": None},
            {"account": "C", "number": 1, "ended": OCTOBER},
        ],
    ),
    (t.mark, [{"account": name, "episode": 1} for name in "ABC"]),
]
_MORE: dict[str, dict[str, Any]] = {
    "person": {"since": "", "by": "", "phone": ""},
    "item": _ITEM,
    "book": {"first_used": ""},
    "run": {**_RUN, "seal_seq": 1},
    "episode": {"started": AUGUST},
    "mark": _MARK,
}


def _fill(url: str) -> None:
    engine = database.open(url)
    with database.writing(engine) as conn:
        for table, rows in ROWS:
            for row in rows:
                conn.execute(sa.insert(table).values(**_MORE.get(table.name, {}), **row))
    engine.dispose()


def test_the_questions_on_each_database(database_url: str) -> None:
    _fill(database_url)
    with glance.glance(database_url) as view:
        assert glance.workers(view) == [
            Worker("ana", "Ana", (), ended_at=datetime(2026, 10, 1, 10, tzinfo=UTC)),
            Worker("joe", "Joe", ("admin",), calls=5, enters=True),
        ]
        assert set(glance.terms(view)) == {
            ("net 30", None, None),
            (None, None, None),
            (None, AUGUST, OCTOBER),
            ("net 60", None, OCTOBER),
        }
        assert glance.last_book(view) == ("new", {"a.yaml": "x"})
        assert glance.had(view, "standard", "call") == ["A", "B"]
        assert glance.had(view, "standard", "letter") == []


@contextmanager
def _reading(url: str) -> Iterator[View]:
    engine = database.open(url, read_only=True)
    with database.reading(engine) as conn:
        yield conn
    engine.dispose()


@pytest.mark.parametrize("look", [glance.glance, _reading])
def test_a_look_sees_one_moment(
    database_url: str, look: Callable[[str], AbstractContextManager[View]]
) -> None:
    """Whatever is written meanwhile, and whether rows or columns are asked for."""
    _fill(database_url)
    engine = database.open(database_url)
    with look(database_url) as view:
        first = frame(view, "SELECT id FROM person", {}, {"id": pl.String()})
        with database.writing(engine) as conn:
            conn.execute(sa.delete(t.person))
        assert first.height == len(glance.workers(view)) == 2
    with look(database_url) as view:
        assert glance.workers(view) == []
    engine.dispose()


def test_a_file_as_this_version_wants_it_is_asked_by_pythons_driver(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path / 'dunwell.db'}"
    _fill(url)
    monkeypatch.setattr(database, "open", lambda *_, **__: pytest.fail("SQLAlchemy was asked"))
    with glance.glance(url) as view:
        assert [one.id for one in glance.workers(view)] == ["ana", "joe"]
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            rows(view, "DELETE FROM person")


def test_what_goes_wrong_on_the_way_is_said_as_always(tmp_path: Path) -> None:
    file = tmp_path / "dunwell.db"
    _fill(f"sqlite:///{file}")
    with closing(sqlite3.connect(file)) as plain:
        plain.execute("DROP TABLE person")
    with pytest.raises(DatabaseError) as told, glance.glance(f"sqlite:///{file}") as view:
        glance.workers(view)
    assert str(told.value).startswith(f"the database {file} refused: no such table: person")


def test_a_file_that_somebody_keeps_to_himself_is_waited_for_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "dunwell.db"
    _fill(f"sqlite:///{file}")
    monkeypatch.setattr(glance, "WAIT_MS", 1)
    monkeypatch.setattr(database, "open", lambda *_, **__: pytest.fail("it was waited for again"))
    with closing(sqlite3.connect(file)) as other:
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
        other.execute("UPDATE person SET name = 'Jo'")
        with pytest.raises(DatabaseBusy) as told, glance.glance(f"sqlite:///{file}"):
            pass
    assert told.value.sentence == f"somebody else is writing to the database {file}"


@pytest.mark.parametrize(
    "spoilt",
    [
        "",
        "UPDATE alembic_version SET version_num = '0001'",
        "UPDATE alembic_version SET version_num = '9999'",
        "DROP TABLE alembic_version",
        "DELETE FROM alembic_version",
        "INSERT INTO setting (company, name, value) VALUES ('main', 'company', 'north')",
        "INSERT INTO setting (company, name, value) VALUES ('main', 'company', 'main')",
    ],
)
def test_a_file_that_is_otherwise_has_no_answers(tmp_path: Path, spoilt: str) -> None:
    files = Workspace(tmp_path, Settings())
    file = tmp_path / "dunwell.db"
    _fill(f"sqlite:///{file}")
    with closing(sqlite3.connect(file)) as plain:
        plain.execute(spoilt)
        plain.commit()
    _alike(files)


@pytest.mark.parametrize("held", [None, b"", b"not a database, but a text of some length " * 100])
def test_a_file_that_is_no_database_has_no_answers(tmp_path: Path, held: bytes | None) -> None:
    if held is not None:
        (tmp_path / "dunwell.db").write_bytes(held)
    _alike(Workspace(tmp_path, Settings()))


def _alike(files: Workspace) -> None:
    with looking(files) as conn, asking(files) as view:
        assert (view is None) == (conn is None)
        if conn is not None and view is not None:
            assert glance.workers(view) == glance.workers(conn)
