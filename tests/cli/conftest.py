"""A workspace with the sample's ledger taken in, as of a Monday morning, and a way to run a command in it."""

from __future__ import annotations

import io
import shutil
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.cli import main

MORNING = datetime(2026, 11, 23, 15, tzinfo=UTC)  # a Monday, ten o'clock in New York
FILES = ("customers", "history", "ledger")


@dataclass(frozen=True)
class Said:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str


class _Output(io.TextIOWrapper):
    """Text and bytes, as the real output takes both; it is no terminal."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), "utf-8", newline="", write_through=True)

    def text(self) -> str:
        self.flush()
        buffer = self.buffer
        assert isinstance(buffer, io.BytesIO)
        return buffer.getvalue().decode()


def run(*arguments: str, at: datetime = MORNING) -> Said:
    """One command, as if typed at that moment."""
    out, err = _Output(), _Output()
    code = 0
    with redirect_stdout(out), redirect_stderr(err):
        try:
            main(arguments, clock=lambda: at)
        except SystemExit as left:
            code = left.code if isinstance(left.code, int) else 0
        finally:
            sys.stdout.flush()
    return Said(code, out.text(), err.text())


def english_only(folder: Path) -> None:
    """Without the translations a workspace is read several times as fast."""
    for file in folder.glob("templates/*.??.md"):
        file.unlink()


@pytest.fixture(scope="session")
def _prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli") / "shop"
    assert run("init", str(folder)).code == 0
    english_only(folder)
    ledger = [str(folder / "ledger" / f"{name}.csv") for name in FILES]
    taken = run("--workspace", str(folder), "import", *ledger)
    assert taken.code == 0, taken.err
    return folder


@pytest.fixture(scope="session")
def _run_once(_prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Said]:
    folder = tmp_path_factory.mktemp("ran") / "shop"
    shutil.copytree(_prepared, folder)
    return folder, run("--workspace", str(folder), "run")


def _entered(there: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "shop"
    shutil.copytree(there, folder)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("DUNWELL_USER", "tester")
    monkeypatch.delenv("COLUMNS", raising=False)
    return folder


@pytest.fixture
def shop(_prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, in which the test is."""
    return _entered(_prepared, tmp_path, monkeypatch)


@pytest.fixture
def ran(_run_once: tuple[Path, Said], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Said:
    """The same after the day's run; what the run said."""
    _entered(_run_once[0], tmp_path, monkeypatch)
    return _run_once[1]
