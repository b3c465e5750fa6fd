"""What tests of several rooms share: a database of each kind, the real servers."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine.store import database


def _postgres_tools() -> Path | None:
    """The folder of `initdb` and `pg_ctl`: a real one, since wrappers may refuse to run as another user."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    there = shutil.which("pg_ctl")
    return Path(there).resolve().parent if there and shutil.which("initdb") else None


def _as_postgres(command: list[str]) -> list[str]:
    """PostgreSQL refuses to run as root."""
    return ["runuser", "-u", "postgres", "--", *command] if os.geteuid() == 0 else command


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a PostgreSQL server of this session's own; skipped where no server is installed."""
    tools = _postgres_tools()
    if tools is None:
        pytest.skip("no PostgreSQL server is installed (Debian: apt-get install postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="dunwell-pg-", dir="/tmp"))
    data = folder / "data"
    data.mkdir()
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
        shutil.chown(data, "postgres", "postgres")

    def run(*command: str) -> None:
        subprocess.run(
            _as_postgres(list(command)), check=True, cwd=folder, stdout=subprocess.DEVNULL, timeout=60
        )

    tool = {name: str(tools / name) for name in ("initdb", "pg_ctl")}
    run(tool["initdb"], "-D", str(data), "-U", "dunwell", "-A", "trust", "-E", "UTF8", "--no-sync")
    # Reached through a socket in its own folder: no port can be taken.
    options = f"-k {folder} -c listen_addresses= -c fsync=off -c shared_buffers=32MB"
    run(tool["pg_ctl"], "-D", str(data), "-w", "-l", str(folder / "log"), "-o", options, "start")
    try:
        yield f"postgresql://dunwell@/{{}}?host={folder}"
    finally:
        run(tool["pg_ctl"], "-D", str(data), "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    """The name of a PostgreSQL database with Dunwell's tables, to copy for each test."""
    _create(postgres_server, "template_dunwell", "template0")
    database.open(postgres_server.format("template_dunwell")).dispose()
    return "template_dunwell"


@pytest.fixture
def postgres_url(postgres_server: str, postgres_template: str) -> str:
    """The address of a PostgreSQL database of the test's own, with Dunwell's tables and nothing in them."""
    name = "t" + uuid.uuid4().hex
    _create(postgres_server, name, postgres_template)
    return postgres_server.format(name)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with Dunwell's tables, to copy for each test."""
    file = tmp_path_factory.mktemp("template") / "dunwell.db"
    database.open(file).dispose()
    return file


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database with Dunwell's tables and nothing in them, of each kind in turn."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "dunwell.db")
        return f"sqlite:///{tmp_path / 'dunwell.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


def _create(server: str, name: str, template: str) -> None:
    address = sa.make_url(server.format("postgres")).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(address, isolation_level="AUTOCOMMIT")
    with engine.connect() as conn:
        conn.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    engine.dispose()
