"""What tests of several rooms share: a database of each kind, the real servers."""

from __future__ import annotations

import fcntl
import gc
import os
import shutil
import uuid
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from engine.store import database
from tests import postgres

MEMORY = Path(
    "/dev/shm"
)  # a disk that is memory, where there is one with room: nothing here is to outlast the tests
if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > 4 << 30:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


@pytest.fixture(autouse=True)
def _as_wide_as_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may have told of a terminal; what is drawn is compared as it is without one."""
    monkeypatch.delenv("COLUMNS", raising=False)


# Each test has a file of its own, and what SQLAlchemy has once worked out for SQLite holds for every one of them.
_SQLITE = sa.create_engine("sqlite://", query_cache_size=10_000)
_SQLITE.connect().close()
_engine = database._engine


def _engine_that_knows(*given: Any) -> sa.Engine:
    engine = _engine(*given)
    if engine.dialect.name == "sqlite":
        engine.dialect, engine._compiled_cache = _SQLITE.dialect, _SQLITE._compiled_cache
    return engine


database._engine = _engine_that_knows

AT_ONCE = 5  # as `make test` runs them


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is loaded by its end stays: nobody needs to look through it again and again for what may go."""
    gc.disable()
    with _after_the_first():
        done = yield
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)
    gc.enable()
    return done


@contextmanager
def _after_the_first() -> Iterator[None]:
    """In a new checkout one process compiles what all of them load, and Hypothesis looks for constants in it once."""
    here = Path(__file__).parent
    if (here.parent / ".hypothesis" / "constants").exists():
        yield
        return
    folder = os.open(here, os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fcntl.flock(folder, fcntl.LOCK_SH)
            fcntl.flock(folder, fcntl.LOCK_UN)
        yield
    finally:
        os.close(folder)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long begins first in each of the parts into which the tests are shared out."""
    long = [one for one in items if one.get_closest_marker("long")]
    others = [one for one in items if not one.get_closest_marker("long")]
    size = -(-len(others) // AT_ONCE)
    items[:] = [
        one
        for part in range(AT_ONCE)
        for one in (*long[part::AT_ONCE], *others[part * size : (part + 1) * size])
    ]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a PostgreSQL server of this session's own, with `{}` in place of the database's name."""
    tools = postgres.tools()
    if tools is None:
        pytest.skip("there is no PostgreSQL server for this machine, neither installed nor as a wheel")
    with postgres.server(tools) as made:
        yield made.url


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    """The name of a PostgreSQL database with Dunwell's tables, to copy for each test."""
    _create(postgres_server, "template_dunwell", "template0")
    database.open(postgres_server.format("template_dunwell")).dispose()
    return "template_dunwell"


@pytest.fixture
def postgres_url(postgres_server: str, postgres_template: str) -> Iterator[str]:
    """The address of a PostgreSQL database of the test's own, with Dunwell's tables and nothing in them."""
    name = "t" + uuid.uuid4().hex
    _create(postgres_server, name, postgres_template)
    yield postgres_server.format(name)
    _at(postgres_server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with Dunwell's tables, to copy for each test."""
    file = tmp_path_factory.mktemp("template") / "dunwell.db"
    database.open(file).dispose()
    return file


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database with Dunwell's tables and nothing in them, of each kind in turn."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "dunwell.db")
        return f"sqlite:///{tmp_path / 'dunwell.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


def _create(server: str, name: str, template: str) -> None:
    _at(server, f"CREATE DATABASE {name} TEMPLATE {template}")


def _at(server: str, statement: str) -> None:
    address = sa.make_url(server.format("postgres")).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(address, isolation_level="AUTOCOMMIT")
    with engine.connect() as conn:
        conn.execute(sa.text(statement))
    engine.dispose()
