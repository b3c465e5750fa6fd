"""The line of jobs: in the transaction of what they are about, in tables of their own, one of a name."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from engine.errors import Refused
from engine.jobs import daily
from engine.jobs import shared as jobs
from engine.store import database, dues, queue, shared
from engine.store.shared import SharedRun
from tests.fleet.conftest import Much, Parts
from tests.jobs.world import moment


@pytest.fixture
def engine(postgres_url: str) -> Iterator[Engine]:
    engine = database.open(postgres_url)
    yield engine
    engine.dispose()


def _waiting(engine: Engine) -> list[tuple[str, dict[str, int]]]:
    query = sa.text("SELECT task_name, args FROM procrastinate.procrastinate_jobs ORDER BY priority DESC, id")
    with database.reading(engine) as conn:
        return [tuple(row) for row in conn.execute(query)]


def test_a_job_is_there_with_its_transaction_or_not_at_all(engine: Engine) -> None:
    queue.prepare(engine)
    with contextlib.suppress(ZeroDivisionError), database.writing(engine) as conn:
        queue.put(conn, queue.PART, {"run": 1, "number": 0})
        raise ZeroDivisionError
    assert _waiting(engine) == []
    with database.writing(engine) as conn:
        queue.put(conn, queue.DELIVER, {}, once="deliver 0")
        queue.put(conn, queue.DELIVER, {}, once="deliver 0")  # it waits already
        queue.put(conn, queue.PART, {"run": 1, "number": 0}, {"run": 1, "number": 1})
        queue.put(conn, queue.SEAL, {"run": 1}, once="seal 1")
    told = [(name, args) for name, args in _waiting(engine)]
    assert told == [
        ("seal", {"run": 1}), ("part", {"run": 1, "number": 0}), ("part", {"run": 1, "number": 1}), ("deliver", {}),
    ]  # fmt: skip
    with database.reading(engine) as conn:
        assert sa.inspect(conn).get_table_names(schema="public") == [
            name for name in sa.inspect(conn).get_table_names() if not name.startswith("procrastinate")
        ]
        assert queue.workers(conn) == 0


def test_tables_of_an_older_version_are_brought_up(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = queue.migrations()
    before = [step for step in steps if step[0] < "03.03"]
    with database.writing(engine) as conn:
        conn.execute(sa.text("CREATE SCHEMA procrastinate"))
        conn.execute(sa.text("COMMENT ON SCHEMA procrastinate IS '00'"))
    with monkeypatch.context() as older:
        older.setattr(queue, "migrations", lambda: before)
        queue.prepare(engine)
    for newest in (before[-1][0], steps[-1][0]):
        with database.reading(engine) as conn:
            assert queue.version(conn) == newest
        queue.prepare(engine)
    with database.writing(engine) as conn:
        queue.put(conn, queue.PART, {"run": 1, "number": 0})
    assert len(_waiting(engine)) == 1


def test_without_workers_there_is_nothing_to_share(engine: Engine) -> None:
    assert not queue.ready(engine)


def test_a_file_has_one_machine() -> None:
    with pytest.raises(Refused, match="SQLite is for one machine"):
        queue.needs_postgres("sqlite:///dunwell.db")


def test_a_run_that_is_not_in_line_any_more_is_put_there_again(two: tuple[Much, Parts]) -> None:
    """As after a restore: what workers had to do is derived from the run, not from its jobs."""
    _, parts = two
    one = parts.begin("2026-11-02")
    assert isinstance(one, SharedRun)
    parts.house.do(queue.prepare)

    def look(engine: Engine) -> list[tuple[str, dict[str, int]]]:
        with database.writing(engine) as conn:
            queue.put_again(conn)
            queue.put_again(conn)
        return _waiting(engine)

    parts.decide(one, 0, 2)
    left = [number for number in range(one.parts) if number not in (0, 2)]
    assert parts.house.do(look) == [("part", {"run": one.id, "number": number}) for number in left]
    parts.decide(one, *left)
    parts.house.do(_emptied)
    assert parts.house.do(look) == [("seal", {"run": one.id})]


def _emptied(engine: Engine) -> None:
    with database.writing(engine) as conn:
        conn.execute(sa.text("SET LOCAL search_path TO procrastinate"))
        conn.execute(sa.text("DELETE FROM procrastinate_jobs"))


def test_a_run_that_no_worker_is_there_for_is_made_without_them(two: tuple[Much, Parts]) -> None:
    _, parts = two
    on = "2026-11-02"
    one = parts.begin(on)
    assert isinstance(one, SharedRun)
    ws = parts.house.ws
    due = [
        parts.ask(lambda conn, at=at: dues.run_due(conn, ws.files, moment(on, at)))
        for at in ("10:04", "10:06")
    ]
    assert due == [False, True]
    said = daily.evaluate(ws, lambda: moment(on, "10:06"), threading.Event())
    assert "decided" in said[0]
    assert parts.ask(shared.under_way) is None


def test_the_service_shares_what_is_large_enough_with_the_workers_that_are_there(
    two: tuple[Much, Parts], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, parts = two
    parts.house.do(queue.prepare)
    parts.house.do(_worker_is_there)
    evaluate = lambda at: daily.evaluate(parts.house.ws, lambda: moment("2026-11-02", at), threading.Event())  # noqa: E731
    assert "decided" in evaluate("10:00")[0]  # one part: there is nothing to share
    monkeypatch.setattr(jobs, "SIZE", 9)
    said = evaluate("11:00")
    one = parts.ask(shared.under_way)
    assert said == [f"2026-11-02: shared out to the workers in {one.parts} parts"]
    assert parts.house.do(_waiting) == [("part", {"run": one.id, "number": n}) for n in range(one.parts)]
    due = parts.ask(lambda conn: dues.run_due(conn, parts.house.ws.files, moment("2026-11-02", "12:00")))
    assert not due  # the workers are at it


def _worker_is_there(engine: Engine) -> None:
    with database.writing(engine) as conn:
        conn.execute(sa.text("INSERT INTO procrastinate.procrastinate_workers DEFAULT VALUES"))
