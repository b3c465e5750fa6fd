"""How long `dunwell test` takes over a thousand tests of policies, the command's own start included.

`python -m benchmarks.policy_tests [--tests N] [--runs N]` lays out the start set, copies its tests until there are as many, and
runs the command as a process of its own. The last line is JSON: `tests`, `seconds`, the middle of the runs, and `cpu`,
those of the processor.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from engine.jobs.workspace import open_workspace
from engine.start import lay_out

ON = date(2026, 11, 23)


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--tests", type=int, default=1_000)
    words.add_argument("--runs", type=int, default=5)
    told = words.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        shop = Path(folder) / "shop"
        lay_out(shop, ON)
        number = _copied(shop, told.tests)
        runs = [_run(shop, number) for _ in range(told.runs)]
    told_runs = ", ".join(f"{seconds:.2f} ({cpu:.2f})" for seconds, cpu in runs)
    print(f"{number:,} tests: seconds (of the processor) {told_runs}")
    seconds, cpu = (round(statistics.median(one), 2) for one in zip(*runs, strict=True))
    print(json.dumps({"tests": number, "seconds": seconds, "cpu": cpu}))


def _copied(shop: Path, wanted: int) -> int:
    """Whole files, again and again, until there are as many tests or a few more."""
    files = [(Path(file.file).name, len(file.trials)) for file in open_workspace(shop).trials]
    there, turn = sum(number for _, number in files), 0
    place = shop / "policies" / "tests"
    while there < wanted:
        name, number = files[turn % len(files)]
        (place / f"copy-{turn}-{name}").write_bytes((place / name).read_bytes())
        there, turn = there + number, turn + 1
    return there


def _run(shop: Path, number: int) -> tuple[float, float]:
    """Seconds, and seconds of the processor."""
    begun, used = time.perf_counter(), _used()
    command = [sys.executable, "-c", "from engine.cli import main; main()", "-w", str(shop), "test", "--json"]
    ended = subprocess.run(command, capture_output=True, check=True, text=True)
    seconds, cpu = time.perf_counter() - begun, _used() - used
    passed = len(json.loads(ended.stdout)["tests"])
    assert passed == number, f"{passed} of {number} tests ran"
    return seconds, cpu


def _used() -> float:
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime


if __name__ == "__main__":
    main()
