"""A run is there as a whole or not at all, and its actions are there once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
import sqlalchemy as sa

from engine.errors import JournalBroken
from engine.store import database, journal, marks, ran, runs
from engine.store import tables as t
from engine.store.journal import Entry
from engine.store.ran import run_of
from engine.store.runs import RunRecord, action_key, commit_run
from engine.store.tables import ACTION_COLUMNS
from tests.store.ledgers import day, moment, only, row, state, step, take_in


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    engine = database.open(database_url)
    take_in(engine, "20 Nov", *(row(f"A{n}", "101", "1 Sep", "1 Oct", 800_00) for n in range(3)))
    yield engine
    engine.dispose()


def action(account: str, name: str, kind: str, number: int, **more: Any) -> tuple[Any, ...]:
    """An action as a run gives it."""
    key = action_key(account, 1, name, "101", 0, kind, "accounts payable", company="main")
    detail = orjson.dumps({"marks": [["101", name]]}).decode()
    values = step(account, name, kind, number, key=key, detail=detail, **more)
    filled = {"company": "main", "each": 0, "attempts": 0, **values}
    return tuple(filled.get(column) for column in ACTION_COLUMNS)


def record(*actions: tuple[Any, ...], on: str = "23 Nov", **more: Any) -> RunRecord:
    keys = [found[0] for found in actions]
    return RunRecord(
        policy_set="main",
        business_date=day(on),
        book_hash="a41f9c",
        book_texts={"policies/standard.yaml": "policy: Standard"},
        started=moment(on, 8),
        finished=moment(on, 9),
        choices=[{"number": 7, "policy": "standard", "step": "s", "verdict": "goes", "reason": "due"}],
        decisions=(["A0", "A1", "A2"], ["", "", ""], [7, 7, 7]),
        actions=actions,
        outbox=[(found[0], "email", "pending", "{}", None) for found in actions if "email" in found],
        journal=[
            ("action", found[1], orjson.dumps({"key": key}), key)
            for found, key in zip(actions, keys, strict=True)
        ],
        episodes=[("A0", 1, day("2 Oct"), "standard")],
        counts={"actions": len(actions)},
        **more,
    )


def commit(engine: sa.Engine, wanted: RunRecord) -> runs.Committed:
    with database.writing(engine) as conn:
        return commit_run(conn, wanted, [wanted])


def count(engine: sa.Engine, table: sa.Table) -> int:
    with database.reading(engine) as conn:
        found: int = conn.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
    return found


def states(engine: sa.Engine) -> dict[str, str]:
    with database.reading(engine) as conn:
        return dict(tuple(row) for row in conn.execute(sa.select(t.action.c.key, t.action.c.state)))


FIRST = tuple(action(f"A{n}", "email firm", "email", 35) for n in range(3))


def test_a_run_is_written_whole(engine: sa.Engine) -> None:
    with database.reading(engine) as conn:
        assert run_of(conn, day("23 Nov")) is None
    before = count(engine, t.journal)
    assert commit(engine, record(*FIRST)) == runs.Committed(1, 1, added=3, advanced=0, ignored=0, renewed=0)
    assert (count(engine, t.decision), count(engine, t.class_choice), count(engine, t.outbox)) == (3, 1, 3)
    assert count(engine, t.journal) == before + 5  # three actions, what it was decided on, and the run
    with database.reading(engine) as conn:
        run = run_of(conn, day("23 Nov"))
        assert run is not None
        assert (run.state, run.times, run.counts, run.book) == ("done", 1, {"actions": 3}, "a41f9c")
        assert ran.usual(conn, day("24 Nov")) == [{"actions": 3}]
        assert (
            conn.execute(sa.select(t.episode.c.home).where(t.episode.c.account == "A0")).scalar()
            == "standard"
        )
        journal.verify(conn)
    waiting = state(engine, "24 Nov").pending
    assert waiting["state"].to_list() == ["message"] * 3


def test_twice_the_same_day_adds_only_what_is_new(engine: sa.Engine) -> None:
    commit(engine, record(*FIRST[:2]))
    again = commit(engine, record(*FIRST))
    assert (again.time, again.added, again.ignored) == (2, 1, 2)
    assert (count(engine, t.action), count(engine, t.outbox), count(engine, t.run)) == (3, 3, 1)
    with database.reading(engine) as conn:
        written = [
            body for (body,) in conn.execute(sa.select(t.journal.c.body).where(t.journal.c.kind == "action"))
        ]
        assert len(set(written)) == len(written) == 3
        journal.verify(conn)


def test_what_waited_moves_on_and_keeps_the_day_it_began_to_wait(engine: sa.Engine) -> None:
    waiting = action("A0", "stop", "terms", 90, state="awaiting approval")
    key = waiting[0]
    commit(engine, record(waiting))
    dearer = action("A0", "stop", "terms", 90, state="awaiting approval", amount=900_00, since=day("24 Nov"))
    assert commit(engine, record(dearer, on="24 Nov")).advanced == 1
    with database.reading(engine) as conn:
        assert conn.execute(sa.select(t.action.c.amount, t.action.c.since)).all() == [(900_00, day("23 Nov"))]
    planned = action("A0", "stop", "terms", 90, amount=900_00, on=day("25 Nov"), since=day("25 Nov"))
    assert commit(engine, record(planned, on="25 Nov")).advanced == 1
    assert states(engine) == {key: "planned"}
    assert commit(engine, record(waiting, on="26 Nov")).ignored == 1  # on its way: no decision takes it back


def test_what_never_went_may_come_again_and_what_went_never_does(engine: sa.Engine) -> None:
    commit(engine, record(*FIRST))
    first, second, third = (found[0] for found in FIRST)
    commit(engine, record(on="24 Nov", settled=[(first, "cancelled", "changed"), (second, "sent", "")]))
    again = commit(engine, record(*FIRST, on="25 Nov"))
    assert (again.added, again.renewed, again.ignored) == (1, 1, 2)
    assert states(engine) == {first: "cancelled", first + "+1": "planned", second: "sent", third: "planned"}
    with database.reading(engine) as conn:
        there = dict(tuple(row) for row in conn.execute(sa.select(t.outbox.c.action, t.outbox.c.state)))
    assert there == {first: "cancelled", first + "+1": "pending", second: "pending", third: "pending"}


def test_a_step_that_is_passed_over_is_marked_so(engine: sa.Engine) -> None:
    commit(engine, record(action("A0", "call collector", "call", 35)))
    key = next(iter(states(engine)))
    commit(engine, record(on="30 Nov", settled=[(key, "passed over", "not made")]))
    with database.reading(engine) as conn:
        assert conn.execute(sa.select(t.mark.c.item, t.mark.c.step, t.mark.c.how)).all() == [
            ("101", "call collector", "passed over")
        ]
    assert state(engine, "1 Dec").pending.is_empty()


def test_a_task_is_taken_when_it_is_on_the_list(engine: sa.Engine) -> None:
    commit(engine, record(action("A0", "task owner", "task", 35)))
    now = state(engine, "24 Nov")
    assert now.pending.is_empty()
    assert now.marks["step"].to_list() == ["task owner"]
    assert only(now.repeats)["last"] == day("23 Nov")


def test_taking_an_action_twice_changes_nothing(engine: sa.Engine) -> None:
    commit(engine, record(*FIRST))
    for hour in (10, 11):
        with database.writing(engine) as conn:
            marks.take(conn, FIRST[0][0], moment("24 Nov", hour), day("24 Nov"))
    assert count(engine, t.mark) == 1
    with database.reading(engine) as conn:
        assert conn.execute(sa.select(t.action.c.taken_at).where(t.action.c.key == FIRST[0][0])).scalar() == (
            "2026-11-24T10:00:00.000000+00:00"
        )


@pytest.mark.fault(2)
def test_a_run_that_fails_leaves_nothing(engine: sa.Engine) -> None:
    before = count(engine, t.journal)
    wrong = replace(record(*FIRST), outbox=[("no such action", "email", "pending", "{}", None)])
    with pytest.raises(database.DatabaseError):
        commit(engine, wrong)
    assert [count(engine, table) for table in (t.run, t.action, t.decision, t.book)] == [0, 0, 0, 0]
    assert count(engine, t.journal) == before


@pytest.mark.fault(1)
def test_a_run_killed_before_its_commit_leaves_nothing(database_url: str) -> None:
    database.open(database_url).dispose()
    program = f"""
