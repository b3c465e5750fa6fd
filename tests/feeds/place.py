"""A house with feeds: a folder that files are put into, and a clock that is moved by hand."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from engine.jobs import feeds
from engine.jobs.feeds import Came
from engine.store import database
from engine.store import feeds as states
from engine.store.feeds import FeedState
from engine.store.tables import item
from tests.jobs.world import House

HEAD = "customer number,customer name,invoice number,invoice date,due date,open amount\n"
ROWS = ("0042,Acme,A1,2026-09-01,2026-10-01,1200.00\n", "0043,Bolt,B1,2026-09-02,2026-10-02,80.50\n")
DAY = "open-2026-11-24.csv"
FOLDER = '\n[feeds.erp]\nfolder = "in"\n'


class NoWaiting(threading.Event):
    """Ends no work, and does not wait either: nobody writes to the folder meanwhile."""

    def wait(self, timeout: float | None = None) -> bool:
        return self.is_set()


@dataclass
class Place:
    """The house, its watched folder, and the moment at which it is looked at."""

    house: House
    now: datetime = datetime(2026, 11, 24, 12, tzinfo=UTC)
    stop: threading.Event = field(default_factory=NoWaiting)

    @property
    def folder(self) -> Path:
        there = self.house.root / "in"
        there.mkdir(exist_ok=True)
        return there

    def put(self, name: str, rows: Sequence[str] = ROWS, head: str = HEAD) -> Path:
        path = self.folder / name
        path.write_bytes((head + "".join(rows)).encode())
        return path

    def bring(self, feed: str = "erp", **more: Any) -> tuple[Came, ...]:
        return feeds.bring(self.house.ws, feed, lambda: self.now, self.stop, **more)

    def said(self, feed: str = "erp") -> list[tuple[str, str]]:
        return [(one.outcome.value, one.sentence) for one in self.bring(feed)]

    def later(self, **span: float) -> None:
        self.now += timedelta(**span)

    def items(self) -> dict[str, int]:
        found = self.house.rows(sa.select(item.c.item, item.c.open).where(item.c.open != 0))
        return {row.item: row.open for row in found}

    def state(self, feed: str = "erp") -> FeedState:
        engine = self.house.engine
        try:
            with database.reading(engine) as conn:
                return states.state(conn, feed)
        finally:
            engine.dispose()

    def files(self) -> list[str]:
        paths = self.folder.rglob("*")
        return sorted(path.relative_to(self.folder).as_posix() for path in paths if not path.is_dir())
