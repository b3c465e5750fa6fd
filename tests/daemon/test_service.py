"""The service by itself, in real processes: it works, ends in order, waits its turn and takes over."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from zlib import crc32

import pytest
import sqlalchemy as sa

from engine.daemon.process import command
from engine.store.tables import run
from tests.daemon.living import PATIENCE, REPOSITORY, Office, kill, mail, serving, until


@pytest.mark.fault(12)
def test_told_to_stop_while_it_sends_it_finishes_what_is_in_hand(tmp_path: Path, sqlite_url: str) -> None:
    with mail(0.7) as (box, settings):
        office = Office(tmp_path, sqlite_url, 40, settings)
        with serving(office.root) as service:
            until(lambda: box.taken)
            assert service.stopped() == 0
        done = office.counted()
        assert len(box.taken) == len(set(box.taken)) == done["sent"] < 40
        assert done["sent"] + done["pending"] == 40  # nothing is in doubt, nothing was lost
        assert office.lease() is None
        box.wait = 0
        with serving(office.root) as service:
            until(lambda: office.counted()["sent"] == 40)
            assert service.stopped(signal.SIGINT) == 0
            text = service.err.read_text("utf-8")
    assert Counter(Counter(box.taken).values()) == {1: 40}
    assert service.events()[-1] == "stopped"
    for word in ("ACC", "@", "Traceback"):  # nothing about people is in its log
        assert word not in text


@pytest.mark.fault(12)
def test_a_server_that_does_not_answer_holds_the_end_up_no_longer_than_the_grace(
    tmp_path: Path, sqlite_url: str
) -> None:
    with mail(60) as (box, settings):
        office = Office(tmp_path, sqlite_url, 3, settings, daemon="grace = 1")
        with serving(office.root) as service:
            until(lambda: box.begun)
            assert service.stopped() == 0
            assert "worker ended" in service.events()
        box.wait = 0
        asked = list(box.begun)
        with serving(office.root) as service:
            until(lambda: office.counted() == Counter(uncertain=len(asked), sent=3 - len(asked)))
            time.sleep(1)  # and there it stays
            assert service.stopped() == 0
    assert office.counted()["uncertain"] == len(asked)
    assert set(Counter(box.begun).values()) == {1}


@pytest.mark.fault(55)
def test_a_second_waits_and_a_run_beside_doubles_nothing(tmp_path: Path, postgres_url: str) -> None:
    with mail(0.05) as (box, settings):
        office = Office(tmp_path, postgres_url, 60, settings)
        with serving(office.root) as first:
            until(lambda: box.taken)
            locked_anew(office)
            with serving(office.root, name="two") as second:
                command = [
                    sys.executable,
                    "-c",
                    "from engine.cli import main; main()",
                    "-w",
                    str(office.root),
                    "run",
                ]
                beside = subprocess.run(
                    command, cwd=REPOSITORY, capture_output=True, text=True, timeout=PATIENCE
                )
                assert beside.returncode == 0, beside.stderr
                until(lambda: "This one waits" in second.said())
                assert f"process {first.process.pid}" in second.said()
                until(lambda: office.counted()["sent"] == 60)
                workers = first.workers()
                first.told(signal.SIGKILL)
                first.process.wait()
                until(lambda: "It works." in second.said())
                office.late(60, 75)
                until(lambda: office.counted()["sent"] == 75)
                assert second.stopped() == 0
                for pid in workers:  # it saw that its service was gone
                    until(lambda pid=pid: not Path(f"/proc/{pid}").exists() or _zombie(pid))
    assert Counter(Counter(box.taken).values()) == {1: 75}
    assert len(office.rows(sa.select(run.c.id))) == 1


def locked_anew(office: Office) -> None:
    """The server closes the connection that has the service's lock: it is still the one, under another name."""
    before = office.lease()
    assert before is not None
    number = crc32(before.owner.encode()) - (1 << 31)
    close = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND classid = 7239463"
    engine = office.engine
    with engine.begin() as conn:
        closed = conn.execute(sa.text(f"{close} AND objid = {number & 0xFFFFFFFF}")).scalars().all()
    engine.dispose()
    assert closed == [True]
    until(lambda: (now := office.lease()) and now.owner != before.owner and now.pid == before.pid)


def _zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@pytest.mark.fault(55)
def test_three_that_work_at_once_without_a_lease_double_nothing(tmp_path: Path, sqlite_url: str) -> None:
    with mail(0.02) as (box, settings):
        office = Office(tmp_path, sqlite_url, 90, settings)
        working = command("engine.daemon.worker", str(office.root))
        pipe = subprocess.PIPE
        workers = [
            subprocess.Popen(working, stdin=pipe, stdout=pipe, text=True, cwd=REPOSITORY) for _ in range(3)
        ]
        told = json.dumps({"do": ["policies", "evaluate", "deliver"]}) + "\n"
        for worker in workers:
            assert worker.stdin is not None
            worker.stdin.write(told)
            worker.stdin.flush()
        sent = 0
        for worker in workers:
            assert worker.stdout is not None
            for line in worker.stdout:
                report = json.loads(line)
                assert "failed" not in report, report
                sent += sum(int(said.split()[0]) for said in report.get("said", ()) if "gone out" in said)
                if report.get("over"):
                    break
        for worker in workers:
            worker.communicate(json.dumps({"end": True}) + "\n", timeout=PATIENCE)
            assert worker.returncode == 0
    assert sent == 90
    assert Counter(Counter(box.taken).values()) == {1: 90}
    assert office.counted() == {"sent": 90}
    assert len(office.rows(sa.select(run.c.id))) == 1


