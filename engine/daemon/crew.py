"""The workers that one machine lends to a house, or to several: so many processes, started again when one of them ends."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path

from engine.daemon.logs import Log
from engine.daemon.process import command

_PAUSES = (
    1.0,
    5.0,
    15.0,
    30.0,
)  # seconds before a worker is started anew, the longer the more often it has ended
_STEADY = 60.0  # seconds after which its last end is forgotten


class Crew:
    """Workers of this machine. They have sessions of their own, so that Ctrl-C reaches this process alone."""

    def __init__(self, roots: Sequence[Path], many: int, grace: float, log: Log) -> None:
        self.roots, self.many, self.grace, self.log = roots, many, grace, log
        self.processes: set[asyncio.subprocess.Process] = set()
        self._keeping: list[asyncio.Task[None]] = []

    def begin(self) -> None:
        self._keeping = [asyncio.create_task(self._keep(), name="worker") for _ in range(self.many)]

    async def end(self) -> None:
        """Let each finish what is in hand; what is not finished in time is undone, and another does it."""
        for task in self._keeping:
            task.cancel()
        await asyncio.gather(*self._keeping, return_exceptions=True)
        there = list(self.processes)
        for process in there:
            if process.stdin is not None:
                process.stdin.close()
        waits = [asyncio.create_task(process.wait()) for process in there]
        if waits:
            await asyncio.wait(waits, timeout=self.grace)
        for process in there:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
        await asyncio.gather(*waits)

    async def _keep(self) -> None:
        """One worker after the other, for as long as this process lives."""
        loop, ends = asyncio.get_running_loop(), 0
        while True:
            begun = loop.time()
            process = await asyncio.create_subprocess_exec(
                *command("engine.daemon.fleet", *map(str, self.roots), "--grace", str(self.grace)),
                stdin=asyncio.subprocess.PIPE, start_new_session=True,
            )  # fmt: skip
            self.processes.add(process)
            code = await process.wait()
            self.processes.discard(process)
            ends = ends + 1 if loop.time() - begun < _STEADY else 1
            self.log.warning("worker ended", said=f"code {code}; another is started")
            await asyncio.sleep(_PAUSES[min(ends, len(_PAUSES)) - 1])


async def lend(roots: Sequence[Path], many: int, grace: float, log: Log, say: Callable[[str], None]) -> int:
    """Only work, for services that run elsewhere or beside it, until SIGTERM or SIGINT: 0."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    crew = Crew(roots, many, grace, log)
    crew.begin()
    whom = "the house" if len(roots) == 1 else f"{len(roots)} companies, a job of each in turn"
    say(f"{many} worker{'s' * (many != 1)} of this machine work for {whom}.")
    await stop.wait()
    await crew.end()
    return 0
