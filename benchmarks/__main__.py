"""All figures in one table, kept by commit: `make bench`.

    python -m benchmarks [--small] [--runs 3] [--keep] [--compare] [--only WORD]

Each benchmark runs in a process of its own, the long ones once, the others several times, one after the other; of each
figure the median counts. `--keep` writes what was found to `benchmarks/kept/COMMIT.json`, the small form beside the whole
one, and draws every figure over the commits that are kept. `--small` takes half a minute. `--compare` fails where a ratio
against something that ran beside it on the same machine is, three times, more than half as bad again as the one kept last: times
of different machines are never compared. One that fails is told of at the end. The last line is JSON with every figure.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from engine.exports import charts, style

KEPT = Path(__file__).parent / "kept"
WORSE = 1.5
ASKED = 3  # times at most: a machine has bad moments


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of a benchmark: its key in the last line, what it is, and the aim. `more`: more is better."""

    key: str
    name: str
    aim: float | None = None
    more: bool = False
    ratio: bool = (
        False  # against something that ran beside it: the only kind that can be compared between machines
    )

    def reached(self, number: float) -> str:
        if self.aim is None:
            return ""
        return "reached" if (number >= self.aim if self.more else number <= self.aim) else "missed"


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A module of this folder with its arguments, and those of its small form, where it has one.

    `called` is what its figures are kept under, where that is not its module; `once`: it takes too long to be run again.
    """

    module: str
    arguments: tuple[str, ...]
    figures: tuple[Figure, ...]
    small: tuple[str, ...] | None = None
    called: str = ""
    once: bool = False

    def name(self, figure: Figure) -> str:
        return f"{self.called or self.module}.{figure.key}"


BENCHMARKS = (
    Benchmark(
        "decide",
        ("--accounts", "1000000"),
        (
            Figure("accounts_per_s", "deciding: accounts a second", 3_000_000, more=True),
            Figure("vs_durable_manual", "deciding: times durable-rules by its manual", 80, more=True, ratio=True),
            Figure("vs_durable_c", "deciding: times the C module of durable-rules", more=True, ratio=True),
            Figure("vs_generated", "deciding: times Python made from the rules", more=True, ratio=True),
            Figure("vs_polars", "deciding: time of a query written by hand in Polars", 2, ratio=True),
            Figure("vs_duckdb", "deciding: time of a query written by hand in DuckDB", ratio=True),
        ),
        small=("--accounts", "50000", "--engines", "2000", "--runs", "3"),
    ),
    Benchmark(
        "lines",
        ("--lines", "100000"),
        (
            Figure("lines_per_s", "a run with commit: lines a second", 100_000, more=True),
            Figure("vs_floor", "a run with commit: time of sqlite3 writing the same rows", ratio=True),
            Figure("vs_by_hand", "a run with commit: time of ADBC, Polars and sqlite3 by hand", ratio=True),
            Figure("peak_mb", "a run with commit: MB at most", 500),
        ),
        small=("--lines", "10000"),
    ),
    Benchmark(
        "lines",
        ("--lines", "20000", "--tryton"),
        (Figure("vs_tryton", "a run with commit: times Tryton beside it, 20,000 lines", 70, more=True, ratio=True),),
        once=True,
    ),
    Benchmark(
        "nightly",
        (),
        (
            Figure("seconds", "a night over 1,000,000 accounts, SQLite: seconds", 8),
            Figure("second_night_s", "the night after it: seconds"),
            Figure("sealed_s", "its decisions against their seal: seconds"),
            Figure("preview_s", "the preview of a week over 1,000,000 accounts, SQLite: seconds"),
            Figure("preview_mb", "the preview of a week over 1,000,000 accounts, SQLite: MB at most"),
            Figure("vs_floor", "a night on SQLite: time of its rows read and written alone", ratio=True),
            Figure("peak_mb", "a night on SQLite: MB at most", 2_000),
            Figure("classes_per_million", "classes a million accounts"),
        ),
        small=("--accounts", "50000"),
    ),
    Benchmark(
        "nightly",
        ("--database", "postgresql"),
        (
            Figure("seconds", "a night over 1,000,000 accounts, PostgreSQL: seconds", 12),
            Figure("second_night_s", "the night after it: seconds"),
        ),
        called="nightly_postgresql",
    ),
    Benchmark(
        "fleet",
        ("--accounts", "1000000"),
        (Figure("seconds", "1,000,000 accounts on two workers: seconds"),),
        called="fleet_1m",
        once=True,
    ),
    Benchmark(
        "fleet",
        ("--accounts", "10000000"),
        (
            Figure("seconds", "10,000,000 accounts on two workers: seconds", 180),
            Figure("peak_mb", "10,000,000 accounts: MB of a worker at most", 2_000),
        ),
        called="fleet_10m",
        once=True,
    ),
    Benchmark(
        "fleet",
        ("--accounts", "1000000", "--kill", "10"),
        (
            Figure("lost", "ten workers killed: accounts not decided", 0),
            Figure("doubled", "ten workers killed: accounts decided twice", 0),
            Figure("since_kill_s", "ten workers killed: seconds from the last to the end", 60),
        ),
        called="fleet_killed",
        once=True,
    ),
    Benchmark(
        "begin",
        (),
        (
            Figure("version_s", "dunwell --version: seconds", 0.1),
            Figure("check_s", "a first check of the set that comes with Dunwell: seconds", 0.4),
            Figure("check_again_s", "another check of it: seconds", 0.4),
            Figure("deep_s", "check --deep of it: seconds", 5),
            Figure("preview_s", "a preview of the sample: seconds", 1),
        ),
    ),
    Benchmark("diff", (), (Figure("seconds", "30 days of 100,000 accounts under two books: seconds", 5),)),
    Benchmark("policy_tests", ("--runs", "1"), (Figure("seconds", "1,000 tests of policies: seconds", 5),)),
    Benchmark("ledger_in", (), (Figure("seconds", "a ledger of 77,414 invoices comes in: seconds"),)),
    Benchmark(
        "delivery",
        ("--messages", "400"),
        (
            Figure("vs_aiosmtplib", "delivery on SQLite: of aiosmtplib alone", 0.8, more=True, ratio=True),
            Figure("vs_aiosmtplib_postgresql", "delivery on PostgreSQL: of aiosmtplib alone", 0.8, more=True, ratio=True),
        ),
    ),
    Benchmark("worklist", (), (Figure("seconds", "the work list of 100,000 open tasks: seconds", 1),)),
    Benchmark("pages", (), (Figure("worst_p95_ms", "the desk's slowest page with 100,000 accounts: ms", 300),), once=True),
    Benchmark("replay", (), (Figure("seconds", "1,200 days of 77,414 invoices again: seconds", 60),), once=True),
    Benchmark("deep_check", (), (Figure("seconds", "12 policies with 100 steps proved: seconds", 60),), once=True),
)  # fmt: skip


def main() -> int:
    words = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, prog="python -m benchmarks"
    )
    words.add_argument("--small", action="store_true")
    words.add_argument("--runs", type=int, default=3)
    words.add_argument("--keep", action="store_true")
    words.add_argument("--compare", action="store_true")
    words.add_argument("--only", default="")
    told = words.parse_args()
    chosen = [
        each for each in BENCHMARKS if told.only in each.module and (each.small is not None or not told.small)
    ]
    form = "small" if told.small else "whole"
    before = kept()
    found: dict[str, float] = {}
    worse: list[str] = []
    fewer = "; fewer accounts and lines than the names say" if told.small else ""
    print(f"{machine()}, median of {told.runs}{fewer}\n")
    for each in chosen:
        try:
            found |= measured(each, form, told.runs)
        except subprocess.CalledProcessError as failed:
            worse.append(f"benchmarks.{each.module} failed: {shlex.join(map(str, failed.cmd))}")
            continue
        for _ in range(ASKED - 1):
            if told.compare and list(_worse(each, found, before, form)):
                found.update(_better(each, found, measured(each, form, told.runs)))
        if told.compare:
            worse += _worse(each, found, before, form)
        if told.keep:
            keep(found, form)
    for line in worse:
        print(line)
    print(json.dumps(found))
    return 1 if worse else 0


def measured(each: Benchmark, form: str, runs: int) -> dict[str, float]:
    """The figures of a benchmark by their names, and each of them on the screen."""
    small = form == "small" and each.small is not None
    arguments = each.small if small and each.small is not None else each.arguments
    reports = [asked(each.module, arguments) for _ in range(1 if each.once else runs)]
    found: dict[str, float] = {}
    for figure in each.figures:
        numbers = [report[figure.key] for report in reports if report.get(figure.key) is not None]
        if numbers:
            number = found[each.name(figure)] = statistics.median(numbers)
            reached = "" if small else figure.reached(number)
            print(f"  {figure.name:60}{_said(number):>14}  {reached}", flush=True)
    return found


def asked(module: str, arguments: Sequence[str]) -> dict[str, Any]:
    """What the last line of a benchmark says. CalledProcessError where it fails: its own words are on the screen."""
    command = [sys.executable, "-m", f"benchmarks.{module}", *arguments]
    lines = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    report: dict[str, Any] = json.loads(lines[-1])
    return report


def machine() -> str:
    """The machine in a line."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GiB, Python {platform.python_version()}, {platform.machine()}"
    )