import os, sys
from engine.store import database, runs
from tests.store.test_runs import FIRST, record
engine = database.open({database_url!r})
with database.writing(engine) as conn:
    print(runs.commit_run(conn, record(*FIRST), [record(*FIRST)]).added, flush=True)
    os.kill(os.getpid(), 9)
"""
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (-9, "3\n"), done.stderr
    engine = database.open(database_url)
    database.check(engine)
    assert [count(engine, table) for table in (t.run, t.action, t.journal)] == [0, 0, 0]
    assert commit(engine, record(*FIRST)).added == 3
    engine.dispose()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE journal SET body = '{}' WHERE seq = 2", "entry 2: it was changed"),
        ("UPDATE journal SET account = 'A9' WHERE seq = 3", "entry 3: it was changed"),
        ("DELETE FROM journal WHERE seq = 2", "entry 2: it is missing"),
        ("DELETE FROM journal WHERE seq >= 9", "it is missing"),
        (
            "UPDATE journal_person SET value = 'never' WHERE field = 'text'",
            "what is kept as “text” is not what was written",
        ),
        ("UPDATE run SET seal = 'other'", "a run was sealed over another text"),
    ],
)
def test_a_change_of_the_journal_is_seen(engine: sa.Engine, change: str, said: str) -> None:
    commit(engine, record(*FIRST))
    with database.writing(engine) as conn:
        journal.append(conn, [Entry("note", "A0", {"by": "me"}, {"text": "hello"})], moment("24 Nov"))
    with database.reading(engine) as conn:
        assert journal.verify(conn) == 10
    with (
        pytest.raises(database.DatabaseError, match="the journal is only added to"),
        database.writing(engine) as conn,
    ):
        conn.execute(sa.text("UPDATE journal SET body = 'x'"))
    with database.writing(engine) as conn:
        if conn.dialect.name == "sqlite":
            conn.execute(sa.text("DROP TRIGGER journal_no_update"))
            conn.execute(sa.text("DROP TRIGGER journal_no_delete"))
        else:
            conn.execute(sa.text("DROP TRIGGER journal_is_kept ON journal"))
        conn.execute(sa.text(change))
    with pytest.raises(JournalBroken, match=said), database.reading(engine) as conn:
        journal.verify(conn)


def test_keys_cannot_run_into_each_other() -> None:
    one = action_key("A|1", 1, "s", "i", 0, "email", "r", company="main")
    other = action_key("A", 1, "s", "i", 0, "email", "r", company="main")
    assert one != other
    assert one.count("|") == other.count("|") == 8
