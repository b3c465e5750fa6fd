"""The address of a database. SQLAlchemy reads it; one that is plainly a file, as most are, is read without loading that."""

from __future__ import annotations

import re
from pathlib import Path

# Nothing in it means anything else to SQLAlchemy than its letters.
_FILE = re.compile(r"sqlite:///([A-Za-z0-9_./ -]*[A-Za-z0-9])")


def plain(text: str) -> Path | None:
    """The file, of an address that is plainly that of an SQLite file."""
    found = _FILE.fullmatch(text)
    return Path(found[1]) if found else None


def backend(text: str) -> str:
    """Which kind of database it is, as in `sqlite`; empty where this is no address."""
    if _FILE.fullmatch(text):
        return "sqlite"
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        return make_url(text).get_backend_name()
    except ArgumentError:
        return ""


def has_password(text: str) -> bool:
    """Whether an address holds a password, or may: one that cannot be read is not looked into."""
    if _FILE.fullmatch(text):
        return False
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        address = make_url(text)
    except ArgumentError:
        return "@" in text
    return bool(address.password or "password" in address.query)


def beside(root: Path, text: str, company: str = "") -> str:
    """The address as seen from anywhere: an SQLite file is in `root`, unless it says where it is. With the company, if any."""
    here = plain(text) if not company else None
    if here and plain(whole := f"sqlite:///{root / here}"):
        return whole
    from sqlalchemy.engine import make_url

    url = make_url(text)
    if url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:"):
        url = url.set(database=str(root / str(url.database)))
    if company:
        url = url.update_query_dict({"company": company})
    return url.render_as_string(hide_password=False)


def file(text: str) -> Path | None:
    """The file of an SQLite database; None for one that is kept elsewhere, or nowhere."""
    if found := plain(text):
        return found
    from sqlalchemy.engine import make_url

    url = make_url(text)
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None
