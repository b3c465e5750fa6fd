"""Tryton's account_dunning creating a day's dunnings, commit included, on the ledger that `benchmarks.lines` uses.

    python -m benchmarks.tryton [--lines 20000] [--database postgresql|sqlite] [--venv DIR]

Tryton comes from the package index into an environment of its own, kept in the cache folder. It runs as its manual advises,
with `python -O`, in processes of its own (`benchmarks/tryton_script.py`): one lays the ledger into a new database, the next
creates the dunnings, and only that is timed. Each line must have got one dunning, of the first level.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks import lines, postgres

SERIES = "8.2"
PACKAGES = (f"trytond[PostgreSQL]~={SERIES}.0", f"trytond-account-dunning~={SERIES}.0", "psycopg[binary]")
SCRIPT = Path(__file__).with_name("tryton_script.py")
NAME = "tryton"
EMAIL = "admin@fernhollow.example"


def environment(folder: Path) -> Path | None:
    """The Python of an environment that has Tryton, made where it is not there; None where it cannot be had."""
    python, ready = folder / "bin" / "python", folder / f"tryton-{SERIES}"
    if not ready.exists():
        for command in (
            [sys.executable, "-m", "venv", "--clear", folder],
            [python, "-m", "pip", "install", "-qq", "--disable-pip-version-check", *PACKAGES],
        ):
            if subprocess.run(command, check=False, stdout=sys.stderr).returncode:
                return None
        ready.touch()
    return python


@contextmanager
def empty_database(kind: str, folder: Path) -> Iterator[dict[str, str] | None]:
    """What tells Tryton its database; None where there is no server. An SQLite file is in the folder."""
    if kind == "sqlite":
        (folder / f"{NAME}.sqlite").touch()
        yield {"TRYTOND_DATABASE_URI": "sqlite://", "TRYTOND_DATABASE__PATH": str(folder)}
        return
    with postgres.server() as create:
        if create is None:
            yield None
            return
        yield {"TRYTOND_DATABASE_URI": str(sa.make_url(create(NAME)).set(database="").render_as_string())}


def measured(python: Path, told: dict[str, str], folder: Path, count: int) -> dict[str, Any]:
    """What `dun` says of this many lines, and what it was laid from. CalledProcessError with Tryton's own words."""
    (folder / "password").write_text("dunwell-bench-0815\n")
    (folder / "ledger.csv").write_text(lines.files(count)[1], "utf-8")
    told = os.environ | told | {"TRYTONPASSFILE": str(folder / "password"), "PYTHONPATH": ""}

    def tryton(*words: str | Path) -> str:
        command = [python, "-O", *words]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=told).stdout

    modules = ("-u", "ir", "res", "account_dunning", "--activate-dependencies")
    tryton("-m", "trytond.cli.admin", "-d", NAME, *modules, "--email", EMAIL)
    laid = json.loads(tryton(SCRIPT, "lay", NAME, folder / "ledger.csv", str(lines.ON)).splitlines()[-1])
    report: dict[str, Any] = json.loads(tryton(SCRIPT, "dun", NAME, str(lines.ON)).splitlines()[-1])
    return report | {"lines": laid["lines"]}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lines", type=int, default=20_000)
    parser.add_argument("--database", choices=("postgresql", "sqlite"), default="postgresql")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    parser.add_argument("--venv", type=Path, default=cache / "dunwell-bench" / "tryton")
    given = parser.parse_args()
    python = environment(given.venv)
    if python is None:
        print("Tryton could not be installed; is there a connection to the package index?", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder, empty_database(given.database, Path(folder)) as told:
        if told is None:
            print("there is no PostgreSQL server to be started", file=sys.stderr)
            return 1
        report = measured(python, told, Path(folder), given.lines)
    wanted = given.lines // 2 * 2
    if not report["lines"] == report["dunnings"] == report["first_level"] == wanted:
        print(f"not each of {wanted:,} lines has a dunning of the first level: {report}", file=sys.stderr)
        return 1
    speed = report["lines"] / report["seconds"]
    print(
        f"Tryton {SERIES}, {given.database}: {report['dunnings']:,} dunnings in {report['seconds']:.1f} s, {speed:,.0f} lines/s"
    )
    result = {
        "lines": report["lines"],
        "seconds": round(report["seconds"], 2),
        "cpu_s": report["cpu_s"],  # without the database server's
        "lines_per_s": round(speed),
        "dunnings": report["dunnings"],
        "peak_mb": report["peak_mb"],
    }
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
