"""A second process beside this one: what is mostly Python takes its turns in one, and each of two has its own.

It loads what columns need while this process goes on, is asked once, and ends. Both talk over a pipe of their own.
"""

from __future__ import annotations

import gc
import io
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from multiprocessing.connection import Connection, Pipe
from multiprocessing.reduction import ForkingPickler
from types import TracebackType
from typing import Any

import polars as pl

_SERVE = "from engine.jobs.beside import serve; serve()"


class Ended(Exception):
    """The process ended before it answered. Whoever asked can do the work itself."""


class Beside:
    """Started at once; a context manager, which ends it. `loads` is the module that it loads while it waits."""

    def __init__(self, loads: str) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe, theirs = Pipe()
        with theirs, suppress(OSError):  # the machine has no room for it: then it has ended
            self._process = subprocess.Popen(  # noqa: S603 - our own words
                # What lies in this folder is a house's, and no module.
                [sys.executable, "-P", "-c", _SERVE, loads, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                # Each process has one processor: a second thread for its columns would only wait.
                env={**os.environ, "POLARS_MAX_THREADS": "1"},
            )

    def __enter__(self) -> Beside:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pipe.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def ask(self, work: Callable[..., Any], *arguments: Any) -> None:
        """Let it work: a function of a module, on values that can be sent. Raises Ended."""
        try:
            _send(self._pipe, (work, arguments))
        except OSError:
            raise Ended from None

    def answer(self) -> Any:
        """What the work gave, once it is done. Raises Ended."""
        try:
            return self._pipe.recv()
        except (EOFError, OSError):
            raise Ended from None


def serve() -> None:
    """The process: one question, one answer."""
    _, loads, number = sys.argv
    __import__(loads)
    gc.disable()  # it ends soon, and all that it holds with it
    with Connection(int(number)) as pipe:
        work, arguments = pipe.recv()
        _send(pipe, work(*arguments))


def _send(pipe: Connection, thing: object) -> None:
    whole = io.BytesIO()
    _Pickler(whole, 5).dump(thing)
    pipe.send_bytes(whole.getbuffer())


class _Pickler(ForkingPickler):
    """Of a frame's columns, those without a value go as their name: of a ledger's accounts they are every second one."""

    def reducer_override(self, thing: Any) -> Any:
        if not isinstance(thing, pl.DataFrame) or not thing.height:
            return NotImplemented
        written = io.BytesIO()
        said = [column for column in thing if column.null_count() < thing.height] or [thing.to_series(0)]
        pl.DataFrame(said).write_ipc_stream(written, compat_level=pl.CompatLevel.newest())
        return _frame, (written.getvalue(), dict(thing.schema))


def _frame(written: bytes, schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """A frame as it was before it was sent."""
    said = pl.read_ipc_stream(written)
    return said.select(
        name if name in said.columns else pl.lit(None, dtype=kind).alias(name)
        for name, kind in schema.items()
    )
