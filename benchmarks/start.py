"""How long a command takes from the shell and back, each in a process of its own.

`python -m benchmarks.start [--runs 5]` lays out the workspace of `dunwell init`, times its first check, the later ones and the
deep one, takes the sample's ledger in, and times the preview. Seconds of the processor and of the clock, medians; bytecode
is there. The last line is JSON (`version`, `first_check`, `check`, `preview`, `deep`: seconds of the processor).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from engine.jobs.tried import FOLDER

_DUNWELL = (sys.executable, "-c", "from engine.cli import main; main()")
_LEDGER = ("ledger/customers.csv", "ledger/history.csv", "ledger/ledger.csv")
_ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--runs", type=int, default=5)
    runs: int = words.parse_args().runs
    found: dict[str, float] = {}
    print("command                        of the processor  of the clock")
    with tempfile.TemporaryDirectory() as folder:
        shop = Path(folder) / "shop"
        dunwell(Path(folder), "init", "shop")
        timed = {
            "version": ("--version",),
            "first_check": ("check",),
            "check": ("check",),
            "deep": ("check", "--deep"),
            "preview": ("preview",),
        }
        for name, command in timed.items():
            if name == "preview":
                dunwell(shop, "import", *_LEDGER)
            dunwell(shop, *command)
            taken = []
            for _ in range(runs):
                if name == "first_check":
                    shutil.rmtree(shop / FOLDER)
                taken.append(dunwell(shop, *command))
            cpu, wall = (statistics.median(each) for each in zip(*taken, strict=True))
            found[name] = round(cpu, 3)
            said = "check, nothing kept" if name == "first_check" else " ".join(command)
            print(f"dunwell {said:22} {cpu:16.3f} {wall:13.3f}")
    print(json.dumps(found))


def dunwell(folder: Path, *command: str) -> tuple[float, float]:
    """Seconds of the processor and of the clock that a command takes. CalledProcessError where it fails."""
    environment = {**os.environ, "PYTHONPATH": str(_ROOT)}
    before, began = _used(), time.perf_counter()
    subprocess.run([*_DUNWELL, *command], cwd=folder, env=environment, check=True, capture_output=True)
    return _used() - before, time.perf_counter() - began


def _used() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
