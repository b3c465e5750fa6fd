"""Workers in processes of their own: one is killed in the middle of its part, and the run is whole all the same."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine.daemon import process
from engine.jobs import shared
from engine.jobs.status import status
from engine.screen.status import status_value
from engine.store import database, journal, queue, spans
from engine.store import tables as t
from tests.fleet.conftest import Much
from tests.jobs.world import ZONE

REPOSITORY = Path(__file__).parents[2]


def until(so: Callable[[], object], seconds: float) -> None:
    ends = time.monotonic() + seconds
    while not so():
        assert time.monotonic() < ends, "it has not happened"
        time.sleep(0.1)


def started(root: Path, name: str, *command: str) -> subprocess.Popen[bytes]:
    with (root.parent / f"{name}.err").open("wb") as err:
        return subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=err, stderr=err)


def a_worker(root: Path, name: str = "worker") -> subprocess.Popen[bytes]:
    return started(root, name, *process.command("engine.daemon.fleet", str(root)))


def _machine(house: Much) -> subprocess.Popen[bytes]:
    """One that joins."""
    command = [sys.executable, "-c", "from engine.cli import main; main()"]
    command += ["-w", str(house.root), "serve", "--join", "--workers", "1"]
    return started(house.root, "machine", *command)


@pytest.mark.long
def test_a_worker_that_is_killed_takes_nothing_with_it(postgres_url: str, tmp_path: Path) -> None:
    house = Much(tmp_path, postgres_url).filled(random.Random(7))
    engine = database.open(house.ws.files.database_url)
    now = datetime.now(ZONE)
    processes = []

    def ask(query: sa.Select[tuple[int]]) -> int:
        with database.reading(engine) as conn:
            return int(conn.execute(query).scalar_one())

    def seen() -> dict[str, object]:
        with database.reading(engine) as conn:
            return status_value(status(conn, house.ws.files, now))

    done = sa.select(sa.func.count()).where(t.run_part.c.done_at.is_not(None))
    try:
        queue.prepare(engine)
        with engine.connect() as holds:
            with database.writing(engine) as conn:
                parts = spans.cut(conn, 9)
                one = shared.begin(house.ws, conn, on=now.date(), now=now, defer=queue.put_parts, parts=parts)
            holds.execute(sa.select(t.run_part).where(t.run_part.c.number == 0).with_for_update())
            processes.append(a_worker(house.root))
            waits = sa.text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
            until(lambda: ask(waits), 30)  # it is in the middle of part 0
            processes.append(_machine(house))
            until(lambda: ask(done) == one.parts - 1, 30)
            told = seen()["sharing"]
            assert isinstance(told, dict)
            assert (told["done"], told["parts"]) == (one.parts - 1, one.parts)
            processes[0].kill()
            killed = time.monotonic()
        until(lambda: ask(sa.select(sa.func.count()).select_from(t.run)), 60)
        assert time.monotonic() - killed < 60
    finally:
        for process in processes:
            process.terminate()
        codes = [process.wait(30) for process in processes]
        for process in processes:
            process.stdin.close()
    assert codes == [-9, 0]
    assert seen()["sharing"] is None
    owing = {account for (account,) in house.rows(sa.select(t.item.c.account).where(t.item.c.open != 0))}
    decided = sa.select(t.decision.c.account, sa.func.count()).group_by(
        t.decision.c.account, t.decision.c.item
    )
    assert [account for account, times in house.rows(decided) if times > 1] == []
    assert {account for account, _ in house.rows(decided)} == owing
    with database.reading(engine) as conn:
        assert journal.verify(conn) > 0
    engine.dispose()
