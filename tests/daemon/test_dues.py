"""What the service sees to be due, in real databases: the day once, messages as they may go, nothing on an absurd clock."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine import settings
from engine.jobs.duties import DUTIES, due
from engine.jobs.evaluate import run
from engine.store import alarms, brakes, database, dues, halts, ran, runs
from engine.store.tables import action, outbox
from tests.jobs.world import HOUSE, House, moment

SETTINGS = '\n[daemon]\nrun = "06:00"\n'


@pytest.fixture
def house(tmp_path: Path, database_url: str) -> House:
    made = House(tmp_path, database_url, more=SETTINGS)
    made.contact("ACME")
    made.owes("ACME", "I1", "2026-11-10")
    made.import_customers("2026-11-13")
    return made


def names(house: House, now: datetime, files: settings.Workspace | None = None) -> set[str]:
    engine = house.engine
    try:
        with database.reading(engine) as conn:
            return {duty.name for duty in due(conn, files or house.ws.files, now)} & {"evaluate", "deliver"}
    finally:
        engine.dispose()


def moved(house: House, zone: str) -> settings.Workspace:
    text = (house.root / "dunwell.toml").read_text("utf-8")
    (house.root / "dunwell.toml").write_text(re.sub(r'zone = "[^"]*"', f'zone = "{zone}"', text), "utf-8")
    found, problems = settings.load(house.root, house.root)
    assert found is not None, problems
    return found


def test_the_day_is_due_at_its_hour_and_once(house: House) -> None:
    assert names(house, moment("2026-11-16", "09:00")) == set()  # no ledger yet
    house.import_ledger("2026-11-16", "05:00")
    assert names(house, moment("2026-11-16", "05:59")) == set()
    assert names(house, moment("2026-11-16", "06:00")) == {"evaluate"}
    house.run("2026-11-16", "06:00")
    assert names(house, moment("2026-11-16", "06:01")) == set()  # mail waits for the customer's hours
    assert names(house, moment("2026-11-16", "08:31")) == {"deliver"}
    house.deliver("2026-11-16", "09:00")
    assert names(house, moment("2026-11-16", "09:01")) == set()
    assert names(house, moment("2026-11-17", "05:59")) == set()
    assert names(house, moment("2026-11-17", "06:00")) == {"evaluate"}


def test_a_ledger_that_comes_after_the_run_lets_it_be_made_once_more(house: House) -> None:
    house.import_ledger("2026-11-16", "05:00")
    house.day("2026-11-16", "09:00")
    house.owes("BRIX", "I2", "2026-11-10")
    house.import_ledger("2026-11-16", "11:00")
    assert names(house, moment("2026-11-16", "11:01")) == {"evaluate"}
    house.run("2026-11-16", "11:01")
    assert "evaluate" not in names(house, moment("2026-11-16", "11:02"))


def test_a_run_that_asks_first_is_asked_for_once(house: House) -> None:
    house.import_ledger("2026-11-16", "05:00")
    engine = house.engine
    with database.writing(engine) as conn:
        runs.put_hold(conn, "the ledger has lost half its accounts")
    engine.dispose()
    assert names(house, moment("2026-11-16", "06:00")) == {"evaluate"}
    assert house.run("2026-11-16", "06:00").stopped
    assert names(house, moment("2026-11-16", "06:01")) == set()
    assert standing(house) == [("stopped", "run")]
    house.run("2026-11-16", "08:00", agreed="ana")
    assert standing(house) == []
    assert "evaluate" not in names(house, moment("2026-11-16", "08:01"))


def test_a_run_that_the_safety_stop_has_stopped_waits_for_a_person(house: House) -> None:
    house.write("house", HOUSE + "stop: { emails: 1 }\n")
    for n in range(3):
        house.contact(f"BIG{n}")
        house.owes(f"BIG{n}", f"B{n}", "2026-11-10")
    house.import_customers("2026-11-14")
    house.import_ledger("2026-11-16", "05:00")
    assert house.run("2026-11-16", "06:00").stopped
    assert standing(house) == [("stopped", "run")]
    assert names(house, moment("2026-11-16", "06:01")) == set()


def standing(house: House) -> list[tuple[str, str]]:
    engine = house.engine
    try:
        with database.reading(engine) as conn:
            return [(one.kind, one.about) for one in alarms.standing(conn)]
    finally:
        engine.dispose()


def test_while_a_brake_is_on_nothing_is_due(house: House) -> None:
    house.import_ledger("2026-11-16", "05:00")
    house.run("2026-11-16", "06:00")
    engine = house.engine
    with database.writing(engine) as conn:
        brakes.halt(conn, halts.STOPPED, "audit", "ana", moment("2026-11-16", "07:00"))
    assert names(house, moment("2026-11-16", "09:00")) == set()
    assert names(house, moment("2026-11-17", "09:00")) == set()
    with database.writing(engine) as conn:
        brakes.lift(conn, halts.STOPPED, "ana", moment("2026-11-17", "09:30"))
    engine.dispose()
    assert names(house, moment("2026-11-17", "09:31")) == {"evaluate", "deliver"}


@pytest.mark.fault(51)
def test_an_office_that_moves_makes_no_date_twice_and_goes_back_to_none(house: House) -> None:
    house.import_ledger("2026-11-16", "05:00")
    house.day("2026-11-16", "10:00")
    east = moved(house, "Pacific/Auckland")
    # There it is six in the morning of the seventeenth already.
    assert "evaluate" in names(house, moment("2026-11-16", "12:30"), east)
    house.run("2026-11-17", at="12:30")
    west = moved(house, "Pacific/Honolulu")
    assert "evaluate" not in names(house, moment("2026-11-16", "20:00"), west)
    assert "evaluate" not in names(house, moment("2026-11-17", "13:00"), west)
    assert "evaluate" in names(house, moment("2026-11-18", "13:00"), west)


@pytest.mark.fault(49)
def test_a_clock_that_went_back_lets_nothing_be_done(house: House) -> None:
    house.import_ledger("2026-11-16", "05:00")
    house.run("2026-11-16", "10:00")
    engine = house.engine
    with database.reading(engine) as conn:
        assert dues.clock_behind(conn, moment("2026-11-16", "09:56")) is None  # set right by a little
        assert dues.clock_behind(conn, moment("2026-11-16", "09:54")) == moment("2026-11-16", "10:00")
    engine.dispose()
    for absurd in (
        moment("2026-11-16", "09:00"),
        moment("2026-11-15", "06:00"),
        moment("1970-01-01", "09:00"),
    ):
        assert names(house, absurd) == set()
    assert names(house, moment("2026-11-16", "10:01")) == {"deliver"}
    ahead = names(house, moment("2026-11-17", "09:00"))  # a day ahead: one run of that date
    assert ahead == {"evaluate", "deliver"}
    house.run("2026-11-17", "09:00")
    assert "evaluate" not in names(house, moment("2026-11-17", "09:01"))


LADDER = """
policy: Standard
clock: due date
steps:
  - day: 30
    email: friendly-reminder
  - day: 33
    email: firm-reminder
