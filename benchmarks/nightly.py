"""A night's run over a whole ledger, most of which is not late, from the first read to the commit.

    python -m benchmarks.nightly [--accounts 1000000] [--late 25] [--database sqlite|postgresql]

Two open items an account, one account in 25 late and written to, a ladder of four levels; the database as safe as it is by
default. First the coming week is looked at; then the run is made twice: the first night, and the night after, which finds what
the first has written; each in a process of its own. Beside it stands what no program could do without: the same rows read by
the driver alone, and the rows that the run wrote, written by `sqlite3` alone. Then the journal is looked at, and what the last
night has decided against its seal. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks import postgres
from benchmarks.ledgers import filled, laid_out
from benchmarks.lines import NOW, ON, floor, peak, run_apart
from engine.jobs.ahead import preview
from engine.jobs.workspace import open_workspace
from engine.store import database, decisions, journal, tables


@contextmanager
def _place(kind: str, folder: Path) -> Iterator[str | None]:
    """The address of an empty database."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'dunwell.db'}"
        return
    with postgres.server() as create:
        yield create("nightly") if create else None


def read_alone(engine: sa.Engine) -> float:
    """The seconds in which the driver alone gives back what the run has to look at."""
    begun = time.perf_counter()
    with engine.connect() as conn:
        raw: Any = conn.connection.driver_connection
        for query in (
            "SELECT account, item, kind, date, due, amount, open, currency FROM item",
            "SELECT account, name, segment, country, language, time_zone FROM customer",
            "SELECT account, role, email, address, postcode, city FROM contact",
        ):
            answered = raw.execute(query)
            while answered.fetchmany(100_000):
                pass
    return time.perf_counter() - begun


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--accounts", type=int, default=1_000_000)
    words.add_argument("--late", type=int, default=25, help="one account in so many")
    words.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    words.add_argument(
        "--look", type=Path, help=argparse.SUPPRESS
    )  # at the coming week, in a process of its own
    given = words.parse_args()
    if given.look:
        print(json.dumps(looked(given.look)))
        return 0
    with tempfile.TemporaryDirectory() as name, _place(given.database, Path(name)) as url:
        if url is None:
            print("there is no PostgreSQL server for this machine")
            return 1
        ws = laid_out(Path(name) / "house", url)
        engine = ws.database()
        filled(engine, given.accounts, given.late)
        entries = _entries(engine)
        week = _apart("--look", str(ws.root))
        nights = []
        for after in (0, 1):
            nights.append(run_apart(ws.root, after))
            if not after:
                rows, written = floor(engine, Path(name) / "floor.db", entries)
        read = read_alone(engine)
        _entries(engine)
        verified = _sealed(engine)
        with database.reading(engine) as conn:
            decided = sa.select(sa.func.count()).select_from(tables.decision)
            classes = sa.select(sa.func.count()).select_from(tables.class_choice)
            many, few = (int(conn.execute(query).scalar_one()) for query in (decided, classes))
        engine.dispose()
    print(
        f"{given.accounts:,} accounts, {given.accounts * 2:,} open items, one in {given.late} late, {given.database}"
    )
    print(
        f"  {'the coming week':44}{week['seconds']:>8.1f} s{week['peak_mb']:>8,.0f} MB{week['actions']:>9,} actions"
    )
    for said, one in zip(("the first night", "the night after"), nights, strict=True):
        print(f"  {said:44}{one['seconds']:>8.1f} s{one['peak_mb']:>8,.0f} MB{one['actions']:>9,} actions")
        for phase, seconds in one["phases"].items():
            print(f"    {phase:42}{seconds:>8.1f} s")
    print(f"  {'the floor: the rows read by the driver alone':44}{read:>8.1f} s")
    print(f"  {f'the floor: {rows:,} rows by sqlite3 alone':44}{written:>8.1f} s")
    print(f"  {'a night seen to be as it was sealed':44}{verified:>8.1f} s")
    print(
        f"  {few / 2 * 1_000_000 / given.accounts:,.0f} classes a million accounts a night, {many:,} decisions written in both"
    )
    first = nights[0]
    result = {
        "accounts": given.accounts,
        "seconds": round(first["seconds"], 1),
        "second_night_s": round(nights[1]["seconds"], 1),
        "sealed_s": round(verified, 1),
        "preview_s": round(week["seconds"], 1),
        "preview_mb": round(week["peak_mb"]),
        "peak_mb": round(max(one["peak_mb"] for one in nights)),
        "vs_floor": round(first["seconds"] / (read + written), 2),
        "classes_per_million": round(few / 2 * 1_000_000 / given.accounts),
    }  # fmt: skip
    print(json.dumps(result))
    return 0


def looked(root: Path) -> dict[str, Any]:
    """The coming week as it would be, in this process: seconds, and the most memory."""
    begun = time.perf_counter()
    found = preview(open_workspace(root), start=ON, days=7, now=NOW)
    seconds = time.perf_counter() - begun
    return {"seconds": seconds, "peak_mb": peak(os.getpid()), "actions": len(found.actions)}


def _apart(*given: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.nightly", *given]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _entries(engine: sa.Engine) -> int:
    with database.reading(engine) as conn:
        return journal.verify(conn)


def _sealed(engine: sa.Engine) -> float:
    """The seconds in which all that the newest day decided is seen to be as it was sealed."""
    begun = time.perf_counter()
    with database.reading(engine) as conn:
        found = list(decisions.broken(conn, decisions.Since()))
    assert not found, found
    return time.perf_counter() - begun


if __name__ == "__main__":
    sys.exit(main())
