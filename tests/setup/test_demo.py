"""The demo is a credit department at work: weeks that were really worked through, and a morning to begin with."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pytest

from engine.core.decision.summary import Preview
from engine.core.sentences import Reason
from engine.jobs import ahead
from engine.jobs.workspace import open_workspace
from engine.sample import SEED, generate
from engine.start import demo, is_ready
from engine.store import database, journal

ON = date(2026, 11, 23)
MORNING = datetime.combine(ON, time(14), UTC)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("demo") / "demo"
    assert "made-up credit team on Mon 23 Nov 2026" in demo(made, ON)
    return made


@pytest.fixture(scope="module")
def week(folder: Path) -> Preview:
    return ahead.preview(open_workspace(folder), start=ON, days=7, now=MORNING)


def rows(folder: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(folder / "dunwell.db")) as db:
        return db.execute(query).fetchall()


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def happened(folder: Path) -> dict[str, list[Any]]:
    """What the database knows, table by table; but for the journal's seals, which have a salt each."""
    names = [name for (name,) in rows(folder, "SELECT name FROM sqlite_master WHERE type = 'table'")]
    known = {name: sorted(rows(folder, f'SELECT * FROM "{name}"'), key=repr) for name in names}
    sealed = {name for name in names if name.startswith("journal")} | {"run"}
    runs = rows(folder, "SELECT business_date, state, times, counts, as_of FROM run ORDER BY 1")
    told = rows(folder, "SELECT kind, account FROM journal ORDER BY seq")
    return {name: rows for name, rows in known.items() if name not in sealed} | {"run": runs, "journal": told}


def test_the_week_has_everything_a_credit_department_does(week: Preview) -> None:
    kinds = Counter(action.kind.value for action in week.actions)
    assert kinds["call"] >= 20
    assert kinds["email"] >= 10
    assert kinds["letter"] >= 5
    assert kinds["terms"] >= 1
    days = Counter(action.on for action in week.actions)
    assert len(days) >= 4
    assert max(days.values()) <= 60
    assert len({action.account for action in week.actions}) > 40


def test_steps_wait_for_many_reasons(week: Preview) -> None:
    reasons = {held.reason for held in week.held}
    wanted = {Reason.DISPUTED, Reason.PROMISED, Reason.NO_ADDRESS, Reason.GAP, Reason.ANSWER, Reason.PAUSED}
    assert len(reasons & wanted) >= 5, reasons


def test_something_waits_for_the_manager_and_much_has_been_decided(folder: Path) -> None:
    states = dict(rows(folder, "SELECT state, COUNT(*) FROM action GROUP BY state"))
    assert states["awaiting approval"] >= 1
    assert rows(folder, "SELECT COUNT(*) FROM approval WHERE verdict = 'approved'")[0][0] >= 2
    assert states["done"] > 200
    assert states["sent"] > 150


def test_people_have_called_promises_were_kept_and_broken(folder: Path) -> None:
    outcomes = dict(rows(folder, "SELECT outcome, COUNT(*) FROM call GROUP BY outcome"))
    assert len(outcomes) >= 10
    promises = dict(rows(folder, "SELECT state, COUNT(*) FROM promise GROUP BY state"))
    assert all(promises.get(state, 0) >= 3 for state in ("kept", "broken", "partly kept", "open"))
    assert {by for (by,) in rows(folder, "SELECT DISTINCT by FROM call")} >= {"jortiz", "apatel", "rkim"}


def test_nothing_of_the_past_is_left_in_the_outbox(folder: Path) -> None:
    states = {state for (state,) in rows(folder, "SELECT DISTINCT state FROM outbox")}
    assert states <= {"sent", "cancelled"}
    taken = "SELECT COUNT(*) FROM action WHERE state = 'sent' AND taken_on IS NULL"
    assert rows(folder, taken) == [(0,)]


def test_no_message_is_sent_twice(folder: Path) -> None:
    """A step of an account is marked once an invoice, and no letter has the same oldest invoice as another."""
    again = (
        "SELECT account, episode, step, item, event, kind, COUNT(*) FROM action WHERE state = 'sent' "
        "GROUP BY 1, 2, 3, 4, 5, 6 HAVING COUNT(*) > 1"
    )
    assert rows(folder, again) == []


def test_whoever_has_paid_is_left_alone(folder: Path, week: Preview) -> None:
    sample = generate(SEED, ON)
    owing = {document.account for document in sample.world.documents if document.open(ON) > 0}
    assert {action.account for action in week.actions} <= owing


def test_it_is_this_morning(folder: Path) -> None:
    assert rows(folder, "SELECT MAX(as_of) FROM ledger_file") == [(ON.isoformat(),)]
    assert rows(folder, "SELECT MAX(business_date) FROM run") == [("2026-11-20",)]
    assert f"As of {ON.isoformat()}" in (folder / "ledger" / "ledger.csv").read_text("utf-8")


def test_the_journal_is_whole(folder: Path) -> None:
    engine = database.open(folder / "dunwell.db", read_only=True)
    try:
        with database.reading(engine) as conn:
            journal.verify(conn)
    finally:
        engine.dispose()


def test_the_second_time_of_the_day_nothing_is_done(folder: Path) -> None:
    before = contents(folder)
    assert is_ready(folder, ON)
    assert "as you left it" in demo(folder, ON)
    assert contents(folder) == before


@pytest.mark.long
def test_the_same_day_gives_the_same_weeks_and_the_next_day_others(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    demo(one, ON, weeks=1)
    demo(two, ON, weeks=1)
    assert happened(one) == happened(two)
    assert contents(one).keys() == contents(two).keys()
    (two / "policies" / "house.yaml").write_text("mine")
    (two / "dunwell.db.senders").mkdir(exist_ok=True)
    assert "is of Tue 24 Nov 2026 now" in demo(two, date(2026, 11, 24), weeks=1)
    assert (two / "policies" / "house.yaml").read_text() == "mine"
    assert rows(two, "SELECT MAX(as_of) FROM ledger_file") == [("2026-11-24",)]
    assert happened(one) != happened(two)


def test_a_demo_that_cannot_be_finished_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("engine.start.weeks.replay", full)
    with pytest.raises(Exception, match="cannot be written: No space left on device"):
        demo(tmp_path / "demo", ON, weeks=1)
    assert list(tmp_path.iterdir()) == []