"""


@pytest.mark.fault(50)
def test_after_three_days_asleep_an_account_takes_one_step_and_the_next_keeps_its_distance(
    tmp_path: Path, sqlite_url: str
) -> None:
    house = House(tmp_path, sqlite_url, policies={"standard": LADDER}, more=SETTINGS)
    house.contact("ACME")
    house.owes("ACME", "I1", "2026-10-19")  # day 30 is the eighteenth of November
    house.import_customers("2026-11-13")
    house.import_ledger("2026-11-17", "05:00")
    made = []
    for number in range(18):
        on = date(2026, 11, 17) + timedelta(days=number)
        if 1 <= number < 4:  # asleep from the eighteenth to the twenty-first
            continue
        house.import_ledger(on.isoformat(), "05:30")
        for hour in ("06:30", "12:00"):
            due_now = names(house, moment(on.isoformat(), hour))
            if "evaluate" in due_now:
                assert dues.business_date(house.ws.files, moment(on.isoformat(), hour)) == on
                house.run(on.isoformat(), hour)
                made.append(on)
            if "deliver" in due_now:
                house.deliver(on.isoformat(), hour)
    assert made == sorted(set(made))
    assert date(2026, 11, 18) not in made
    steps = house.rows(sa.select(action.c.step, action.c.on, action.c.state).order_by(action.c.on))
    sent = [(step, on) for step, on, state in steps if state == "sent"]
    assert len(sent) == 2
    assert (sent[1][1] - sent[0][1]).days >= 2  # the house's gap


def test_messages_left_in_a_dead_hand_are_due(house: House) -> None:
    house.import_ledger("2026-11-16", "05:00")
    house.run("2026-11-16", "06:00")
    engine = house.engine
    with database.writing(engine) as conn:
        conn.execute(sa.update(outbox).values(state="sending", owner="f" * 32, stage="claimed", attempt=1))
    engine.dispose()
    assert names(house, moment("2026-11-16", "09:00")) == {"deliver"}
    house.deliver("2026-11-16", "09:00")  # found to have been in nobody's hand: again in a minute
    assert names(house, moment("2026-11-16", "09:00")) == set()
    assert names(house, moment("2026-11-16", "09:02")) == {"deliver"}


def test_to_wait_takes_nothing_heavy() -> None:
    """The process that waits for the next morning has no table, template or letter in its memory."""
    code = (
        "import sys, engine.daemon.service, engine.jobs.duties, engine.cli.service\n"
        "heavy = {'polars', 'numpy', 'jinja2', 'weasyprint', 'durable_rules_engine', 'alembic', 'babel'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_each_duty_has_its_work() -> None:
    import importlib

    for duty in DUTIES:
        module, _, function = duty.work.partition(":")
        assert callable(getattr(importlib.import_module(module), function)), duty.name


@pytest.mark.fault(54)
def test_a_run_that_took_longer_than_a_day_is_followed_by_the_next_date(house: House) -> None:
    """Begun on Monday at six and written down on Tuesday at eight: Tuesday's is due at that look, and no date is left out."""
    house.import_ledger("2026-11-16", "05:00")
    tuesday = moment("2026-11-17", "08:00")
    assert "evaluate" in names(
        house, tuesday
    )  # Monday's is under way: the hand is busy, and nothing is begun
    run(house.ws, on=date(2026, 11, 16), now=tuesday)
    assert "evaluate" in names(house, tuesday)
    run(house.ws, on=date(2026, 11, 17), now=tuesday + timedelta(minutes=1))
    assert "evaluate" not in names(house, tuesday + timedelta(minutes=2))
    engine = house.engine
    with database.reading(engine) as conn:
        made = {on: ran.run_of(conn, on) for on in (date(2026, 11, 16), date(2026, 11, 17))}
        asked = conn.execute(sa.select(sa.func.count()).select_from(action)).scalar_one()
    engine.dispose()
    assert all(one is not None and one.state == "done" for one in made.values())
    assert asked == 1  # the step is asked for once, whichever run came first
