"""A house whose policies are live."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import Engine

from engine import settings
from engine.jobs import releases as job
from engine.store import alarms, database, released
from engine.store.released import Release
from tests.jobs.world import HOUSE, House, moment

ASKED = HOUSE + "live: on approval\n"
USED = (
    "friendly-reminder.md",
    "firm-reminder.md",
    "cod-notice.md",
    "first-call.script.md",
    "supervisor-call.script.md",
)
NINE = moment("2026-10-05", "09:00")


class Shop(House):
    """A house, with its releases. It has only the messages that it uses, so that they are soon tried out."""

    def __init__(self, root: Path, url: str, **more: Any) -> None:
        super().__init__(root, url, **more)
        for path in (self.root / "templates").glob("*.md"):
            if path.name not in USED:
                path.unlink()

    def looked(self, at: datetime = NINE, stop: threading.Event | None = None) -> list[str]:
        """What the service does when the files have changed."""
        ws = job.live_workspace(self.files)
        return job.take(ws, lambda: at, stop or threading.Event(), quiet=0.01)

    @property
    def files(self) -> settings.Workspace:
        """The settings, whatever is wrong with the policies."""
        found, problems = settings.load(self.root, self.root)
        assert found is not None, problems
        return found

    def due(self, at: datetime = NINE) -> bool:
        files = self.files
        return bool(self.look(lambda conn: job.due(conn, files, at)))

    def look(self, work: Callable[[Any], Any]) -> Any:
        engine = database.open(self.url)
        try:
            with database.reading(engine) as conn:
                return work(conn)
        finally:
            engine.dispose()

    @property
    def live(self) -> Release | None:
        found: Release | None = self.look(released.live)
        return found

    @property
    def standing(self) -> Release | None:
        found: Release | None = self.look(released.standing)
        return found

    def alarms(self) -> dict[str, str]:
        """What the alarms about policies are about, and their sentences."""
        return {one.about: one.sentence for one in self.look(alarms.standing) if one.kind == alarms.POLICIES}

    def change(self, name: str, before: str, after: str) -> None:
        path = self.root / name
        text = path.read_text("utf-8")
        assert before in text
        path.write_text(text.replace(before, after, 1), "utf-8")
        self.read = None

    @property
    def engine(self) -> Engine:
        return database.open(self.url)


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """The screen of a pipe, and nobody who is named by the environment."""
    for name in ("COLUMNS", "DUNWELL_USER"):
        monkeypatch.delenv(name, raising=False)


def _builder(tmp_path: Path, url: str) -> Callable[..., Shop]:
    def made(**more: Any) -> Shop:
        shop = Shop(tmp_path, url, **more)
        for account in ("ACME", "BOLT"):
            shop.owes(account, f"{account[0]}1", "2026-09-30")
            shop.contact(account)
        shop.import_customers()
        shop.import_ledger("2026-10-05")
        shop.looked()
        return shop

    return made


@pytest.fixture
def build(tmp_path: Path, sqlite_template: Path) -> Callable[..., Shop]:
    """A house with its ledger, and with its policies live; `house` is its house.yaml."""
    shutil.copy(sqlite_template, tmp_path / "dunwell.db")
    return _builder(tmp_path, f"sqlite:///{tmp_path / 'dunwell.db'}")


@pytest.fixture
def build_on_each(tmp_path: Path, database_url: str) -> Callable[..., Shop]:
    """The same on each kind of database in turn."""
    return _builder(tmp_path, database_url)
