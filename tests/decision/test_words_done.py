"""What only a real run can show of the words: what was done before is remembered in the database."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import orjson
import sqlalchemy as sa

from engine.store.tables import action
from tests.jobs.world import House

HOUSE = "order: [ladder]\ncurrency: USD\ncalendar: none\nhours: weekdays 8:30-17:00\nanswer: 1 day\n"
LADDER = """
policy: Ladder
clock: due date
steps:
  - day: 1
    email: friendly-reminder
  - day: 4
    email: firm-reminder
"""
TASKS = """
policy: Ladder
clock: due date
steps:
  - day: 1
    task: collector, look at it
  - day: 2
    task: supervisor, look at it too
"""


def days(first: date, count: int) -> list[str]:
    return [(first + timedelta(days=number)).isoformat() for number in range(count)]


def test_a_later_message_keeps_the_tone_however_often_it_was_softened(tmp_path: Path) -> None:
    house = House(tmp_path, "sqlite:///dunwell.db", house=HOUSE, policies={"ladder": LADDER})
    house.contact("ACME")
    house.import_customers()
    for item, due in (("1", "2026-11-13"), ("2", "2026-11-22"), ("3", "2026-11-23")):
        house.owes("ACME", item, due)
    house.import_ledger("2026-11-16")
    for on in [*days(date(2026, 11, 16), 21)]:
        house.day(on)
    sent = house.rows(
        sa.select(action.c.taken_on, action.c.step, action.c.detail)
        .where(action.c.taken_on.is_not(None), action.c.kind == "email")
        .order_by(action.c.taken_on)
    )
    assert [(step, orjson.loads(detail)["template"]) for _, step, detail in sent] == [
        ("email friendly-reminder", "friendly-reminder"),
        ("email firm-reminder", "firm-reminder"),
        ("email friendly-reminder", "firm-reminder"),
        ("email friendly-reminder", "firm-reminder"),
        ("email firm-reminder", "firm-reminder"),
    ]


def test_an_account_takes_one_step_a_day_however_often_the_day_is_run(tmp_path: Path) -> None:
    house = House(tmp_path, "sqlite:///dunwell.db", house=HOUSE, policies={"ladder": TASKS})
    house.owes("ACME", "1", "2026-11-02")
    house.import_ledger("2026-11-16")
    first = [house.run("2026-11-16").actions for _ in range(3)]
    second = [house.run("2026-11-17").actions for _ in range(3)]
    third = [house.run("2026-11-18").actions for _ in range(2)]
    assert (first, second, third) == ([1, 0, 0], [1, 0, 0], [1, 0])  # on the third day the owner is told
    steps = house.rows(sa.select(action.c.step).order_by(action.c.on))
    assert [step for (step,) in steps] == ["task collector", "task supervisor", "ladder finished"]
