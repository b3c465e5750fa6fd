"""A workspace that is kept in memory sees at its next look that its database is another one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine.errors import DatabaseTooNew
from engine.jobs.kept import Kept
from engine.jobs.workspace import of_texts
from engine.settings import texts
from engine.store import database
from tests.jobs.world import House


def _kept(house: House) -> Kept:
    return Kept(house.root, lambda files, problems: of_texts(files, texts.read(files), problems))


def test_it_is_the_same_until_something_changes(build_on_each: Callable[..., House]) -> None:
    house = build_on_each()
    kept = _kept(house)
    first = kept.workspace()
    assert kept.workspace() is first
    house.write(
        "standard", "policy: Standard\nclock: due date\nsteps:\n  - day: 3\n    email: friendly-reminder\n"
    )
    assert kept.workspace() is not first


def test_a_newer_version_has_changed_the_tables_meanwhile(build_on_each: Callable[..., House]) -> None:
    house = build_on_each()
    kept = _kept(house)
    kept.workspace()
    engine = house.engine
    with database.writing(engine) as conn:
        conn.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(DatabaseTooNew):
        kept.workspace()


def test_a_database_that_is_gone_is_made_anew(build: Callable[..., House], tmp_path: Path) -> None:
    house = build()
    kept = _kept(house)
    kept.workspace()
    for file in tmp_path.glob("dunwell.db*"):
        if file.is_file():
            file.unlink()
    kept.workspace()
    engine = house.engine
    assert database.revision(engine) == database.HEAD
    engine.dispose()
