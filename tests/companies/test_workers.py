"""A worker of several companies: a job of each in turn, so that a small one does not wait for all of a large one."""

from __future__ import annotations

import random
import subprocess
import time
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine.daemon.process import command
from engine.jobs import shared
from engine.store import database, queue, spans
from engine.store import tables as t
from tests.fleet.conftest import Much
from tests.jobs.world import ZONE

REPOSITORY = Path(__file__).parents[2]
SEALED = sa.select(t.shared_run.c.state).where(t.shared_run.c.state == t.SEALED)
DONE = sa.select(t.run_part.c.done_at).order_by(t.run_part.c.done_at)


@pytest.mark.long
def test_a_small_company_does_not_wait_for_a_large_one(postgres_url: str, tmp_path: Path) -> None:
    """Nor does either for one whose settings cannot be read."""
    now = datetime.now(ZONE)
    houses: dict[str, Much] = {}
    for company, size in (("north", 3), ("south", 40)):
        house = Much(tmp_path / company, postgres_url, company=company).filled(random.Random(7))
        engine = database.open(house.ws.files.database_url)
        queue.prepare(engine)
        with database.writing(engine) as conn:
            parts = spans.cut(conn, size)
            shared.begin(house.ws, conn, on=now.date(), now=now, defer=queue.put_parts, parts=parts)
        engine.dispose()
        houses[company] = house
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "dunwell.toml").write_text("[workspace\n", "utf-8")
    roots = [tmp_path / "broken", *(house.root for house in houses.values())]
    with (tmp_path / "worker.err").open("wb") as err:
        worker = subprocess.Popen(
            command("engine.daemon.fleet", *map(str, roots)),
            cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=err, stderr=err,
        )  # fmt: skip
    try:
        ends = time.monotonic() + 60
        while not all(house.rows(SEALED) for house in houses.values()):
            assert time.monotonic() < ends, (tmp_path / "worker.err").read_text("utf-8")
            assert worker.poll() is None
            time.sleep(0.2)
    finally:
        assert worker.stdin is not None
        worker.stdin.close()
        assert worker.wait(30) == 0
    north, south = ([row.done_at for row in house.rows(DONE)] for house in houses.values())
    assert (len(north), len(south)) == (14, 2)
    assert sum(at < south[-1] for at in north) <= 4
    assert all(house.rows(sa.select(t.action.c.key).limit(1)) for house in houses.values())
    told = (tmp_path / "worker.err").read_text("utf-8")
    assert "cannot be read" in told
    assert '"company":"south"' in told
