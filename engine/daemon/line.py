"""What a worker does: parts of a run, and messages, as they stand in line; and who looks after the work of the dead.

A worker may be killed at any moment. Its part is then undone, and given to another within half a minute. One that works for
several companies does a job of each in turn, so that a small one never waits for all of a large one.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy.engine import Engine

from engine import settings
from engine.daemon.logs import Log
from engine.errors import Refused
from engine.store import database, queue

if TYPE_CHECKING:
    import procrastinate

    from engine.jobs.workspace import Workspace

RESCUE = 5.0  # seconds between two looks for jobs of workers that have died
_LATER = 15.0  # seconds until a house that could not be worked for is tried again
_SENDING = 20.0  # seconds for which a worker sends before it looks what else there is
_OFF = timedelta(minutes=5)  # that the clocks of two machines may differ
_AGAIN = 2  # seconds after which a job that failed is tried again, and so many more each time


class Helper:
    """Does one job after the other. Jobs are functions of the room `jobs`; what they say goes into the log."""

    def __init__(self, root: Path, url: str, log: Log, clock: Callable[[], datetime]) -> None:
        from engine.jobs.kept import Kept
        from engine.jobs.releases import live_workspace
        from engine.jobs.shared import Known

        self.log, self.clock = log, clock
        self.name = f"{socket.gethostname()}/{os.getpid()}"
        self.engine: Engine = database.open(url)
        self.kept = Kept(root, lambda files, _: live_workspace(files).thorough())
        self.known = Known()
        self.stop = threading.Event()
        self.ending = False

    def part(self, run: int, number: int) -> None:
        """Decide a part of a run; whoever finds none missing has it sealed."""
        from engine.jobs import shared

        self._on_time()
        whole = shared.decide_part(
            self._workspace(), self.engine, run, number, worker=self.name, clock=self.clock, known=self.known
        )
        if whole:
            with database.beside(self.engine) as conn:
                queue.put(conn, queue.SEAL, {"run": run}, once=f"seal {run}")

    def seal(self, run: int) -> None:
        from engine.jobs import daily

        self._on_time()
        for sentence in daily.seal(self._workspace(), self.engine, run, self.clock, self.known):
            self.log.info("done", duty="evaluate", said=sentence)

    def deliver(self) -> None:
        """Send for a moment, and then listen to what else there is to do: the service asks again."""
        from engine.jobs import daily

        timer = threading.Timer(_SENDING, self.stop.set)
        timer.start()
        try:
            for sentence in daily.help_out(self._workspace(), self.clock, self.stop):
                self.log.info("done", duty="deliver", said=sentence)
        finally:
            timer.cancel()
            if not self.ending:
                self.stop.clear()

    def end(self) -> None:
        self.ending = True
        self.stop.set()

    def _on_time(self) -> None:
        """What is written under a wrong time is taken for older, or newer, than it is."""
        off = abs(database.now(self.engine) - self.clock())
        if off > _OFF:
            raise Refused(
                f"this machine's clock is {off.total_seconds() / 60:,.0f} minutes off the database's: it decides nothing",
                "let a time server keep both",
            )

    def _workspace(self) -> Workspace:
        return self.kept.workspace()


def app(url: str, helper: Helper | None, turn: asyncio.Lock | None = None) -> procrastinate.App:
    """The line as Procrastinate has it, with what a worker does for each kind of job, one at a time in the whole process."""
    turn = turn or asyncio.Lock()
    import procrastinate

    whole, whose = database.address(url)
    address = whole.set(drivername="postgresql").render_as_string(hide_password=False)
    search = {"options": f"-c search_path={queue.schema_of(whose)}"}
    made = procrastinate.App(
        connector=procrastinate.PsycopgConnector(conninfo=address, kwargs=search, min_size=1, max_size=4)
    )
    if helper is None:
        return made

    def does(name: str, work: Callable[..., None], *, again: bool = True) -> None:
        async def job(**told: Any) -> None:
            try:
                async with turn:
                    await asyncio.to_thread(work, **told)
            except Exception as error:
                helper.log.failed("failed", error, duty=name)
                raise

        retry = procrastinate.RetryStrategy(wait=_AGAIN, linear_wait=_AGAIN)
        made.task(name=name, queue=queue.LINE, retry=retry if again else False)(job)

    does(queue.PART, helper.part)
    does(queue.SEAL, helper.seal)
    does(queue.DELIVER, helper.deliver, again=False)  # the service asks again
    return made


async def rescue(made: procrastinate.App, log: Log) -> None:
    """Again and again: what a worker had in hand that gives no sign of life any more stands in line again."""
    while True:
        try:
            for job in await made.job_manager.get_stalled_jobs(seconds_since_heartbeat=queue.DEAD):
                await made.job_manager.retry_job(job)
                log.warning("rescued", duty=job.task_name, said="its worker gives no sign of life")
        except Exception as error:  # the database may be away for a while
            log.failed("database", error)
        await asyncio.sleep(RESCUE)


async def work(
    roots: Sequence[Path],
    log_of: Callable[[settings.Workspace | None], Log],
    clock: Callable[[], datetime],
    grace: float,
) -> None:
    """Take jobs of each house until the process is told to end; what is in hand is finished."""
    turn = asyncio.Lock()  # whoever waits longest is next
    houses = [asyncio.create_task(_house(root, log_of, clock, grace, turn)) for root in roots]

    def end() -> None:
        for house in houses:
            house.cancel()

    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, end)
    await asyncio.gather(*houses, return_exceptions=True)


async def _house(
    root: Path,
    log_of: Callable[[settings.Workspace | None], Log],
    clock: Callable[[], datetime],
    grace: float,
    turn: asyncio.Lock,
) -> None:
    """One house, for as long as this process lives: what is wrong in it, or with its database, holds up no other."""
    while True:
        files, _ = settings.load(root, root)
        log = log_of(files)
        try:
            if files is None:
                raise Refused(f"the settings in {root} cannot be read", "“dunwell check” says why")
            await _work(files, log, clock, grace, turn)
        except Exception as error:
            log.failed("failed", error)
        await asyncio.sleep(_LATER)


async def _work(
    files: settings.Workspace, log: Log, clock: Callable[[], datetime], grace: float, turn: asyncio.Lock
) -> None:
    """Until it is cancelled, or cannot go on."""
    helper = await asyncio.to_thread(Helper, files.root, files.database_url, log, clock)
    made = app(files.database_url, helper, turn)
    try:
        async with made.open_async():
            rescuing = asyncio.create_task(rescue(made, log))
            try:
                await made.run_worker_async(
                    queues=[queue.LINE],
                    name=helper.name,
                    concurrency=1,
                    fetch_job_polling_interval=1.0,
                    update_heartbeat_interval=queue.BEAT,
                    stalled_worker_timeout=queue.DEAD * 4,
                    shutdown_graceful_timeout=grace,
                    delete_jobs="successful",
                    install_signal_handlers=False,
                )
            finally:
                helper.end()
                rescuing.cancel()
                with suppress(asyncio.CancelledError):
                    await rescuing
    finally:
        helper.engine.dispose()