def _free(office: Office) -> bool:
    """Whether nobody is in the middle of writing."""
    engine = office.engine
    try:
        if engine.dialect.name == "postgresql":
            with engine.connect() as conn:
                return bool(conn.exec_driver_sql("SELECT pg_try_advisory_xact_lock(7239462)").scalar())
        with closing(sqlite3.connect(str(engine.url.database), timeout=0.1, isolation_level=None)) as plain:
            plain.execute("BEGIN IMMEDIATE")
            return True
    except sqlite3.OperationalError:
        return False
    finally:
        engine.dispose()


@pytest.mark.fault(56)
def test_a_worker_that_slept_while_another_took_over_sends_nothing_twice(
    tmp_path: Path, database_url: str, request: pytest.FixtureRequest
) -> None:
    with mail(1.0) as (box, settings):
        office = Office(tmp_path, database_url, 40, settings)
        with serving(office.root) as first:
            until(lambda: box.begun)
            (worker,) = first.workers()
            request.addfinalizer(lambda: kill(worker))  # one that sleeps would not see its pipe close
            os.kill(worker, signal.SIGSTOP)
            while not _free(office):  # asleep in the middle of writing it would hold everybody up
                os.kill(worker, signal.SIGCONT)
                time.sleep(0.02)
                os.kill(worker, signal.SIGSTOP)
            asleep = office.keys("sending")
            first.told(signal.SIGKILL)
            first.process.wait()
            if database_url.startswith("postgresql"):  # its server takes it for dead: its lock is gone
                engine = office.engine
                with engine.begin() as conn:
                    conn.execute(
                        sa.text(
                            "SELECT pg_terminate_backend(pid) FROM pg_locks "
                            "WHERE locktype = 'advisory' AND classid = 7239463"
                        )
                    )
                engine.dispose()
            box.wait = 0
            with serving(office.root, name="two") as second:
                others = 40 - len(asleep)
                until(lambda: office.counted()["sent"] >= others)
                os.kill(worker, signal.SIGCONT)
                until(lambda: not office.counted()["sending"] and _zombie(worker))
                until(lambda: not office.counted()["pending"])
                assert second.stopped() == 0
    counts = Counter(box.taken)
    assert set(counts.values()) == {1}
    left = office.counted()
    assert left["sent"] + left["uncertain"] + left["retry"] == 40
    assert left["sent"] <= len(counts)


@pytest.mark.fault(2)
def test_a_worker_that_is_killed_is_replaced_and_the_day_goes_on(tmp_path: Path, sqlite_url: str) -> None:
    with mail(0.5) as (box, settings):
        office = Office(tmp_path, sqlite_url, 40, settings)
        with serving(office.root) as service:
            until(lambda: box.begun)
            (worker,) = service.workers()
            kill(worker)
            until(lambda: ("run", "deliver") in office.alarms())
            assert "SIGKILL" in office.alarms()["run", "deliver"]
            box.wait = 0
            # The others are seen to at once; sending is left alone for half a minute, so a new ledger is decided now.
            office.late(40, 42)
            until(lambda: sum(office.counted().values()) == 42)
            assert [pid for pid in service.workers() if pid != worker]
            assert service.stopped() == 0
        with serving(office.root) as service:  # nothing is forgotten by a new start
            until(lambda: "working" in service.events())
            until(lambda: not office.counted()["pending"] and not office.counted()["sending"])
            until(lambda: ("run", "deliver") not in office.alarms())
            assert service.stopped() == 0
    assert set(Counter(box.taken).values()) == {1}
    assert office.counted()["sent"] + office.counted()["uncertain"] + office.counted()["retry"] == 42


def test_a_duty_that_fails_is_told_of_and_the_others_are_done(tmp_path: Path, sqlite_url: str) -> None:
    (tmp_path / "bad.pem").write_text("no certificate")
    settings = f'[mail]\nhost = "127.0.0.1"\nca_file = "{tmp_path}/bad.pem"\nfrom = "us@seller.example.com"\n'
    office = Office(tmp_path, sqlite_url, 3, settings)
    with serving(office.root) as service:
        until(lambda: ("run", "deliver") in office.alarms())
        assert "certificates" in office.alarms()["run", "deliver"]
        assert office.counted() == {"pending": 3}  # decided all the same
        text = (office.root / "dunwell.toml").read_text("utf-8")
        with mail() as (box, good):
            (office.root / "dunwell.toml").write_text(text.replace(settings, good), "utf-8")
            assert service.stopped() == 0
            with serving(office.root, name="two") as again:
                until(lambda: office.counted()["sent"] == 3)
                until(lambda: ("run", "deliver") not in office.alarms())
                assert again.stopped() == 0
            assert len(box.taken) == 3


