"""The process that works, as the service sees it: started when there is work, told what to do, ended when there is none."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.daemon.process import command

_LONGEST = 1 << 20  # bytes of one report


class Hand:
    """One worker at a time. `heard(report)` is told of all it reports, `ended(code)` when it ends unasked.

    It has a session of its own, so that Ctrl-C at a terminal does not reach it; closing its input ends it.
    """

    def __init__(
        self,
        root: Path,
        grace: float,
        heard: Callable[[Mapping[str, Any]], None],
        ended: Callable[[int], None],
    ) -> None:
        self.root, self.grace, self.heard, self.ended = root, grace, heard, ended
        self.busy = False
        self.process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._asked = False  # to end

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process is not None else None

    async def do(self, names: Sequence[str]) -> None:
        """Let it do these duties, in this order."""
        if self.process is None:
            await self._start()
        self.busy = True
        self._tell({"do": list(names)})

    def pause(self) -> None:
        """Let it finish what is in hand, and then listen to what else there is to do."""
        self._tell({"pause": True})

    async def end(self) -> bool:
        """Let it finish what is in hand, for `grace` seconds; then it is ended. False: it had to be."""
        process, reading = self.process, self._reading
        if process is None or reading is None:
            return True
        self._asked = True
        self._tell({"end": True})
        done, _ = await asyncio.wait([reading], timeout=self.grace)
        if not done:
            self.kill()
            await reading
        return bool(done)

    def kill(self) -> None:
        """At once, with the processes that it has started; what it had in hand is settled by recovery."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)

    async def _start(self) -> None:
        self._asked = False
        self.process = await asyncio.create_subprocess_exec(
            *command("engine.daemon.worker", str(self.root), "--grace", str(self.grace)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,
            limit=_LONGEST,
        )
        self._reading = asyncio.create_task(self._read(self.process), name="worker")

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        with contextlib.suppress(ValueError):  # a line too long: it is no report of ours
            async for line in process.stdout:
                self._report(line)
        code = await process.wait()
        self.process, self.busy = None, False
        if not self._asked:
            self.ended(code)

    def _report(self, line: bytes) -> None:
        try:
            report = json.loads(line)
        except ValueError:
            return
        if report.get("over"):
            self.busy = False
        self.heard(report)

    def _tell(self, command: Mapping[str, Any]) -> None:
        if self.process is None or self.process.stdin is None or self.process.stdin.is_closing():
            return
        with contextlib.suppress(OSError):  # it has just ended; `ended` says so
            self.process.stdin.write(json.dumps(command).encode() + b"\n")
