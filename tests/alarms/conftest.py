"""A house whose mail is in doubt, and what it takes to look at it."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from engine.jobs import alarms
from engine.store import alarms as store
from engine.store import database
from engine.store.alarms import Alarm
from tests.jobs.world import House, moment

ADMIN = '[alarms]\nemail = ["it@seller.example.com"]\n'


@pytest.fixture
def build_on_each(tmp_path: Path, database_url: str) -> Callable[..., House]:
    return lambda **more: House(tmp_path, database_url, **more)


@pytest.fixture
def house(tmp_path: Path, sqlite_template: Path) -> House:
    """ACME owes an invoice that is five days late on Mon 5 Oct 2026."""
    shutil.copy(sqlite_template, tmp_path / "dunwell.db")
    return filled(House(tmp_path, f"sqlite:///{tmp_path / 'dunwell.db'}"))


def filled(found: House) -> House:
    found.owes("ACME", "A1", "2026-09-30")
    found.contact("ACME")
    found.import_customers()
    found.import_ledger("2026-10-05", "05:00")
    return found


def watched(house: House, on: str, at: str) -> list[str]:
    now = moment(on, at)
    return alarms.watch(house.ws, lambda: now, threading.Event())


def due(house: House, now: datetime) -> bool:
    engine = house.engine
    try:
        with database.reading(engine) as conn:
            return alarms.due(conn, house.ws.files, now)
    finally:
        engine.dispose()


def stands(house: House) -> list[Alarm]:
    engine = house.engine
    try:
        with database.reading(engine) as conn:
            return list(store.standing(conn))
    finally:
        engine.dispose()
