"""How fast a day's run is, commit included: overdue lines of customers with two each, on a ladder of four levels.

    python -m benchmarks.lines [--lines 100000] [--tryton] [--url postgresql://user@host/empty_database]

A workspace is laid out in a folder that goes afterwards: a policy as text, the templates that come with Dunwell, a customer
master and a ledger, made from a seed and imported as `dunwell import` does. Then the run of the day is timed as a whole:
loading, deciding, and choice, trace, marks, action, journal and outbox row of every contact, in one transaction on the disk.
Beside it run `sqlite3` alone, writing the same rows; on SQLite what somebody would write by hand (`benchmarks/by_hand.py`); and
with `--tryton` Tryton on as many lines (`benchmarks/tryton.py`).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks import by_hand
from engine.jobs import evaluate, shared
from engine.jobs.intake import take_in
from engine.jobs.workspace import Workspace, open_workspace
from engine.start import start_set
from engine.store import database, journal, runs, tables

ON = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 14, tzinfo=UTC)
SETTINGS = """\
[company]
name = "Fernhollow Supply Co."
address = ["400 Fernhollow Road", "Dayton, OH 45402"]
email = "accounts@fernhollow.example"
phone = "+1 202 555 0100"
pay = ["Fernhollow Supply Co., account 000123456"]
disputes = "disputes@fernhollow.example"

[workspace]
zone = "America/New_York"

[database]
url = "{url}"
"""
HOUSE = """\
order: [four-levels]
currency: USD
calendar: US
hours: weekdays 8:30-17:00
closed: next open day
answer: 7 days
minimum: 10
gap: 5 days
contact: at most 3 in 7 days
late: climb
never:
  - insolvent: yes
"""
POLICY = """\
policy: Four levels
for:
  segment: trade
clock: due date
steps:
  - day: 1
    email: friendly-reminder
  - day: 15
    email: firm-reminder
  - day: 30
    email: final-notice
  - day: 45
    letter: hold-notice
"""
# Measured earlier and elsewhere, on two cores like these: creating the day's dunning, commit included.
OTHERS = (
    ("Tryton 8.2 account_dunning, PostgreSQL", 20_000, 12.3, 151),
    ("Tryton 8.2 account_dunning, PostgreSQL", 100_000, 69.8, 333),
    ("Tryton 8.2 account_dunning, SQLite", 20_000, 66.8, 126),
    ("OCA account_credit_control 16, PostgreSQL", 20_000, 26.5, 364),
    ("OCA account_credit_control 16, PostgreSQL", 100_000, 188.0, 1_511),
)
# What a run writes.
WRITTEN = (
    tables.class_choice, tables.decision, tables.action, tables.outbox, tables.episode, tables.journal,
)  # fmt: skip
# By whom each is done, at once or part by part; what a part keeps of its actions is in none of them.
PHASES = {
    "load": [(evaluate, "state_on"), (shared, "state_on")],
    "decide": [(evaluate, "proposed"), (shared, "proposed")],
    "records and write": [(runs, "commit_run")],
}


def lay_out(folder: Path, lines: int, url: str) -> Workspace:
    """A workspace with its two files still to be imported."""
    shutil.copytree(start_set() / "templates", folder / "templates")
    customers, ledger = files(lines)
    texts = {
        "dunwell.toml": SETTINGS.format(url=url),
        "policies/house.yaml": HOUSE,
        "policies/four-levels.yaml": POLICY,
        "customers.csv": customers,
        "ledger.csv": ledger,
    }
    for name, text in texts.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return open_workspace(folder)


def files(lines: int, seed: int = 7) -> tuple[str, str]:
    """The customer master and the ledger: two lines a customer, one to eighty days late."""
    chance = random.Random(seed)
    customers = ["Customer No,Customer Name,Segment,Country,Language,Email,Address,Postcode,City,Time Zone"]
    ledger = [
        "Customer No,Customer Name,Document No,Document Date,Due Date,Original Amount,Open Balance,Currency"
    ]
    zones = ("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles")
    for number in range(lines // 2):
        code, name, zone = f"C{number:06}", f"Customer {number}", chance.choice(zones)
        customers.append(
            f"{code},{name},trade,US,en,ap@c{number}.example,{number} Main Street,55802,Duluth,{zone}"
        )
        for line in range(2):
            due = ON - timedelta(days=chance.randrange(1, 80))
            cents = chance.randrange(5_000, 500_000)
            amount = f"{cents // 100}.{cents % 100:02}"
            dated = due - timedelta(days=30)
            ledger.append(f"{code},{name},{number * 2 + line + 100_000},{dated},{due},{amount},{amount},USD")
    return "\n".join([*customers, ""]), "\n".join([*ledger, ""])


@contextmanager
def stopwatches() -> Iterator[dict[str, float]]:
    """Phase -> the seconds spent in it while the block runs."""
    seconds = dict.fromkeys(PHASES, 0.0)
    there = [(phase, owner, name, getattr(owner, name)) for phase, by in PHASES.items() for owner, name in by]

    def timed(phase: str, done: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            begun = time.perf_counter()
            try:
                return done(*given, **named)
            finally:
                seconds[phase] += time.perf_counter() - begun

        return call

    try:
        for phase, owner, name, done in there:
            setattr(owner, name, timed(phase, done))
        yield seconds
    finally:
        for _, owner, name, done in there:
            setattr(owner, name, done)


def run(root: Path, after: int) -> dict[str, Any]:
    """One run, in this process: seconds as a whole and by phase, those of the processor, and the most memory."""
    ws = open_workspace(root)
    with stopwatches() as phases:
        begun, worked = time.perf_counter(), time.process_time()
        report = evaluate.run(ws, on=ON + timedelta(days=after), now=NOW + timedelta(days=after))
        seconds, worked = time.perf_counter() - begun, time.process_time() - worked
    phases["open, rules, what parts keep, commit"] = seconds - sum(phases.values())
    return {
        "seconds": seconds,
        "cpu_s": worked,
        "peak_mb": peak(os.getpid()),
        "actions": report.actions,
        "phases": phases,
    }


def peak(pid: int) -> float:
    """The most memory that a process has had, in MB. What `getrusage` says begins with that of whoever started it."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)


