"""How long it takes to play three years of a ledger again, day by day.

`python -m benchmarks.replay [--file FILE] [--runs N]` takes in the paid invoices of a public ledger (one of the same size and
shape is generated where that is not beside the project) and a master with addresses for its customers, and times
`dunwell simulate` under the start set, in BRL and with Brazil's calendar: reading what is on record, every morning's ledger,
every open day decided by both evaluators, and the figures of the whole. Taking the file in is not timed. The last line is JSON.
"""

from __future__ import annotations

import argparse
import csv
import json
import resource
import tempfile
import time
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl

from benchmarks.ledger_in import PUBLIC, generated
from engine.jobs.intake import take_in
from engine.jobs.simulate import Asked, Played, play
from engine.jobs.workspace import Workspace, open_workspace
from engine.start import lay_out
from engine.store import database
from engine.store.view import frame

AS_OF = date(2021, 11, 29)
NOW = datetime(2021, 11, 30, 12, tzinfo=UTC)
PROFILE = """\
settled = true
currency = "BRL"
key = ["date", "due", "amount"]
set_aside = ["missing amount", "due before issue", "exact duplicate"]
"""
MASTER = (
    *("customer number", "customer name", "segment", "country", "contact", "role"),
    *("email", "phone", "address", "postcode", "city"),
)


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--file", type=Path, default=PUBLIC)
    words.add_argument("--runs", type=int, default=1)
    told = words.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        ws = _laid_out(Path(folder), told.file)
        best = cpu = float("inf")
        for _ in range(told.runs):
            begun, used = time.perf_counter(), time.process_time()
            played = play(ws, Asked(), now=NOW)
            best = min(best, time.perf_counter() - begun)
            cpu = min(cpu, time.process_time() - used)
    _tell(played, best, cpu)


def _tell(played: Played, seconds: float, cpu: float) -> None:
    found = played.simulation
    (run,) = found.runs
    assert not run.outcome.faults
    print(
        f"{found.accounts:,} accounts, {found.invoices:,} invoices, {found.first} to {found.last}: {found.days:,} days"
    )
    for kind, count in run.outcome.counts.items():
        print(f"  {kind.value:8} {count:>7,}")
    print(
        f"  past due {run.outcome.spells.height:>7,} times, paid before anybody asked {run.outcome.spared:,}"
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\nseconds {seconds:.1f}, of the processor {cpu:.1f}, {peak:.0f} MB at most")
    print(
        json.dumps(
            {
                "invoices": found.invoices,
                "days": found.days,
                "seconds": round(seconds, 1),
                "cpu": round(cpu, 1),
            }
        )
    )


def _laid_out(folder: Path, file: Path) -> Workspace:
    house = folder / "house"
    lay_out(house, AS_OF, sample=False)
    _edit(house / "policies/house.yaml", "currency: USD ", "currency: BRL ")
    _edit(house / "policies/house.yaml", "calendar: US ", "calendar: BR ")
    (house / "profiles").mkdir(exist_ok=True)
    (house / "profiles/settled.toml").write_text(PROFILE, "utf-8")
    ws = open_workspace(house)
    if not file.is_file():
        file = folder / "generated.csv.gz"
        file.write_bytes(generated())
    taken = take_in(ws, file, now=NOW, by="benchmark", as_of=AS_OF, profile="settled")
    assert taken.report is not None, taken.problems
    master = folder / "customers.csv"
    with master.open("w", newline="") as text:
        csv.writer(text).writerows([MASTER, *_customers(ws)])
    taken = take_in(ws, master, now=NOW, by="benchmark", customers=True)
    assert taken.report is not None, taken.problems
    return open_workspace(house)


def _edit(file: Path, before: str, after: str) -> None:
    text = file.read_text("utf-8")
    assert before in text, (file, before)
    file.write_text(text.replace(before, after), "utf-8")


def _customers(ws: Workspace) -> list[tuple[str, ...]]:
    """Everybody in the ledger, of four segments, with addresses."""
    engine = ws.database(read_only=True)
    with database.reading(engine) as conn:
        known = frame(
            conn, "SELECT DISTINCT account FROM item ORDER BY account", {}, {"account": pl.String()}
        )
    engine.dispose()
    segments = ("trade", "retail", "trade", "key", "trade")
    return [
        (
            account, f"Customer {n}", segments[n % 5], "BR", "Clerk", "accounts payable",
            f"ap@c{n}.example.com", "+55 11 5555 0100", "Rua 5", "01000-000", "São Paulo",
        )
        for n, account in enumerate(known["account"])
    ]  # fmt: skip


if __name__ == "__main__":
    main()
