"""A database that is busy, slow, cut off, restarted or out of order while messages go: nothing twice, nothing lost."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.engine.default import DefaultDialect

from engine.channels.receipt import Outcome, Receipt, Stage
from engine.errors import DatabaseBusy, DatabaseError, DatabaseUnreadable, Refused
from engine.outbox import cancel, deliver, recover
from engine.store import database
from engine.store.owner import owner
from engine.store.tables import outbox
from tests import postgres
from tests.faults.proxy import way
from tests.outbox.world import START, Watch, delivery, do, ended, marks, plan, states


class Desk:
    """A way out that remembers what it took; `at(key)` is called when it has it, before its answer is known."""

    point = "data"

    def __init__(self, seconds: float = 0.0, at: Callable[[str], None] | None = None) -> None:
        self.seconds, self.at = seconds, at or (lambda key: None)
        self.sent: list[str] = []

    async def send(self, made: Any, stage: Stage) -> Receipt:
        await stage("data", {"message-id": made.message_id})
        self.sent.append(made.key)
        await asyncio.sleep(self.seconds)
        await asyncio.to_thread(self.at, made.key)
        return Receipt(Outcome.SENT, "data", "accepted")

    async def found(self, evidence: Mapping[str, str]) -> Receipt | None:
        return None

    def keep(self, made: Any) -> Mapping[str, Any]:
        return {}

    def again(self, kept: Mapping[str, Any], reached: Any) -> Any:
        raise AssertionError


def go_on(engine: Engine, desk: Desk, rounds: int = 3, **more: Any) -> int:
    """What a service does: round after round, each with a name of its own. How many were broken off."""
    broken, clock = 0, Watch()
    for _ in range(rounds):

        async def once() -> None:
            with owner(engine) as name:
                needs = delivery(engine, name, senders={"email": desk}, now=clock, **more)
                await recover(needs, lambda who: ended(engine, who))
                await deliver(needs)

        try:
            asyncio.run(once())
        except (DatabaseError, sa.exc.DBAPIError):  # the owner's own lock is asked of the driver itself
            broken += 1
        clock.forward(hours=1)
    return broken


def counted(engine: Engine, desk: Desk, count: int) -> Counter[str]:
    """Nothing went twice, and everything is known or in doubt."""
    assert len(desk.sent) == len(set(desk.sent)), "something went twice"
    found = Counter(states(engine).values())
    assert found["sent"] + found["uncertain"] == count, found
    assert found["sent"] <= len(desk.sent) <= count
    assert len(marks(engine)) == found["sent"]
    return found


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = database.open(database_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def own_server() -> Iterator[postgres.Server]:
    """A server that may be ended: nobody else uses it."""
    tools = postgres.tools()
    if tools is None:
        pytest.skip("there is no PostgreSQL server for this machine")
    with postgres.server(tools, "fsync=on") as made:
        yield made


@pytest.fixture
def own_url(own_server: postgres.Server) -> str:
    name = f"f{time.monotonic_ns()}"
    _sql(own_server, f"CREATE DATABASE {name}")
    return own_server.url.format(name)


def _sql(server: postgres.Server, statement: str) -> None:
    address = sa.make_url(server.url.format("postgres")).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(address, isolation_level="AUTOCOMMIT")
    with engine.connect() as conn:
        conn.execute(sa.text(statement))
    engine.dispose()


# -- the server goes ---------------------------------------------------------------------------------------------------


@pytest.mark.fault(21)
@pytest.mark.parametrize("how", ["fast", "immediate", "kill -9"])
def test_a_server_that_is_started_anew(own_server: postgres.Server, own_url: str, how: str) -> None:
    engine = database.open(own_url)
    for number in range(20):
        plan(engine, f"A{number:02}")
    desk = Desk(0.03)
    begun = threading.Event()
    desk.at = lambda key: begun.set()

    def end() -> None:
        begun.wait(10)
        if how == "kill -9":
            _kill(own_server)
        else:
            own_server.stop(how)
        own_server.start()

    thread = threading.Thread(target=end)
    thread.start()
    go_on(engine, desk, 1, at_once=3)
    thread.join()
    go_on(engine, desk)
    found = counted(engine, desk, 20)
    assert found["uncertain"] <= 3, "only what was in hand can be in doubt"
    engine.dispose()


def _kill(server: postgres.Server) -> None:
    main = int((server.data / "postmaster.pid").read_text().split()[0])
    children = subprocess.run(["pgrep", "-P", str(main)], capture_output=True, text=True, check=False).stdout
    for pid in (main, *map(int, children.split())):
        with_suppress_kill(pid)
    end = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in (main, *map(int, children.split()))):
        assert time.monotonic() < end
        time.sleep(0.02)
    (server.data / "postmaster.pid").unlink(missing_ok=True)


def with_suppress_kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


# -- the way to it is cut, or slow -------------------------------------------------------------------------------------


@pytest.mark.fault(22)
@pytest.mark.parametrize("after", [False, True], ids=["before-it-arrived", "after-it-arrived"])
def test_a_commit_whose_answer_is_lost(own_server: postgres.Server, own_url: str, after: bool) -> None:
    """Cut at the first COMMIT, then at the second, until a round makes fewer."""
    straight = database.open(own_url)
    name = sa.make_url(own_url).database
    cuts = 0
    with way(f"{own_server.folder}/.s.PGSQL.5432") as through:
        for nth in range(40):
            keys = [plan(straight, f"N{nth}A{number}") for number in range(2)]
            desk = Desk()
            engine = database.open(f"postgresql://dunwell@127.0.0.1:{through.port}/{name}", migrate=False)
            through.cut_at, through.after = nth, after
            before = through.cuts
            go_on(engine, desk, 1, at_once=1)
            through.cut_at = -1
            engine.dispose()
            go_on(straight, desk, 2)
            assert len(desk.sent) == len(set(desk.sent)), f"something went twice, COMMIT {nth}"
            with database.reading(straight) as conn:
                query = sa.select(outbox.c.state).where(outbox.c.action.in_(keys))
                found = Counter(state for (state,) in conn.execute(query))
            assert found["sent"] + found["uncertain"] == 2, (nth, found)
            cuts += through.cuts - before
            if through.cuts == before:
                break
    straight.dispose()
    assert cuts >= 6, "claim, stage and end of two messages"


@pytest.mark.fault(24)
def test_a_slow_database_loses_nothing(own_server: postgres.Server, own_url: str) -> None:
    database.open(own_url).dispose()
    with way(f"{own_server.folder}/.s.PGSQL.5432") as through:
        engine = database.open(
            f"postgresql://dunwell@127.0.0.1:{through.port}/{sa.make_url(own_url).database}"
        )
        for number in range(12):
            plan(engine, f"A{number:02}")
        through.wait = 0.01
        desk = Desk()
        assert go_on(engine, desk, 1) == 0
        through.wait = 0.0
        assert counted(engine, desk, 12)["sent"] == 12
        engine.dispose()


@pytest.mark.fault(23)
def test_a_deadlock_is_tried_again_as_a_whole(own_server: postgres.Server, own_url: str) -> None:
    """Another program holds the row that we want, and wants what we hold: one of us is called off."""
    engine = database.open(own_url)
    plan(engine, "A")
    threads: list[threading.Thread] = []
    met: list[str] = []

    def hold(key: str) -> None:
        holds = threading.Event()

        def other() -> None:
            with engine.connect() as conn, conn.begin():
                conn.execute(sa.text("SET LOCAL deadlock_timeout = '20s'"))
                conn.execute(sa.text("SELECT id FROM outbox FOR UPDATE"))
                holds.set()
                waits = "SELECT 1 FROM pg_locks WHERE NOT granted"
                end = time.monotonic() + 10
                while not conn.execute(sa.text(waits)).first() and time.monotonic() < end:
                    time.sleep(0.01)
                conn.execute(sa.text("SELECT pg_advisory_xact_lock(7239462)"))
                met.append("both")

        threads.append(threading.Thread(target=other))
        threads[0].start()
        assert holds.wait(10)

    desk = Desk(at=hold)
    go_on(engine, desk, 1)
    threads[0].join()
    assert met == ["both"]
    assert counted(engine, desk, 1)["sent"] == 1
    engine.dispose()


# -- a file that is busy, or whose disk fails ---------------------------------------------------------------------------


@pytest.mark.fault(18)
def test_a_busy_file(tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "dunwell.db"
    shutil.copy(sqlite_template, file)
    monkeypatch.setattr(database, "WAIT_MS", 50)
    engine = database.open(file)
    plan(engine, "A")
    other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    desk = Desk()
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseBusy):
        asyncio.run(deliver(delivery(engine, senders={"email": desk})))
    other.execute("ROLLBACK")
    assert (desk.sent, states(engine)) == ([], {"A": "pending"})

    def meanwhile(key: str) -> None:
        other.execute("BEGIN IMMEDIATE")
        threading.Timer(0.15, lambda: other.execute("ROLLBACK")).start()

    desk.at = meanwhile
    with pytest.raises(DatabaseBusy):  # the result was written at the second or third time; the round ends
        asyncio.run(deliver(delivery(engine, senders={"email": desk}, patience=(0.1, 0.1, 0.1))))
    assert counted(engine, desk, 1)["sent"] == 1
    other.close()
    engine.dispose()


@pytest.mark.fault(17)
@pytest.mark.parametrize("nth", range(4))
def test_a_disk_that_fails_at_a_commit(
    tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch, nth: int
) -> None:
    shutil.copy(sqlite_template, tmp_path / "dunwell.db")
    engine = database.open(tmp_path / "dunwell.db")
    for number in range(2):
        plan(engine, f"A{number}")
    really, seen, desk = DefaultDialect.do_commit, [0], Desk()

    def fail(dialect: Any, conn: Any) -> None:
        seen[0] += 1
        if seen[0] > nth:
            raise sqlite3.OperationalError("disk I/O error")
        really(dialect, conn)

    with monkeypatch.context() as patched:
        patched.setattr(DefaultDialect, "do_commit", fail)
        with pytest.raises(DatabaseUnreadable):
            asyncio.run(deliver(delivery(engine, "ended", senders={"email": desk}, at_once=1)))
    assert len(desk.sent) <= nth // 2, "nothing goes without what was to be written before it"
    go_on(engine, desk)
    counted(engine, desk, 2)
    engine.dispose()


_WRITER = """
import sys
import sqlalchemy as sa
from engine.store import database
from engine.store.tables import setting
engine = database.open(sys.argv[1])
for number in range(100000):
    with database.writing(engine) as conn:
        conn.execute(sa.insert(setting).values(name=f"n{number:06}", value="x" * 3000))
    print(number, flush=True)