def run_apart(root: Path, after: int = 0) -> dict[str, Any]:
    """The same in a process of its own, some days after the first: what was imported before takes no memory."""
    command = [sys.executable, "-m", "benchmarks.lines", "--of", str(root), "--after", str(after)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _last_entry(ws: Workspace) -> int:
    engine = ws.database()
    with database.reading(engine) as conn:
        last = journal.verify(conn)
    engine.dispose()
    return last


def floor(engine: sa.Engine, file: Path, entries: int) -> tuple[int, float]:
    """How many rows the run wrote, and the seconds that `sqlite3` alone takes to write them to a new file.

    `entries` is what the journal had before the run.
    """
    rows: dict[sa.Table, list[tuple[Any, ...]]] = {}
    with database.reading(engine) as conn:
        for table in WRITTEN:
            query = sa.select(table)
            if table is tables.journal:
                query = query.where(tables.journal.c.seq > entries)
            rows[table] = [tuple(map(_plain, row)) for row in conn.execute(query)]
    database.open(file).dispose()
    raw = sqlite3.connect(file, isolation_level=None)
    raw.execute("PRAGMA synchronous=FULL")
    begun = time.perf_counter()
    raw.execute("BEGIN IMMEDIATE")
    for table, values in rows.items():
        marks = ", ".join("?" * len(table.columns))
        raw.executemany(f'INSERT INTO "{table.name}" VALUES ({marks})', values)
    raw.execute("COMMIT")
    seconds = time.perf_counter() - begun
    raw.close()
    return sum(map(len, rows.values())), seconds


def tryton(lines: int) -> dict[str, Any] | None:
    """What `benchmarks.tryton` says of as many lines; None where it could not be run: its own words are on the screen."""
    command = [sys.executable, "-m", "benchmarks.tryton", "--lines", str(lines)]
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        return None
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return said


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _copy(file: Path, to: Path) -> None:
    with closing(sqlite3.connect(file)) as there, closing(sqlite3.connect(to)) as copy:
        there.backup(copy)


def _contacts(engine: sa.Engine) -> set[tuple[Any, ...]]:
    action = tables.action.c
    with database.reading(engine) as conn:
        return set(
            map(tuple, conn.execute(sa.select(action.account, action.step, action.item, action.amount)))
        )


def line(name: str, lines: int, seconds: float, peak: float | None = None) -> None:
    """A line of the table."""
    megabytes = "" if peak is None else f"{peak:,.0f}"
    print(f"  {name:46}{lines:>8,}{seconds:>9.2f}{lines / seconds:>10,.0f}{megabytes:>9}")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument(
        "--url", default="sqlite:///dunwell.db", help="an empty PostgreSQL database, instead of a file"
    )
    parser.add_argument("--tryton", action="store_true", help="run Tryton beside it, on PostgreSQL")
    parser.add_argument("--of", type=Path, help=argparse.SUPPRESS)  # the run itself, in a process of its own
    parser.add_argument("--after", type=int, default=0, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.of:
        print(json.dumps(run(given.of, given.after)))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        ws = lay_out(Path(folder), given.lines, given.url)
        for problem in ws.problems:
            print(f"{problem.place}: {problem.sentence}")
        begun = time.perf_counter()
        take_in(ws, ws.root / "customers.csv", now=NOW, by="benchmark", customers=True)
        taken = take_in(ws, ws.root / "ledger.csv", now=NOW, by="benchmark", as_of=ON)
        imported = time.perf_counter() - begun
        if taken.report is None or taken.report.already:
            print("the ledger did not come in; the database must be empty")
            return 1
        entries = _last_entry(ws)
        before = Path(folder) / "before.db"
        if given.url.startswith("sqlite"):
            _copy(ws.root / "dunwell.db", before)
        done = run_apart(ws.root)
        engine = ws.database()
        _last_entry(ws)
        rows, least = floor(engine, Path(folder) / "floor.db", entries)
        hand = by_hand.timed(before, ON) if before.exists() else None
        if hand is not None and hand.contacts != _contacts(engine):
            print("what was written by hand is not what Dunwell decided")
            return 1
        kind = engine.dialect.name
        engine.dispose()
    lines = given.lines
    theirs = tryton(lines) if given.tryton else None
    seconds, phases = done["seconds"], done["phases"]
    print(
        f"{lines:,} overdue lines of {lines // 2:,} customers, four levels: {done['actions']:,} actions, {rows:,} rows"
    )
    print(f"imported in {imported:.2f} s, customers and ledger; the journal holds")
    print(
        f"  {'creating the day’s dunning, commit included':46}{'lines':>8}{'seconds':>9}{'lines/s':>10}{'peak MB':>9}"
    )
    line(f"Dunwell, {kind}", lines, seconds, done["peak_mb"])
    for phase, spent in phases.items():
        print(f"    {phase:44}{'':8}{spent:>9.2f}")
    line("the floor: sqlite3 alone writes the same rows", lines, least)
    if hand is None:
        print("  by hand: not run; it reads an SQLite file and needs adbc-driver-sqlite")
    else:
        line("by hand: ADBC, Polars and sqlite3, no trace", lines, hand.seconds)
    if theirs is not None:
        line("Tryton, PostgreSQL, beside it", theirs["lines"], theirs["seconds"], theirs["peak_mb"])
        print(
            f"  of the processor: Dunwell {done['cpu_s']:.1f} s, Tryton {theirs['cpu_s']:.1f} s and its server's beside"
        )
    print("  quoted, not run here: measured earlier and elsewhere, on two cores")
    for quoted in OTHERS:
        line(*quoted)
    result = {
        "lines_per_s": round(lines / seconds),
        "seconds": round(seconds, 2),
        "cpu_s": round(done["cpu_s"], 2),
        "peak_mb": round(done["peak_mb"]),
        "phases": {phase: round(spent, 2) for phase, spent in phases.items()},
        "floor_lines_per_s": round(lines / least),
        "vs_floor": round(seconds / least, 2),
        "vs_by_hand": None if hand is None else round(seconds / hand.seconds, 2),
        "vs_tryton": None if theirs is None else round(lines / seconds / theirs["lines_per_s"], 1),
        "vs_tryton_cpu": None if theirs is None else round(theirs["cpu_s"] / done["cpu_s"], 1),
        "vs_tryton_quoted": round(lines / seconds / 1_432, 1),
        "vs_oca_quoted": round(lines / seconds / 532, 1),
    }
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
