"""A house at the telephone, made once; every test begins with it as it was."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cases.telephone import Telephone
from tests.jobs.conftest import build, build_on_each

__all__ = ["build", "build_on_each", "house"]


@pytest.fixture(scope="session")
def _telephone(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> tuple[Path, Telephone]:
    """ACME owes two invoices, and a call to it is on the list of Mon 5 Oct 2026. A copy of the folder, and the house."""
    folder = tmp_path_factory.mktemp("telephone")
    there = folder / "there"
    there.mkdir()
    shutil.copy(sqlite_template, there / "dunwell.db")
    found = Telephone(there, f"sqlite:///{there / 'dunwell.db'}")
    found.late("ACME")
    shutil.copytree(there, folder / "before")
    return folder / "before", found


@pytest.fixture
def house(_telephone: tuple[Path, Telephone]) -> Iterator[Telephone]:
    """The same house again, in the same place, so that what was read and compiled for it still is; its journal is looked
    through at the end."""
    before, first = _telephone
    shutil.rmtree(first.root.parent)
    shutil.copytree(before, first.root.parent)
    found = Telephone.again(first)
    yield found
    found.sound()


@pytest.fixture
def house_on_each(tmp_path: Path, database_url: str) -> Iterator[Telephone]:
    """The same on each kind of database in turn."""
    found = Telephone(tmp_path, database_url)
    found.late("ACME")
    yield found
    found.sound()
    found.engine.dispose()
