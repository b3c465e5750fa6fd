"""A database for a service."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest


@pytest.fixture
def sqlite_url(tmp_path: Path, sqlite_template: Path) -> str:
    shutil.copy(sqlite_template, tmp_path / "dunwell.db")
    return f"sqlite:///{tmp_path / 'dunwell.db'}"
