"""Services in processes of their own, on a house whose hours never end, and a mail server that takes its time."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from engine.store import alarms, database, lease
from engine.store.tables import action, outbox
from tests.channels.servers import free_port
from tests.jobs.world import HOUSE, ZONE, House

REPOSITORY = Path(__file__).parents[2]
ALWAYS = HOUSE.replace("calendar: none", "calendar: always").replace(
    "hours: weekdays 8:30-17:00", "hours: Mon to Sun 0:00-24:00"
)
PATIENCE = 90.0  # seconds after which something that was to happen has not


class Office(House):
    """A house that runs from midnight on and writes at any hour, with so many accounts that are late."""

    def __init__(self, root: Path, url: str, accounts: int = 3, more: str = "", daemon: str = "") -> None:
        super().__init__(
            root, url, house=ALWAYS, more=f'\n[daemon]\nrun = "00:00"\nhealth = ""\n{daemon}\n{more}'
        )
        self.late(0, accounts)

    def late(self, first: int, last: int, days: int = 6) -> None:
        """These accounts are late, as a ledger says that comes in now."""
        for n in range(first, last):
            self.contact(f"ACC{n}")
            due = datetime.now(ZONE).date() - timedelta(days=days)
            self.owes(f"ACC{n}", f"I{n}", due.isoformat())
        here = datetime.now(ZONE)
        on, at = here.date().isoformat(), here.time().isoformat()
        self.import_customers(on, at)
        self.import_ledger(on, at)

    def counted(self) -> Counter[str]:
        """How many messages there are in each state."""
        return Counter(state for (state,) in self.rows(sa.select(outbox.c.state)))

    def keys(self, state: str) -> set[str]:
        return {key for (key,) in self.rows(sa.select(action.c.key).where(action.c.state == state))}

    def alarms(self) -> dict[tuple[str, str], str]:
        engine = self.engine
        try:
            with database.reading(engine) as conn:
                return {(one.kind, one.about): one.sentence for one in alarms.standing(conn)}
        finally:
            engine.dispose()

    def lease(self) -> lease.Lease | None:
        engine = self.engine
        try:
            with database.reading(engine) as conn:
                return lease.held(conn)
        finally:
            engine.dispose()


class Slow:
    """Takes each message after a while, and writes down whose it was the moment it has it."""

    def __init__(self, wait: float) -> None:
        self.wait = wait
        self.begun: list[str] = []
        self.taken: list[str] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.begun.append(envelope.rcpt_tos[0])
        await asyncio.sleep(self.wait)
        self.taken.append(envelope.rcpt_tos[0])
        return "250 kept"


@contextmanager
def mail(wait: float = 0.0) -> Iterator[tuple[Slow, str]]:
    """A real mail server, and the settings that lead to it."""
    box = Slow(wait)
    controller = Controller(box, hostname="127.0.0.1", port=free_port())
    controller.start()
    told = f'[mail]\nhost = "127.0.0.1"\nport = {controller.port}\ntls = "none"\nfrom = "us@seller.example.com"\n'
    try:
        yield box, told
    finally:
        controller.stop()


class Served:
    """One `dunwell serve`."""

    def __init__(
        self, root: Path, tick: float = 0.3, name: str = "one", environment: Mapping[str, str] | None = None
    ) -> None:
        self.out, self.err = root.parent / f"{name}.out", root.parent / f"{name}.err"
        command = [sys.executable, "-c", "from engine.cli import main; main()"]
        command += ["-w", str(root), "serve", "--tick", str(tick)]
        # Many at once may not all have the desk's usual address.
        environment = {**os.environ, "DUNWELL_WEB__LISTEN": "", **(environment or {})}
        with self.out.open("w") as out, self.err.open("w") as err:
            self.process = subprocess.Popen(command, stdout=out, stderr=err, cwd=REPOSITORY, env=environment)

    def said(self) -> str:
        return self.out.read_text("utf-8")

    def log(self) -> list[dict[str, Any]]:
        lines = self.err.read_text("utf-8").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]

    def events(self) -> list[str]:
        return [line["event"] for line in self.log()]

    def workers(self) -> list[int]:
        """The processes that it has started to work."""
        found = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                parent = int(stat.read_text().rpartition(")")[2].split()[1])
                called = (stat.parent / "cmdline").read_bytes()
            except OSError:
                continue
            if parent == self.process.pid and b"engine.daemon.worker" in called:
                found.append(int(stat.parent.name))
        return found

    def told(self, number: int) -> None:
        self.process.send_signal(number)

    def frozen(self, file: Path) -> None:
        """Stopped where it stands, but not in the instant in which SQLite lets nobody look into this file."""
        for _ in range(100):
            self.told(signal.SIGSTOP)
            with closing(sqlite3.connect(file, timeout=0.5)) as looking:
                try:
                    looking.execute("select 1 from alembic_version").fetchone()
                    return
                except sqlite3.OperationalError:
                    self.told(signal.SIGCONT)
        raise AssertionError("the database could not be looked into")

    def stopped(self, number: int = signal.SIGTERM) -> int:
        """Its exit code, after it was told to stop."""
        self.told(number)
        return self.process.wait(PATIENCE)


@contextmanager
def serving(root: Path, **more: Any) -> Iterator[Served]:
    made = Served(root, **more)
    try:
        yield made
    except BaseException:
        sys.stderr.write(made.said() + made.err.read_text("utf-8"))
        raise
    finally:
        workers = made.workers()
        if made.process.poll() is None:
            made.process.kill()
            made.process.wait()
        for pid in workers:
            kill(pid)


def kill(pid: int, number: int = signal.SIGKILL) -> None:
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        return


def until(true: Callable[[], Any], what: str = "") -> Any:
    """What it gives as soon as it is true."""
    end = time.monotonic() + PATIENCE
    while not (found := true()):
        assert time.monotonic() < end, what or "it has not happened"
        time.sleep(0.05)
    return found
