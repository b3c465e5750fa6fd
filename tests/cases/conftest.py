"""A house at the telephone, made once and copied for each test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cases.telephone import Telephone
from tests.jobs.conftest import build, build_on_each

__all__ = ["build", "build_on_each", "house"]


@pytest.fixture(scope="session")
def _telephone(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Path:
    """ACME owes two invoices, and a call to it is on the list of Mon 5 Oct 2026."""
    folder = tmp_path_factory.mktemp("telephone")
    shutil.copy(sqlite_template, folder / "dunwell.db")
    Telephone(folder, f"sqlite:///{folder / 'dunwell.db'}").late("ACME")
    return folder


@pytest.fixture
def house(_telephone: Path, tmp_path: Path) -> Iterator[Telephone]:
    """A copy of it; its journal is looked through at the end."""
    there = tmp_path / "there"
    shutil.copytree(_telephone, there)
    found = Telephone.again(there, f"sqlite:///{there / 'dunwell.db'}")
    yield found
    found.sound()


@pytest.fixture
def house_on_each(tmp_path: Path, database_url: str) -> Telephone:
    """The same on each kind of database in turn."""
    found = Telephone(tmp_path, database_url)
    found.late("ACME")
    return found
