"""Workers that send: each claims messages of its own, and one that is killed has sent none that another sends again."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from engine.jobs import evaluate
from engine.jobs.deliver import deliver_now
from engine.store import database, queue
from tests.daemon.living import Office, mail
from tests.fleet.test_workers import a_worker, until
from tests.jobs.world import ZONE

MANY = 40


@pytest.mark.long
def test_of_two_workers_that_send_one_is_killed(postgres_url: str, tmp_path: Path) -> None:
    processes = []
    with mail(0.2) as (box, told):
        office = Office(tmp_path / "house", postgres_url, accounts=MANY, more=told)
        now = datetime.now(ZONE)
        engine = database.open(office.ws.files.database_url)
        evaluate.run(office.ws, on=now.date(), now=now)
        queue.prepare(engine)
        with database.writing(engine) as conn:
            for number in range(2):
                queue.put(conn, queue.DELIVER, {}, once=f"deliver {number}")
        try:
            for name in ("first", "second"):
                processes.append(a_worker(office.root, name))
            until(lambda: len(box.begun) > MANY // 4, 90)
            with database.reading(engine) as conn:
                assert queue.workers(conn) == 2
            processes[0].kill()
            counted = office.counted()
            assert counted["sent"] < MANY
            until(lambda: office.counted().keys() <= {"sent", "sending"}, 90)
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.communicate(timeout=30)
        assert [process.returncode for process in processes] == [-9, 0]
        engine.dispose()
        for minutes in (0, 10):  # the service finds what the dead one has left, and tries it again
            later = datetime.now(ZONE) + timedelta(minutes=minutes)
            deliver_now(office.ws, now=later, clock=lambda now=later: now)
    taken = Counter(box.taken)
    assert [address for address, times in taken.items() if times > 1] == []
    states = office.counted()
    assert states["sent"] + states["uncertain"] == MANY, states
    assert states["sent"] <= len(taken) <= MANY
