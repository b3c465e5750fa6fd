"""How long it takes to see whom a change of the policies touches, over a large ledger.

`python -m benchmarks.diff [--accounts 100000] [--days 30] [--folder DIR]` lays out the start set, takes in a made-up ledger of
so many accounts with one to four open invoices each, moves one day of `standard` and one line of `key-accounts`, and times
`dunwell diff OLD` from the reading of the old policies to the comparison: both books read, the ledger read once from
SQLite, all days decided under both by both evaluators, in a process each. What a day and a person can take, and the safety
stop, are those of the start set times a hundred. With `--folder` what was laid out is kept there and used again. The last line
is JSON.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import resource
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

os.environ.setdefault("POLARS_MAX_THREADS", "1")  # as the command has it

import numpy as np

from engine.jobs import diff as job
from engine.jobs.intake import take_in
from engine.jobs.workspace import open_workspace
from engine.start import lay_out

ON = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 14, tzinfo=UTC)
EDITS = (
    ("policies/standard.yaml", "day: 35", "day: 33"),
    ("policies/key-accounts.yaml", "day: 40", "day: 30"),
)
ROOM = (
    ("calls: 60", "calls: 6000"),
    ("letters: 40", "letters: 4000"),
    ("actions: 400", "actions: 40000"),
    ("letters: 100", "letters: 10000"),
)
PEOPLE = (
    ("dunwell.toml", "calls = 15 ", "calls = 1500 "),
    ("dunwell.toml", "calls = 30\n", "calls = 3000\n"),
)
MASTER = (
    *("customer number", "customer name", "segment", "terms", "country", "currency"),
    *("contact", "role", "email", "phone", "address", "postcode", "city"),
)
LEDGER = (
    *("customer number", "customer name", "invoice number", "invoice date"),
    *("due date", "amount", "open amount"),
)
TERMS = {"net 30": 30, "net 60": 60, "net 14": 14}


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--accounts", type=int, default=100_000)
    words.add_argument("--days", type=int, default=30)
    words.add_argument("--runs", type=int, default=2)
    words.add_argument("--folder", type=Path)
    told = words.parse_args()
    with _place(told.folder) as place:
        house, old = place / f"house-{told.accounts}", place / f"old-{told.accounts}"
        if not house.exists():
            _lay_out(house, old, told.accounts)
        best = cpu = float("inf")
        for _ in range(told.runs):
            begun, used = time.perf_counter(), _processor()
            found = job.diff(open_workspace(house), str(old), start=ON, days=told.days, now=NOW)
            best = min(best, time.perf_counter() - begun)
            cpu = min(cpu, _processor() - used)
    view = found.impact
    assert view is not None
    assert not view.faults
    print(
        f"{view.accounts:,} accounts, {told.days} days\n\nkind      before    after   gained     lost  earlier    later"
    )
    for kind in view.kinds:
        numbers = (kind.before, kind.after, kind.gained, kind.lost, kind.earlier, kind.later)
        print(f"{kind.kind.value:8}" + "".join(f"{number:>9,}" for number in numbers))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\nseconds {best:.2f}, of the processor {cpu:.2f}, {peak:.0f} MB at most")
    print(
        json.dumps(
            {"accounts": view.accounts, "days": told.days, "seconds": round(best, 2), "cpu": round(cpu, 2)}
        )
    )


def _processor() -> float:
    """Seconds of the processor that this process and those it has started have used."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


@contextmanager
def _place(folder: Path | None) -> Iterator[Path]:
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
        return
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


def _lay_out(house: Path, old: Path, accounts: int) -> None:
    lay_out(house, ON, sample=False)
    _edit(house, [("policies/house.yaml", *room) for room in ROOM])
    for name in ("policies", "templates"):
        shutil.copytree(house / name, old / name)
    _edit(house, EDITS)
    _edit(house, PEOPLE)
    ws = open_workspace(house)
    for name, head, rows in (
        ("customers", MASTER, _customers(accounts)),
        ("ledger", LEDGER, _items(accounts)),
    ):
        path = house / f"{name}.csv"
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([head, *rows])
        customers = name == "customers"
        taken = take_in(
            ws, path, now=NOW, by="benchmark", as_of=None if customers else ON, customers=customers
        )
        assert taken.report is not None, taken.problems


def _edit(folder: Path, edits: object) -> None:
    for file, before, after in edits:  # type: ignore[attr-defined]
        text = (folder / file).read_text("utf-8")
        assert before in text, (file, before)
        (folder / file).write_text(text.replace(before, after), "utf-8")


def _customers(accounts: int) -> Iterator[tuple[object, ...]]:
    rng = np.random.default_rng(7)
    segments = rng.choice(["trade", "retail", "key", "public"], accounts, p=[0.6, 0.3, 0.05, 0.05])
    terms = rng.choice(list(TERMS), accounts, p=[0.7, 0.2, 0.1])
    mail, post = rng.random(accounts) < 0.95, rng.random(accounts) < 0.98
    for n in range(accounts):
        yield (
            f"C{n:06}", f"Customer {n}", segments[n], terms[n], "US", "USD", "Clerk", "accounts payable",
            f"ap@c{n}.example.com" if mail[n] else "", "+1 212 555 0199",
            "5 Side Street" if post[n] else "", "10001" if post[n] else "", "New York" if post[n] else "",
        )  # fmt: skip


def _items(accounts: int) -> Iterator[tuple[object, ...]]:
    """Two thirds of the invoices are not due yet; of the others some are very late."""
    terms = [row[3] for row in _customers(accounts)]
    rng = np.random.default_rng(11)
    counts = rng.choice([1, 2, 3, 4], accounts, p=[0.6, 0.25, 0.1, 0.05])
    for n in range(accounts):
        for item in range(counts[n]):
            late = int(rng.integers(-60, 0)) if rng.random() < 0.66 else int(rng.exponential(25))
            due = ON - timedelta(days=late)
            dated = due - timedelta(days=TERMS[str(terms[n])])
            amount = f"{rng.lognormal(7, 1):.2f}"
            yield (f"C{n:06}", f"Customer {n}", f"I{n:06}-{item}", dated, due, amount, amount)


if __name__ == "__main__":
    main()
