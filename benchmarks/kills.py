"""Kills the service again and again, as it decides and as it sends, and then counts from the outside what arrived.

`python -m benchmarks.kills --kills N --database sqlite|postgresql` starts `dunwell serve` twice on one house (one
works, one waits) and a mail server in a process of its own, which writes down each message before it answers and
at two dots of a hundred hangs up or falls silent, having taken the message or not. Ledgers come in meanwhile.
Then N times: kill -9 of the service that works, of its worker, or of both, at a random instant; what was killed is
started again. In the end the house is let finish and nobody resolves anything by hand.

doubled: a Message-ID that the server took twice for one recipient. lost: a message that was planned and is neither
in the server's log nor waiting, uncertain, failed or called off; one that counts as sent and is not in the log; an
account that ought to have been written to and was never decided. The last line is JSON.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks.postbox import Manners, accepted, postbox
from engine.channels.mail import message_id
from engine.jobs.deliver import deliver_now
from engine.jobs.evaluate import run
from engine.jobs.intake import take_in
from engine.jobs.verify import verify
from engine.jobs.workspace import Workspace, open_workspace
from engine.store import database
from engine.store.tables import action, outbox

ROOT = Path(__file__).parents[1]
A_HOUSE = 100  # kills; then a new one begins, which has never decided a day
SENDER = "accounts@seller.example.com"
_HOUSE = """
order: [standard]
currency: USD
calendar: none
hours: Mon to Sun 0:00-24:00
answer: 7 days
minimum: 50
gap: 1 day
"""
_POLICY = """
policy: Standard
clock: due date
steps:
  - day: 5
    email: friendly-reminder
"""
_SETTINGS = """
[company]
name = "Seller Inc."
address = ["1 Main Street", "Springfield, IL 62701"]
email = "accounts@seller.example.com"
phone = "+1 217 555 0100"
pay = ["Bank of Springfield", "Account 123456"]
disputes = "disputes@seller.example.com"

[workspace]
zone = "{zone}"

[ledger]
currency = "USD"

[database]
url = "{url}"

[mail]
host = "127.0.0.1"
port = {port}
tls = "none"
from = "accounts@seller.example.com"

[daemon]
run = "00:00"
health = ""
grace = 5

