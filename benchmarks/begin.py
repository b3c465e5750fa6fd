"""How long a person waits for a command: `--version`, `check`, `check --deep` and `preview` of the set that Dunwell comes with.

    python -m benchmarks.begin [--runs 5]

Each runs in a process of its own, in turn with the others, on a workspace as `dunwell init` lays it out with the sample ledger
in it; a check once with nothing kept from one before, and once more after it. Medians in seconds of the clock and of the
processor. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from engine.jobs.tried import FOLDER

COMMAND = [str(Path(sys.executable).with_name("dunwell"))]
# key → the command, and whether what an earlier check has kept goes before
ASKED: dict[str, tuple[Sequence[str], bool]] = {
    "version_s": (("--version",), False),
    "check_s": (("check",), True),
    "check_again_s": (("check",), False),
    "deep_s": (("check", "--deep"), True),
    "preview_s": (("preview",), False),
}


def timed(root: Path, words: Sequence[str]) -> tuple[float, float]:
    """Seconds of the clock and of the processor."""
    begun, before = time.perf_counter(), os.times()
    subprocess.run([*COMMAND, *words], cwd=root, check=True, stdout=subprocess.DEVNULL)
    seconds, after = time.perf_counter() - begun, os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return seconds, used


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--runs", type=int, default=5)
    told = words.parse_args()
    taken: dict[str, list[tuple[float, float]]] = {key: [] for key in ASKED}
    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / "shop"
        subprocess.run([*COMMAND, "init", str(root)], check=True, stdout=subprocess.DEVNULL)
        files = [f"ledger/{name}.csv" for name in ("customers", "history", "ledger")]
        subprocess.run([*COMMAND, "import", *files], cwd=root, check=True, capture_output=True)
        for _ in range(told.runs):
            for key, (command, afresh) in ASKED.items():
                if afresh:
                    shutil.rmtree(root / FOLDER, ignore_errors=True)
                taken[key].append(timed(root, command))
    found = {key: round(statistics.median(clock for clock, _ in each), 2) for key, each in taken.items()}
    for key, (command, afresh) in ASKED.items():
        used = statistics.median(used for _, used in taken[key])
        said = f"dunwell {' '.join(command)}{', nothing kept' if afresh else ''}"
        print(f"  {said:40}{found[key]:>7.2f} s{used:>7.2f} s of the processor")
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
