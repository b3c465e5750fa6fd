"""A house with feeds."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.feeds.place import FOLDER, Place
from tests.jobs.world import House


@pytest.fixture
def place(tmp_path: Path, sqlite_template: Path) -> Callable[..., Place]:
    """A house with these feeds, on SQLite."""
    shutil.copy(sqlite_template, tmp_path / "dunwell.db")

    def build(more: str = FOLDER) -> Place:
        return Place(House(tmp_path, f"sqlite:///{tmp_path / 'dunwell.db'}", more=more))

    return build


@pytest.fixture
def place_on_each(tmp_path: Path, database_url: str) -> Place:
    """A house with a watched folder, on each kind of database in turn."""
    return Place(House(tmp_path, database_url, more=FOLDER))
