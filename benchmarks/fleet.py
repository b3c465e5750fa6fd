"""One run on many workers: how fast it is, and that each account is decided once though a worker is killed.

    python -m benchmarks.fleet [--accounts 1000000] [--workers 2] [--kill [TIMES]] [--alone] [--size 50000] [--late 25]

A PostgreSQL server of its own (fsync on), accounts with two open items each, one in 25 late and written to, on a ladder of four
levels. `dunwell serve --join` works, as it does on a machine that joins; this process begins the run and looks on, as
`dunwell status` does. With `--kill` a worker is killed (SIGKILL) half-way through, or one after the other. `--alone` makes
the same run in one process. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from benchmarks import postgres
from benchmarks.ledgers import filled, laid_out
from benchmarks.lines import NOW, ON, peak
from engine.jobs import evaluate, shared
from engine.jobs.workspace import Workspace
from engine.store import database, journal, queue, spans, tables
from engine.store import shared as store

REPOSITORY = Path(__file__).parents[1]


def children(parent: int) -> list[int]:
    """The processes that a process has started."""
    found = []
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            try:
                if int((path / "stat").read_text().rpartition(")")[2].split()[1]) == parent:
                    found.append(int(path.name))
            except (OSError, IndexError):
                continue
    return found


def watched(engine: Engine, joined: subprocess.Popen[bytes], kills: int) -> tuple[float, float]:
    """Look on until the run is sealed, and tell; the most memory of a worker, and the seconds since one was killed."""
    most, told, killed_at, killed = 0.0, -1, 0.0, 0
    while True:
        with database.reading(engine) as conn:
            one = store.progress(conn)
            here = queue.workers(conn)
        workers = children(joined.pid)
        most = max([most, *map(peak, workers)])
        if one is None:
            return most, time.perf_counter() - killed_at if killed_at else 0.0
        if one.done != told:
            told = one.done
            shares = ", ".join(f"{name}: {parts}" for name, parts in sorted(one.workers.items()))
            print(
                f"{one.done:>4} of {one.parts} parts, {one.accounts:>10,} accounts, {here} workers ({shares})",
                flush=True,
            )
        if killed < kills and one.done * (kills + 1) >= one.parts * (killed + 1) and workers:
            os.kill(workers[killed % len(workers)], signal.SIGKILL)
            killed += 1
            killed_at = time.perf_counter()
            print(f"a worker is killed, the {killed}. time", flush=True)
        time.sleep(0.2)


def counted(engine: Engine) -> tuple[int, int, int]:
    """Accounts decided, accounts not decided, accounts decided more than once."""
    with database.reading(engine) as conn:
        decided = (
            sa.select(tables.decision.c.account, sa.func.count().label("times"))
            .group_by("account")
            .subquery()
        )
        several = sa.select(sa.func.count()).where(decided.c.times > 1).select_from(decided)
        all_ = sa.select(sa.func.count()).select_from(decided)
        owing = sa.select(sa.func.count(tables.item.c.account.distinct()))
        there, doubled, wanted = (int(conn.execute(query).scalar_one()) for query in (all_, several, owing))
        journal.verify(conn)
    return there, wanted - there, doubled


def shared_out(ws: Workspace, engine: Engine, given: argparse.Namespace) -> dict[str, Any]:
    queue.prepare(engine)
    command = [sys.executable, "-c", "from engine.cli import main; main()", "-w", str(ws.root)]
    command += ["serve", "--join", "--workers", str(given.workers)]
    joined = subprocess.Popen(command, cwd=REPOSITORY)
    try:
        while True:
            with database.reading(engine) as conn:
                if queue.workers(conn) == given.workers:
                    break
            time.sleep(0.1)
        begun = time.perf_counter()
        with database.writing(engine) as conn:
            shared.begin(ws, conn, on=ON, now=NOW, defer=queue.put_parts, parts=spans.cut(conn, given.size))
        most, since = watched(engine, joined, given.kill)
        return {
            "seconds": round(time.perf_counter() - begun, 1),
            "peak_mb": round(most),
            "since_kill_s": round(since, 1),
        }
    finally:
        joined.terminate()
        joined.wait()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--accounts", type=int, default=1_000_000)
    parser.add_argument("--late", type=int, default=25, help="one account in so many")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--size", type=int, default=shared.SIZE, help="open items of a part")
    parser.add_argument(
        "--kill", nargs="?", type=int, const=1, default=0, metavar="TIMES", help="kill workers, this often"
    )
    parser.add_argument("--alone", action="store_true", help="in one process, without workers")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, postgres.server() as create:
        if create is None:
            print("there is no PostgreSQL server for this machine")
            return 1
        ws = laid_out(Path(folder) / "house", create("fleet"))
        engine = ws.database()
        begun = time.perf_counter()
        filled(engine, given.accounts, given.late)
        print(
            f"{given.accounts:,} accounts, {given.accounts * 2:,} items, made in {time.perf_counter() - begun:.0f} s"
        )
        if given.alone:
            begun = time.perf_counter()
            evaluate.run(ws, on=ON, now=NOW)
            figures = {"seconds": round(time.perf_counter() - begun, 1), "peak_mb": round(peak(os.getpid()))}
        else:
            figures = shared_out(ws, engine, given)
        there, lost, doubled = counted(engine)
        with database.reading(engine) as conn:
            actions = int(conn.execute(sa.select(sa.func.count()).select_from(tables.action)).scalar_one())
        engine.dispose()
    result = {"accounts": there, "actions": actions, "lost": lost, "doubled": doubled, **figures}
    result["accounts_per_s"] = round(there / figures["seconds"])
    print(json.dumps(result))
    return 1 if lost or doubled else 0


if __name__ == "__main__":
    sys.exit(main())