def test_without_a_ledger_it_waits(tmp_path: Path) -> None:
    office = Office.__new__(Office)
    super(Office, office).__init__(
        tmp_path, f"sqlite:///{tmp_path / 'new.db'}", more='\n[daemon]\nhealth = ""\n'
    )
    with serving(office.root) as service:
        until(lambda: "It works." in service.said())
        assert "It works. The next run is on" in service.said()
        assert service.stopped() == 0


def test_what_it_cannot_work_with_is_said_at_once(tmp_path: Path, sqlite_url: str) -> None:
    office = Office(tmp_path, sqlite_url, 1)
    text = (office.root / "dunwell.toml").read_text("utf-8")
    (office.root / "dunwell.toml").write_text(text.replace('run = "00:00"', 'run = "6 pm"'), "utf-8")
    with serving(office.root) as service:
        assert service.process.wait(PATIENCE) == 1
        said = service.err.read_text("utf-8")
        assert "“6 pm” is not an hour of the day" in said
        assert "write it as in “06:00” or “17:30”" in said
    (office.root / "dunwell.toml").write_text(text, "utf-8")
    file = tmp_path / "dunwell.db"
    raw = bytearray(file.read_bytes())
    raw[4096 * 3 : 4096 * 20] = b"\x55" * 4096 * 17
    file.write_bytes(raw)
    with serving(office.root, name="two") as service:
        assert service.process.wait(PATIENCE) == 3
        assert "restore it from a backup" in service.err.read_text("utf-8")


LIBRARY = next((str(path) for path in Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")), "")


@pytest.mark.fault(49)
@pytest.mark.skipif(not LIBRARY, reason="libfaketime is not installed")
def test_a_clock_that_jumps(tmp_path: Path, sqlite_url: str) -> None:
    office = Office(tmp_path, sqlite_url, 3)
    told = tmp_path / "clock"
    told.write_text("+0s")
    environment = {
        "LD_PRELOAD": LIBRARY,
        "FAKETIME_TIMESTAMP_FILE": str(told),
        "FAKETIME_NO_CACHE": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }
    with serving(office.root, environment=environment) as service:
        until(lambda: office.counted()["sent"] == 3)
        told.write_text("-1d")
        until(lambda: ("clock", "back") in office.alarms())
        office.late(3, 5)
        time.sleep(1.5)
        assert office.counted() == {"sent": 3}
        told.write_text("+0s")
        until(lambda: office.counted()["sent"] == 5)
        until(lambda: ("clock", "back") not in office.alarms())
        told.write_text("+1d")  # the next date, once
        until(lambda: len(office.rows(sa.select(run.c.id))) == 2)
        time.sleep(1)
        assert len(office.rows(sa.select(run.c.id))) == 2
        assert office.counted() == {"sent": 5}
        assert service.stopped() == 0


@pytest.mark.fault(61)
@pytest.mark.fault(62)
def test_policies_that_are_edited_while_it_works_decide_when_they_are_whole(
    tmp_path: Path, sqlite_url: str
) -> None:
    with mail(0.3) as (box, settings):
        office = Office(tmp_path, sqlite_url, 40, settings)
        policy = office.root / "policies" / "standard.yaml"
        whole = policy.read_text("utf-8")
        with serving(office.root) as service:
            until(lambda: box.taken)
            policy.write_text(whole.replace("day: 5", "day: broken"), "utf-8")
            until(lambda: office.counted()["sent"] == 40)  # with the policies of the run
            until(lambda: any(kind == "policies" for kind, _ in office.alarms()))
            office.late(40, 42)
            until(lambda: office.counted()["sent"] == 42)
            books = {book for (book,) in office.rows(sa.select(run.c.book))}
            policy.write_text(whole.replace("day: 5", "day: 4"), "utf-8")
            until(lambda: not any(kind == "policies" for kind, _ in office.alarms()))
            box.wait = 0
            office.late(90, 92, days=4)
            until(lambda: office.counted()["sent"] == 44)
            assert {book for (book,) in office.rows(sa.select(run.c.book))}.isdisjoint(books)
            assert service.stopped() == 0
    assert set(Counter(box.taken).values()) == {1}


@pytest.mark.fault(19)
def test_a_file_that_is_put_in_the_place_of_the_database_ends_it(tmp_path: Path, sqlite_url: str) -> None:
    office = Office(tmp_path, sqlite_url, 1)
    file = Path(sa.make_url(sqlite_url).database or "")
    copy = file.with_name("copy.db")
    copy.write_bytes(file.read_bytes())
    with serving(office.root) as service:
        until(lambda: "working" in service.events())
        copy.replace(file)
        assert service.process.wait(PATIENCE) == 3
        assert "another file was put in the place of the database" in service.err.read_text("utf-8")
