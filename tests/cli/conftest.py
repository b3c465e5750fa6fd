"""A workspace with the sample's ledger taken in, as of a Monday morning, and a way to run a command in it."""

from __future__ import annotations

import io
import shutil
import sys
from collections.abc import Callable, Iterator
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


@pytest.fixture(scope="session")
def _prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli") / "shop"
    assert run("init", str(folder)).code == 0
    ledger = [str(folder / "ledger" / f"{name}.csv") for name in FILES]
    taken = run("--workspace", str(folder), "import", *ledger)
    assert taken.code == 0, taken.err
    return folder


@pytest.fixture
def shop(_prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of it, in which the test is."""
    folder = tmp_path / "shop"
    shutil.copytree(_prepared, folder)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("DUNWELL_USER", "tester")
    monkeypatch.delenv("COLUMNS", raising=False)
    yield folder


Run = Callable[..., Said]
