"""The desk's process, as the service sees it: started by the first visit, ended by itself when nobody comes for a while.

The service holds the address; whoever comes while no process is there waits for as long as one takes to start. So the
pages cost nothing at night, and what goes wrong in them reaches neither a run nor a message.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

from engine.daemon.logs import Log
from engine.daemon.process import command

_QUICK = 5.0  # seconds: a process that ends sooner has not worked
_AGAIN = 30.0  # seconds after which one is tried again then


class Desk:
    """One process at a time, for the address `at`. `idle`: seconds without a visit after which it ends."""

    def __init__(self, root: Path, at: socket.socket, log: Log, idle: Callable[[], float]) -> None:
        self.root, self.at, self.log, self.idle = root, at, log, idle
        self.process: asyncio.subprocess.Process | None = None
        self._watching: asyncio.Task[None] | None = None
        self._ending = False

    def open(self) -> None:
        """From now on the first visit starts it."""
        asyncio.get_running_loop().add_reader(self.at, self._visited)

    async def close(self) -> None:
        """Answers under way are finished."""
        self._ending = True
        asyncio.get_running_loop().remove_reader(self.at)
        if self._watching is not None:
            if self.process is not None and self.process.stdin is not None:
                self.process.stdin.close()
            done, _ = await asyncio.wait([self._watching], timeout=10.0)
            if not done and self.process is not None:
                with contextlib.suppress(ProcessLookupError):
                    self.process.kill()
                await self._watching
        self.at.close()

    def _visited(self) -> None:
        asyncio.get_running_loop().remove_reader(self.at)
        self._watching = asyncio.create_task(self._works(), name="desk")

    async def _works(self) -> None:
        began = time.monotonic()
        number = self.at.fileno()
        self.process = await asyncio.create_subprocess_exec(
            *command("engine.web.__main__", str(self.root), "--fd", str(number), "--idle", str(self.idle())),
            stdin=asyncio.subprocess.PIPE,
            start_new_session=True,
            pass_fds=(number,),
        )
        code = await self.process.wait()
        self.process = None
        if self._ending:
            return
        if code:
            how = signal.Signals(-code).name if code < 0 else f"code {code}"
            self.log.warning("desk ended", said=f"the process of the pages ended in the middle ({how})")
            if time.monotonic() - began < _QUICK:
                await asyncio.sleep(_AGAIN)
        self.open()