def kept() -> list[dict[str, Any]]:
    """What is kept, the oldest first."""
    reports = [json.loads(file.read_text("utf-8")) for file in KEPT.glob("*.json")]
    return sorted(reports, key=lambda report: datetime.fromisoformat(report["on"]))


def keep(found: dict[str, float], form: str) -> None:
    """Write the figures beside those of the same commit, and draw all of them anew."""
    commit = _git("rev-parse", "--short=10", "HEAD")
    KEPT.mkdir(exist_ok=True)
    file = KEPT / f"{commit}.json"
    report: dict[str, Any] = json.loads(file.read_text("utf-8")) if file.exists() else {"commit": commit}
    report |= {"on": _git("show", "-s", "--format=%cI", "HEAD"), "machine": machine()}
    report[form] = {**report.get(form, {}), **found}
    file.write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    for each in BENCHMARKS:
        for figure in each.figures:
            _draw(each.name(figure), figure)


def _draw(name: str, figure: Figure) -> None:
    reports = [report for report in kept() if name in report.get("whole", {})]
    days = [datetime.fromisoformat(report["on"]).date() for report in reports]
    chart = charts.line(figure.name, [report["whole"][name] for report in reports], days, _said)
    if chart:
        (KEPT / f"{name}.svg").write_text(charts.alone(chart, style.STYLE) + "\n", "utf-8")


def _better(each: Benchmark, found: dict[str, float], again: dict[str, float]) -> Iterator[tuple[str, float]]:
    for figure in each.figures:
        name = each.name(figure)
        if name in found and name in again:
            yield name, (max if figure.more else min)(found[name], again[name])


def _worse(
    each: Benchmark, found: dict[str, float], before: Sequence[dict[str, Any]], form: str
) -> Iterator[str]:
    for figure in each.figures:
        name = each.name(figure)
        last = next((one[form][name] for one in reversed(before) if name in one.get(form, {})), None)
        if not figure.ratio or last is None or name not in found:
            continue
        times = last / found[name] if figure.more else found[name] / last
        if times > WORSE:
            yield f"{figure.name}: {_said(found[name])}, {times:.1f} times worse than {_said(last)}, which is kept"


def _said(number: float) -> str:
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:,.2f}"


def _git(*words: str) -> str:
    folder = Path(__file__).parent
    return subprocess.run(
        ["git", *words], check=True, capture_output=True, text=True, cwd=folder
    ).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
