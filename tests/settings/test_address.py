"""Addresses of databases: what is plainly a file is read without SQLAlchemy, and as SQLAlchemy reads it."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from engine.settings import address

ROOT = Path("/srv/a house")
URLS = (
    "sqlite:///dunwell.db",
    "sqlite:////var/lib/dunwell.db",
    "sqlite:///data/my house.db",
    "sqlite:///a%20b.db",
    "sqlite:///é.db",
    "sqlite:///a:b@c.db",
    "sqlite:///x.db?timeout=5",
    "sqlite:///:memory:",
    "sqlite:///",
    "sqlite://",
    "sqlite+pysqlite:///x.db",
    "postgresql+psycopg://reader@host/name",
    "postgresql+psycopg://reader:secret@host:5432/name",
    "postgresql://host/name?password=secret",
)


@pytest.mark.parametrize("text", URLS)
@pytest.mark.parametrize("root", [ROOT, Path("/srv/50%")])
def test_it_is_read_as_sqlalchemy_reads_it(text: str, root: Path) -> None:
    url = make_url(text)
    file = url.database if url.get_backend_name() == "sqlite" else None
    assert address.backend(text) == url.get_backend_name()
    assert address.file(text) == (Path(file) if file else None)
    assert address.has_password(text) is bool(url.password or "password" in url.query)
    if file and file != ":memory:":
        url = url.set(database=str(root / file))
    assert make_url(address.beside(root, text)) == url


def test_what_is_no_address() -> None:
    assert address.backend("dunwell.db") == ""
    assert address.has_password("user:secret@host")
    assert not address.has_password("dunwell.db")