"""


@pytest.mark.fault(13)
def test_what_was_acknowledged_is_in_a_copy_of_any_moment(tmp_path: Path, sqlite_template: Path) -> None:
    file = tmp_path / "dunwell.db"
    shutil.copy(sqlite_template, file)
    chance, seen = random.Random(5), -1
    with subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(file)], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        for number in range(4):
            until = seen + chance.randrange(20, 200)
            while seen < until:
                seen = int(writer.stdout.readline())
            time.sleep(chance.random() * 0.01)
            writer.send_signal(signal.SIGSTOP)
            there = tmp_path / f"copy{number}.db"
            for suffix in ("", "-wal"):
                if Path(f"{file}{suffix}").exists():
                    shutil.copy(f"{file}{suffix}", f"{there}{suffix}")
            writer.send_signal(signal.SIGCONT)
            engine = database.open(there)
            database.check(engine)
            with database.reading(engine) as conn:
                (rows,) = conn.execute(sa.text("SELECT COUNT(*) FROM setting WHERE name LIKE 'n%'")).one()
            engine.dispose()
            assert rows >= seen + 1
        writer.kill()


# -- two at once -------------------------------------------------------------------------------------------------------


@pytest.mark.fault(58)
def test_a_person_calls_off_what_is_just_being_claimed(engine: Engine) -> None:
    keys = [plan(engine, f"A{number:02}") for number in range(24)]
    desk, off = Desk(0.002), set()

    def call_off() -> None:
        for key in reversed(keys):
            try:
                do(engine, lambda conn, key=key: cancel(conn, key, "ana", START, "they rang"))
            except Refused:
                continue
            off.add(key)

    thread = threading.Thread(target=call_off)
    thread.start()
    asyncio.run(deliver(delivery(engine, senders={"email": desk}, at_once=2)))
    thread.join()
    assert len(desk.sent) == len(set(desk.sent))
    assert set(desk.sent) | off == set(keys)
    assert not set(desk.sent) & off, "what was called off went all the same"
    assert Counter(states(engine).values()) == Counter(sent=len(desk.sent)) + Counter(cancelled=len(off))
