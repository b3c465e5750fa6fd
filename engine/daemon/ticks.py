"""Every half minute, a look: whatever happens to the clock, and never two at once."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED, JobEvent
from apscheduler.executors.asyncio import AsyncIOExecutor
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from engine.daemon.logs import Log


class Ticks:
    """Calls `look` every `every` seconds, and when `soon` is asked for."""

    def __init__(self, look: Callable[[], Awaitable[None]], every: float, log: Log) -> None:
        self.look, self.every, self.log = look, every, log
        self._last = time.monotonic()
        self._tasks: set[asyncio.Task[None]] = set()
        self._steady: asyncio.Task[None] | None = None
        self._scheduler: AsyncIOScheduler | None = None

    def start(self) -> None:
        """The scheduler has only this: what must happen is read from the database, never from a list of jobs."""
        made = AsyncIOScheduler(timezone=UTC, executors={"default": AsyncIOExecutor()})
        made.add_job(
            self._tick,
            "interval",
            seconds=self.every,
            next_run_time=datetime.now(UTC),
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
        )
        made.add_listener(self._odd, EVENT_JOB_ERROR | EVENT_JOB_MISSED | EVENT_JOB_MAX_INSTANCES)
        logging.getLogger("apscheduler").setLevel(logging.CRITICAL)  # `_odd` says it, once
        made.start()
        self._scheduler = made
        self._steady = asyncio.create_task(self._keep())

    def stop(self) -> None:
        if self._steady is not None:
            self._steady.cancel()
        if self._scheduler is not None:
            self._scheduler.shutdown(wait=False)

    def soon(self) -> None:
        """Look now as well."""
        task = asyncio.create_task(self._guarded())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _tick(self) -> None:
        self._last = time.monotonic()
        await self.look()

    async def _guarded(self) -> None:
        try:
            await self._tick()
        except Exception as error:
            self.log.failed("look failed", error)

    async def _keep(self) -> None:
        """The scheduler waits for a time of day: where the clock is put back a day, it would wait for a day."""
        while True:
            await asyncio.sleep(self.every / 2)
            if time.monotonic() - self._last > self.every * 1.5:
                self.soon()

    def _odd(self, event: JobEvent) -> None:
        error = getattr(event, "exception", None)
        if error is not None:
            self.log.failed("look failed", error)
        else:
            self.log.warning("look late", said="the look before has not come to its end")
