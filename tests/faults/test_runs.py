"""A run that dies before or after its commit, is made twice at once, or meets a ledger that comes in: on both databases."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine.jobs.verify import verify
from engine.store import database
from engine.store.tables import action
from tests import apart
from tests.jobs.world import House

DAY = "2026-10-05"
POLICY = """
policy: Standard
clock: due date
steps:
  - day: 5
    email: friendly-reminder
"""
ACCOUNTS = tuple(f"C{number}" for number in range(6))


@pytest.fixture
def house(tmp_path: Path, database_url: str) -> House:
    found = House(tmp_path, database_url, policies={"standard": POLICY})
    for account in ACCOUNTS:
        found.owes(account, f"I{account}", "2026-09-30")
        found.contact(account)
    found.import_customers()
    found.import_ledger(DAY)
    return found


def _die(house: House, point: str) -> None:
    assert apart.started("tests.jobs.office", str(house.root), DAY, "run", point, "1").wait(120) == 137


def _whole(house: House, wanted: set[str]) -> None:
    """Each of these, and nobody else, has one mail; all that must always hold does."""
    to = [str(mail["to"]) for mail in house.mails()]
    assert sorted(to) == sorted(f"ap@{account.lower()}.example.com" for account in wanted)
    engine = house.engine
    with database.reading(engine) as conn:
        assert verify(conn, house.out).broken == ()
    engine.dispose()


@pytest.mark.parametrize(
    ("point", "kept"),
    [
        pytest.param("before commit", 0, marks=pytest.mark.fault(1)),
        pytest.param("after commit", len(ACCOUNTS), marks=pytest.mark.fault(3)),
    ],
)
def test_a_run_that_dies_around_its_commit(house: House, point: str, kept: int) -> None:
    _die(house, point)
    assert len(house.rows(sa.select(action.c.key))) == kept
    assert house.run(DAY).actions == len(ACCOUNTS) - kept
    house.deliver(DAY)
    _whole(house, set(ACCOUNTS))


def _together(*works: Callable[[], object]) -> list[BaseException]:
    failed: list[BaseException] = []

    def guarded(work: Callable[[], object]) -> None:
        try:
            work()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failed


@pytest.mark.fault(57)
def test_the_same_day_decided_twice_at_once(house: House) -> None:
    assert house.ws.book is not None
    assert _together(lambda: house.run(DAY), lambda: house.run(DAY), lambda: house.run(DAY)) == []
    assert len(house.rows(sa.select(action.c.key))) == len(ACCOUNTS)
    house.deliver(DAY)
    _whole(house, set(ACCOUNTS))


@pytest.mark.fault(59)
def test_payments_come_in_while_the_day_is_decided(house: House) -> None:
    assert house.ws.book is not None
    house.paid("IC0", "IC1")
    assert _together(lambda: house.run(DAY), lambda: house.import_ledger(DAY, "09:59")) == []
    house.deliver(DAY)
    _whole(house, set(ACCOUNTS[2:]))