[people.ana]
name = "Ana Reyes"
roles = ["credit manager"]
"""


@dataclass(slots=True)
class Count:
    """What was found in the end."""

    kills: int = 0
    quiet: int = 0  # kills before the first message since the last: at the start, or as the day was decided
    planned: int = 0
    arrived: int = 0
    by_service: int = 0  # of these, before the end
    lost: int = 0
    doubled: int = 0
    uncertain: int = 0
    uncertain_arrived: int = 0
    waiting: int = 0
    other: int = 0  # failed or called off, with a reason
    violations: int = 0
    seconds: float = 0.0
    said: list[str] = field(default_factory=list)

    def add(self, other: Count) -> None:
        for name in Count.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    @property
    def good(self) -> bool:
        return not (self.lost or self.doubled or self.violations)


class House:
    """A workspace whose office is awake at this hour, and its ledger, which grows."""

    def __init__(self, root: Path, url: str, port: int) -> None:
        self.root, self.accounts = root, 0
        root.mkdir()
        (root / "policies").mkdir()
        (root / "policies" / "house.yaml").write_text(_HOUSE, "utf-8")
        (root / "policies" / "standard.yaml").write_text(_POLICY, "utf-8")
        (root / "templates").mkdir()
        shown = (ROOT / "templates" / "friendly-reminder.md").read_text("utf-8")
        (root / "templates" / "friendly-reminder.md").write_text(shown, "utf-8")
        # Noon at the office, whenever this runs: the date must not change under it.
        hours = 12 - datetime.now(UTC).hour
        zone = f"Etc/GMT{-hours:+d}" if hours else "Etc/GMT"
        (root / "dunwell.toml").write_text(_SETTINGS.format(zone=zone, url=url, port=port), "utf-8")
        database.open(url).dispose()

    @property
    def ws(self) -> Workspace:
        found = open_workspace(self.root)
        assert found.book is not None, [f"{p.place}: {p.sentence}" for p in found.problems]
        return found

    def grow(self, more: int) -> None:
        """More customers owe something; the whole ledger comes in again."""
        ws, now = self.ws, datetime.now(UTC)
        self.accounts += more
        today = ws.today(now)
        due, issued = today - timedelta(days=20), today - timedelta(days=50)
        numbers = range(self.accounts)
        ledger = ["customer number,customer name,invoice number,invoice date,due date,open amount"]
        ledger += [f"C{n:05},C{n:05} Inc.,I{n:05},{issued},{due},1200.00" for n in numbers]
        master = ["customer number,customer name,contact,role,email"]
        master += [f"C{n:05},C{n:05} Inc.,Clerk,accounts payable,ap@c{n:05}.example.com" for n in numbers]
        for name, lines, customers in (("customers", master, True), ("ledger", ledger, False)):
            path = self.root.parent / f"{name}.csv"
            path.write_text("\n".join(lines) + "\n", "utf-8")
            as_of = None if customers else today
            taken = take_in(ws, path, now=now, by="ana", as_of=as_of, customers=customers)
            assert taken.report is not None, taken.problems


class Services:
    """`dunwell serve`, twice: who is killed is started again."""

    def __init__(self, root: Path, log: Path) -> None:
        self.root, self.log = root, log.open("ab")
        self.running: list[subprocess.Popen[bytes]] = []

    def up(self) -> None:
        self.running = [one for one in self.running if one.poll() is None]
        while len(self.running) < 2:
            command = [sys.executable, "-c", "from engine.cli import main; main()", "serve", "--tick", "0.2"]
            self.running.append(
                subprocess.Popen(
                    command,
                    cwd=self.root,
                    env={**os.environ, "PYTHONPATH": str(ROOT)},
                    stdout=self.log,
                    stderr=self.log,
                )
            )

    def workers(self) -> dict[int, subprocess.Popen[bytes]]:
        """The processes that work, each with its service."""
        found = {}
        for one in self.running:
            with contextlib.suppress(OSError):
                for task in Path(f"/proc/{one.pid}/task").iterdir():
                    for child in (task / "children").read_text().split():
                        found[int(child)] = one
        return found

    def kill(self, chance: random.Random) -> str:
        """One of those that matter, or several."""
        workers = self.workers()
        who = chance.choices(("worker", "service", "both"), (2, 4, 5))[0]
        victims: list[int] = []
        if workers:
            worker, service = chance.choice(sorted(workers.items()))
            victims = {"worker": [worker], "service": [service.pid], "both": [service.pid, worker]}[who]
        elif self.running:
            who, victims = "service", [self.running[0].pid]
        for pid in victims:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for one in self.running:
            if one.pid in victims:
                one.wait()
        return who

    def stop(self) -> None:
        for one in self.running:
            one.terminate()
        for one in self.running:
            with contextlib.suppress(subprocess.TimeoutExpired):
                one.wait(20)
            one.kill()
            one.wait()
        self.log.close()


def kills(folder: Path, url: str, count: int, *, seed: int = 1, wave: int = 20) -> Count:
    """The whole of it in an empty database; see the head of this file."""
    begun, chance, found = time.monotonic(), random.Random(seed), Count()
    log = folder / "accepted.log"
    with postbox(log, Manners(dot=4, drop=1, hang=1, busy=0.5, seed=seed)) as port:
        house = House(folder / "house", url, port)
        services = Services(house.root, folder / "service.log")
        house.grow(wave)
        who, last = "", 0
        try:
            for number in range(count):
                services.up()
                before = _size(log)
                if (
                    number and before > last
                ):  # what was claimed and not begun waits a minute: others are to go
                    house.grow(wave)
                last = before
                if who == "worker":  # a service takes its time before it tries again
                    time.sleep(chance.uniform(0.0, 0.5))
                elif chance.random() < 0.3:  # as it starts and decides
                    time.sleep(chance.uniform(0.0, 2.0))
                else:  # as it sends
                    if not _wait(lambda: _size(log) > before, 8):  # noqa: B023
                        house.grow(wave)  # all that was left had been claimed, and waits
                        _wait(lambda: _size(log) > before, 30)  # noqa: B023
                    time.sleep(chance.uniform(0.0, 0.15))
                found.quiet += _size(log) == before
                who = services.kill(chance)
                found.kills += 1
            services.up()
            _wait(lambda: _size(log) > last + 1, 8)
        finally:
            services.stop()
        found.by_service = _size(log)
        finish(house.ws)
    _count(house, log, found)
    found.seconds = round(time.monotonic() - begun, 1)
    return found


def finish(ws: Workspace) -> None:
    """What is left goes later: as if the house had gone on for a day."""
    now = datetime.now(UTC)
    run(ws, on=ws.today(now), now=now)
    for _ in range(40):
        report = deliver_now(ws, now=now)
        if not report.waiting:
            return
        now = max(now + timedelta(minutes=10), report.earliest or now)


def _size(log: Path) -> int:
    """How many lines: they are all of the same length but for the last of a write."""
    return log.read_bytes().count(b"\n") if log.exists() else 0


def _wait(true: Any, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def _count(house: House, log: Path, found: Count) -> None:
    taken = Counter(accepted(log))
    arrived = {name for name, _ in taken}
    found.arrived = sum(taken.values())
    for pair, times in taken.items():
        if times > 1:
            found.doubled += 1
            found.said.append(f"arrived {times} times: {pair}")
    ws = house.ws
    engine = ws.database()
    try:
        with database.reading(engine) as conn:
            query = sa.select(outbox.c.action, outbox.c.state, outbox.c.reason, action.c.account)
            rows = conn.execute(query.join_from(outbox, action, action.c.key == outbox.c.action)).all()
            findings = verify(conn, ws.files.out)
    finally:
        engine.dispose()
    found.planned = len(rows)
    known = {message_id(key, SENDER) for key, *_ in rows}
    missing = {f"C{n:05}" for n in range(house.accounts)} - {account for *_, account in rows}
    for account in sorted(missing):
        found.said.append(f"never decided: {account}")
    for name in sorted(arrived - known):
        found.said.append(f"arrived and is not planned: {name}")
    found.lost += len(missing)
    found.violations += len(arrived - known)
    for key, state, reason, _ in rows:
        there = message_id(key, SENDER) in arrived
        match state:
            case "sent":
                found.lost += not there
                if not there:
                    found.said.append(f"counts as sent, never arrived: {key}")
            case "uncertain":
                found.uncertain += 1
                found.uncertain_arrived += there
            case "pending" | "retry":
                found.waiting += 1
            case "failed" | "cancelled":
                found.other += 1
            case _:
                found.lost += 1
                found.said.append(f"{state} for ever: {key}")
        if there and state not in ("sent", "uncertain"):
            found.violations += 1
            found.said.append(f"arrived, and is {state} ({reason}): {key}")
    for rule, broken in findings.broken:
        found.violations += 1
        found.said.append(f"{rule}: {broken.sentence} ({broken.key})")


@contextmanager
def opened(kind: str, folder: Path) -> Iterator[str]:
    """The address of an empty database of this kind."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'dunwell.db'}"
        return
    from benchmarks.postgres import server

    with server() as create:
        if create is None:
            raise SystemExit("no PostgreSQL server is installed")
        yield create("kills")


def main() -> int:
    told = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    told.add_argument("--kills", type=int, default=30)
    told.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    told.add_argument("--seed", type=int, default=1)
    asked = told.parse_args()
    found = Count()
    while found.kills < asked.kills:
        seed = asked.seed + found.kills
        with tempfile.TemporaryDirectory(prefix="dunwell-kills-", ignore_cleanup_errors=True) as name:
            folder = Path(name)
            with opened(asked.database, folder) as url:
                one = kills(folder, url, min(A_HOUSE, asked.kills - found.kills), seed=seed)
        found.add(one)
        told_so_far = f"{found.kills} kills, {found.arrived} arrived, {found.uncertain} uncertain"
        print(f"{told_so_far}, {found.lost} lost, {found.doubled} doubled", flush=True)
    for line in found.said[:50]:
        print(line)
    report: Mapping[str, Any] = {"database": asked.database, "seed": asked.seed, **asdict(found)}
    print(json.dumps({name: value for name, value in report.items() if name != "said"}))
    return 0 if found.good else 1


if __name__ == "__main__":
    raise SystemExit(main())
