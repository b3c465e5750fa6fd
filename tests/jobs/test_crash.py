"""A run or a delivery that is killed, or made twice at once: nothing goes twice, nothing is lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from engine.channels.letters import read_manifest
from engine.store import journal
from engine.store.tables import action
from tests import apart
from tests.jobs.world import House

DAY = "2026-10-05"
BOTH = """
policy: Standard
clock: due date
steps:
  - day: 5
    letter: firm-reminder
    terms: cash on delivery
  - day: 60
    call: collector
    script: first-call
"""
ACCOUNTS = ("ACME", "BOLT", "CORE", "DELL")


@pytest.fixture
def house(build: Callable[..., House]) -> House:
    return _filled(build(policies={"standard": BOTH}))


def _filled(found: House) -> House:
    for number, account in enumerate(ACCOUNTS):
        found.owes(account, f"I{number}", "2026-09-30")
        found.contact(account)
    found.import_customers()
    found.import_ledger(DAY)
    return found


def _start(house: House, what: str, point: str = "never", nth: int = 1) -> apart.Process:
    return apart.started("tests.jobs.office", str(house.root), DAY, what, point, str(nth))


def _whole(house: House) -> None:
    """Each account has one letter, one line in the list and one request, and its step counts as taken."""
    assert Counter(house.rows(sa.select(action.c.state).select_from(action))) == {
        ("sent",): 2 * len(ACCOUNTS)
    }
    letters = house.letters()
    assert len(letters) == len(ACCOUNTS)
    lines = read_manifest(letters[0].parent / "manifest.csv")
    assert sorted(line["account"] for line in lines) == list(ACCOUNTS)
    assert sorted(request["account"] for request in house.requests()) == list(ACCOUNTS)
    for number, account in enumerate(ACCOUNTS):
        assert {item for item, _ in house.marks(account)} == {f"I{number}"}
    assert not list(house.out.rglob("*.part"))
    engine = house.engine
    with engine.connect() as conn:
        assert journal.verify(conn) > 0
    engine.dispose()


@pytest.mark.fault(1)
def test_a_run_killed_before_its_commit_never_was(house: House) -> None:
    assert _start(house, "day", "before commit").wait(60) == 137
    assert house.rows(sa.select(action.c.key)) == []
    assert house.run(DAY).actions == 2 * len(ACCOUNTS)
    house.deliver(DAY)
    _whole(house)


@pytest.mark.fault(3)
def test_a_run_killed_before_its_delivery_is_delivered_later(house: House) -> None:
    assert _start(house, "day", "after commit").wait(60) == 137
    assert house.run(DAY).actions == 0
    house.deliver(DAY)
    _whole(house)


@pytest.mark.parametrize("point", ["claimed", "rename", "after rename", "settled"])
@pytest.mark.fault(9)
def test_a_delivery_killed_anywhere_is_finished_by_the_next(house: House, point: str) -> None:
    house.run(DAY)
    assert _start(house, "deliver", point, 3).wait(60) == 137
    house.deliver(DAY, "10:01")
    house.deliver(DAY, "12:00")  # what had begun waits a minute or two
    assert house.run(DAY, "12:00").actions == 0
    _whole(house)


@pytest.mark.fault(55)
@pytest.mark.fault(57)
def test_two_at_once_do_the_days_work_once(build_on_each: Callable[..., House]) -> None:
    house = _filled(build_on_each(policies={"standard": BOTH}))
    both = [_start(house, "day") for _ in range(2)]
    assert [one.wait(60) for one in both] == [0, 0]
    house.deliver(DAY, "12:00")
    _whole(house)
