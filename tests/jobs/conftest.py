"""Houses for the stories."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.jobs.world import House


@pytest.fixture
def build(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., House]:
    """A house with other policies or settings; its ledger comes in when the test says so.

    With DUNWELL_TEST_DATABASE=postgresql all stories are told on PostgreSQL. Each twice every time takes too long:
    `.ci/run` tells those that are marked `postgresql`.
    """
    if os.environ.get("DUNWELL_TEST_DATABASE") == "postgresql":
        url: str = request.getfixturevalue("postgres_url")
    else:
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "dunwell.db")
        url = f"sqlite:///{tmp_path / 'dunwell.db'}"
    return lambda **more: House(tmp_path, url, **more)


@pytest.fixture
def build_on_each(tmp_path: Path, database_url: str) -> Callable[..., House]:
    """The same on each kind of database in turn, for the stories that ask it the most."""
    return lambda **more: House(tmp_path, database_url, **more)


@pytest.fixture
def house(build: Callable[..., House]) -> House:
    """ACME and BOLT each owe an invoice that is five days late on Mon 5 Oct 2026."""
    found = build()
    for account in ("ACME", "BOLT"):
        found.owes(account, f"{account[0]}1", "2026-09-30")
        found.contact(account)
    found.import_customers()
    found.import_ledger("2026-10-05")
    return found
