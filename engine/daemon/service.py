"""The service: every half minute it looks what is due, and lets a worker do it. One works; others wait their turn.

It keeps no plan of its own. What is due follows from the database and the clock alone, so that a night that was
slept through, a crash or a second service changes nothing but the moment.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.engine import Engine

from engine import settings
from engine.core.schedule import next_due
from engine.daemon.address import listen
from engine.daemon.crew import Crew
from engine.daemon.desk import Desk
from engine.daemon.hand import Hand
from engine.daemon.logs import Log
from engine.daemon.notify import Notifier
from engine.daemon.progress import Progress
from engine.daemon.pulse import Pulse
from engine.daemon.ticks import Ticks
from engine.daemon.warnings import Warnings
from engine.errors import DatabaseBusy, DatabaseError, DatabaseTooNew, DunwellError, Refused
from engine.jobs.duties import DUTIES, due
from engine.jobs.people import first
from engine.store import alarms, brakes, database, dues, halts, lease, queue, shared
from engine.store.owner import gone, owner

TICK = 30.0  # seconds
_YIELDS = ("deliver",)  # what may take hours, and can be gone on with after other duties
_FAIR = 5.0  # seconds that it is left alone, whatever else is due
_STUCK = timedelta(
    minutes=10
)  # after which a run that workers share, and of which nothing is done, is told of
_WORKER = "worker"


@dataclass(frozen=True, slots=True)
class _Seen:
    """What one look found. `holder` is who has the lease where it is not us."""

    now: datetime
    names: tuple[str, ...] = ()
    holder: lease.Lease | None = None


class _Replaced(DunwellError):
    """Another file has the database's name now."""


class _Overtaken(Exception):
    """Another service has the lease that was ours."""


class Service:
    """Runs until it is told to stop, or another has taken over. `say` tells the person who started it."""

    def __init__(
        self,
        files: settings.Workspace,
        *,
        clock: Callable[[], datetime],
        log: Log,
        say: Callable[[str], None],
        notifier: Notifier | None = None,
        tick: float = TICK,
        desk: bool = True,
        workers: int = 0,
    ) -> None:
        self.files, self.clock, self.log, self.say, self.every = files, clock, log, say, tick
        self.notifier = notifier or Notifier()
        self.desk = desk
        self.workers = workers
        self.ticks = Ticks(self.tick, tick, log)
        self.pulse = Pulse()
        self.warnings = Warnings(clock, log)
        self.progress = Progress()
        self.hand = Hand(files.root, files.settings.daemon.grace, self._heard, self._worker_ended)
        self.engine: Engine | None = None
        self.lock = ExitStack()  # while it is held, nobody takes us for dead
        self.name = ""
        self._file: tuple[int, int] | None = None  # which file the database is
        self.failure: Exception | None = None
        self._stop = asyncio.Event()
        self._turn = asyncio.Lock()
        self._soon: set[asyncio.Task[None]] = set()
        self._since = 0.0  # when the duty under way was begun, monotonic
        self._idle = time.monotonic()  # since when the worker has had nothing to do
        self._written = _stamp(files)
        self._said_holder = ""
        self._more = False  # the round has done something: there may be more at once

    # -- from start to stop --------------------------------------------------------------------------------------

    async def run(self) -> int:
        """Until SIGTERM or SIGINT: 0. 1 where another service has taken over."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._told_to_stop, number)
        loop.add_signal_handler(signal.SIGHUP, self.ticks.soon)
        self.engine = await self._opened()
        self.warnings.engine = self.engine
        if self.engine is None:  # stopped while the database could not be reached
            return 0
        async with AsyncExitStack() as stack:
            await self._health(stack)
            await self._pages(stack, self.engine)
            if self.workers:
                crew = Crew([self.files.root], self.workers, self.files.settings.daemon.grace, self.log)
                stack.push_async_callback(crew.end)
                await asyncio.to_thread(queue.prepare, self.engine)
                crew.begin()
            self.ticks.start()
            try:
                await self._stop.wait()
            finally:
                self.ticks.stop()
                await self._leave()
        if isinstance(self.failure, _Overtaken):
            self.say("Another service has taken over; this one ends.")
            return 1
        if self.failure is not None:
            raise self.failure
        return 0

    async def _opened(self) -> Engine | None:
        """The database, looked through for damage. One that is on another machine may still be starting."""
        while not self._stop.is_set():
            try:
                engine = await asyncio.to_thread(database.open, self.files.database_url)
                await asyncio.to_thread(database.check, engine)
                self._file = brakes.identity(engine)
                return engine
            except DatabaseTooNew:
                raise
            except DatabaseError as error:
                if self.files.database_url.startswith("sqlite"):
                    raise
                self.log.failed("database", error)
                self.say(f"The database cannot be used yet: {error.sentence}. It is tried again.")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), self.every)
        return None

    async def _health(self, stack: AsyncExitStack) -> None:
        """The page that says how the service is; a port that is taken stops nothing but the page."""
        address = self.files.settings.daemon.health
        if not address:
            return
        try:
            at = listen(address)
        except Refused as error:
            self.log.warning("no health page", said=error.sentence)
            self.say(f"No health page: {error.sentence}.")
            return
        from engine.daemon.health import Health, served  # what serves it is loaded where it is served

        url = self.files.database_url
        health = Health(
            self.pulse,
            lambda: database.open(url, read_only=True),
            self.clock,
            limit=max(120.0, self.every * 4),
        )
        await stack.enter_async_context(served(health, at))

    async def _pages(self, stack: AsyncExitStack, engine: Engine) -> None:
        """The desk; a port that is taken stops nothing but the desk."""
        told = self.files.settings.web
        if not self.desk or not told.listen:
            return
        try:
            at = listen(told.listen, "the desk", "[web]")
        except Refused as error:
            self.log.warning("no desk", said=error.sentence)
            self.say(f"No desk: {error.sentence}.")
            return
        desk = Desk(self.files.root, at, self.log, lambda: self.files.settings.web.idle * 60.0)
        stack.push_async_callback(desk.close)
        desk.open()
        self.say(f"The desk is at {told.url}")
        try:
            token = await asyncio.to_thread(first.opened, engine, self.files, self.clock())
        except DunwellError as error:
            self.log.failed("desk", error)
            return
        if token is not None:
            self.say(f"Whoever opens this first is its admin, once, within a day:  {told.url}/enter/{token}")

    def _told_to_stop(self, number: int) -> None:
        if self._stop.is_set():  # told twice: at once
            self.hand.kill()
            return
        self.log.info("stopping", said=signal.Signals(number).name)
        self._stop.set()

    async def _leave(self) -> None:
        """Nothing new is begun, what is in hand is finished, and the next may begin at once."""
        self.notifier.stopping()
        with contextlib.suppress(TimeoutError):  # a look that a database holds up is not waited for
            await asyncio.wait_for(self._turn.acquire(), self.hand.grace)
        if not await self.hand.end():
            self.log.warning("worker ended", said="messages in hand were not finished in time")
        if self.engine is None:
            return
        with contextlib.suppress(DunwellError):
            await asyncio.to_thread(self._give_back, self.engine)
        self._unlock()
        self.engine.dispose()
        self.log.info("stopped")

    def _give_back(self, engine: Engine) -> None:
        with database.aside(engine) as conn:
            lease.left(conn, self.name)

    def _unlock(self) -> None:
        with contextlib.suppress(Exception):  # the connection of the lock may be gone with its server
            self.lock.close()

    # -- one look ------------------------------------------------------------------------------------------------

    async def tick(self) -> None:
        """Look what is due, and let it be done."""
        async with self._turn:
            if self._stop.is_set():
                return
            try:
                seen = await asyncio.to_thread(self._look)
            except (_Overtaken, _Replaced) as error:
                self.failure = error
                self._stop.set()
                return
            except DunwellError as error:  # the database: it is asked again at the next tick
                self.log.failed("database", error)
                # It is not stuck, and to be started anew would not bring the database back.
                self.notifier.alive(error.sentence)
                return
            self._tell_who(seen)
            await self._act(seen)
            self.pulse.ticked()
            self.notifier.alive()

    def _look(self) -> _Seen:
        """What the database and the clock say. In a thread, since a database may take its time."""
        assert self.engine is not None
        now = self.clock()
        if brakes.identity(self.engine) != self._file:
            raise _Replaced(
                f"another file was put in the place of the database {database.name(self.engine)}",
                "“dunwell verify” looks at it; then start the service again",
            )
        self._reload()
        if not self.name or gone(self.engine, self.name):  # at start, or the server that held it began anew
            self._unlock()
            self.lock = ExitStack()
            self.name = self.lock.enter_context(owner(self.engine))
        holder = self._hold(self.engine, now)
        if holder is not None:
            return _Seen(now, holder=holder)
        odd: list[tuple[str, Exception]] = []
        with database.reading(self.engine) as conn:
            behind = dues.clock_behind(conn, now)
            found = due(conn, self.files, now, lambda duty, error: odd.append((duty.name, error)))
        self._look_alarms(odd)
        self._clock_alarm(behind, now)
        self._help_out(self.engine, now)
        names = (duty.name for duty in found)
        return _Seen(now, tuple(name for name in names if self.progress.free(name, now)))

    def _help_out(self, engine: Engine, now: datetime) -> None:
        """Nothing of a run is forgotten in line; and where many messages wait, each worker claims of them too."""
        if engine.dialect.name != "postgresql":
            return
        with database.aside(engine) as conn:
            if queue.version(conn) is None:
                return
            queue.put_again(conn)
            there = queue.workers(conn)
            if there and not halts.halted(conn) and dues.many_messages(conn, self.files, now):
                for number in range(there):
                    queue.put(conn, queue.DELIVER, {}, once=f"deliver {number}")
            going = shared.progress(conn)
        if going is None or now - max(going.begun_at, going.last_at or going.begun_at) < _STUCK:
            self.warnings.over(alarms.RUN, "workers")
            return
        sentence = f"the run of {going.on} does not get on: {going.done} of {going.parts} parts are decided"
        self.warnings.warn(alarms.RUN, "workers", f"{sentence}, and the logs of the workers say why")

    def _look_alarms(self, odd: Sequence[tuple[str, Exception]]) -> None:
        """Duties of which it cannot be said whether they are due."""
        for name, error in odd:
            self.log.failed("look failed", error, duty=name)
            self.warnings.warn(
                alarms.RUN, f"{name} look", f"whether “{name}” is due cannot be seen; the log says why"
            )
        fine = {f"{duty.name} look" for duty in DUTIES} - {f"{name} look" for name, _ in odd}
        for about in fine:
            self.warnings.over(alarms.RUN, about)

    def _hold(self, engine: Engine, now: datetime) -> lease.Lease | None:
        """Keep the lease, or take it. Whoever else has it comes back."""
        try:
            if self.pulse.holds:
                with database.aside(engine) as conn:
                    if lease.beat(conn, self.name, now, self.progress.doing):
                        return None
            else:
                with database.reading(engine) as conn:
                    there = lease.held(conn)
                    if there is not None and lease.alive(conn, there):
                        return there
            with database.writing(engine) as conn:
                found = lease.taken(conn, self.name, socket.gethostname(), os.getpid(), now)
        except DatabaseBusy:  # a run or an import is writing; it is still ours
            if self.pulse.holds:
                return None
            raise
        if found.owner == self.name:
            self.pulse.holds = True
            return None
        if self.pulse.holds:
            raise _Overtaken
        return found

    def _reload(self) -> None:
        """The settings as they are written now; while they have mistakes, as they were."""
        stamp = _stamp(self.files)
        if stamp == self._written:
            return
        self._written = stamp
        files, problems = settings.load(self.files.root, self.files.root)
        if files is None:
            self.warnings.warn(
                alarms.POLICIES, settings.FILE, "; ".join(f"{p.place}: {p.sentence}" for p in problems[:3])
            )
            return
        if files.database_url != self.files.database_url:
            self.log.warning("settings", said="another database counts from the next start on")
        self.files = files
        self.hand.grace = files.settings.daemon.grace
        self.warnings.over(alarms.POLICIES, settings.FILE)
        self.log.info("settings", said="read again")

    def _clock_alarm(self, behind: datetime | None, now: datetime) -> None:
        if behind is None:
            self.warnings.over(alarms.CLOCK, "back")
            return
        sentence = (
            f"the machine's clock says {_when(now)}, but the journal has been written at {_when(behind)}: "
            "nothing is done until the clock is right"
        )
        self.warnings.warn(alarms.CLOCK, "back", sentence)

    def _tell_who(self, seen: _Seen) -> None:
        """Say once who works, and for whom we wait."""
        word = "" if seen.holder is None else seen.holder.owner
        if self.pulse.began and word == self._said_holder:
            return
        self._said_holder = word
        if seen.holder is not None:
            one = seen.holder
            where = f"process {one.pid} on {one.host}"
            self.log.info("waiting", said=f"another service works: {where}")
            self.say(
                f"Another service works already: {where}. This one waits, and takes over when that one ends."
            )
            self.notifier.ready("waits for another service")
            return
        at = ZoneInfo(self.files.settings.workspace.zone)
        coming = next_due(seen.now, self.files.settings.daemon.run, at).astimezone(at)
        self.log.info("working", said=f"the next run is at {coming:%Y-%m-%d %H:%M}")
        self.say(f"It works. The next run is on {coming:%A, %d %B} at {coming:%H:%M}.")
        self.notifier.ready("works")

    async def _act(self, seen: _Seen) -> None:
        """Let the worker do what is due; end it where it has had nothing to do for a while."""
        names = seen.names
        if self.hand.busy:
            long = time.monotonic() - self._since > _FAIR
            if self.progress.doing in _YIELDS and long and any(name not in _YIELDS for name in names):
                self.hand.pause()
            return
        if names and self.progress.free(_WORKER, seen.now):
            self._more = False
            await self.hand.do(names)
            return
        idle = self.files.settings.daemon.idle * 60
        if self.hand.process is not None and time.monotonic() - self._idle >= idle:
            await self.hand.end()

    # -- what the worker tells ---------------------------------------------------------------------------------------

    def _heard(self, report: Mapping[str, Any]) -> None:
        now = self.clock()
        if name := report.get("started"):
            self._more = self._more or bool(self.progress.doing)
            self.progress.begun(name, now)
            self._since = time.monotonic()
        elif name := report.get("done"):
            said = tuple(str(sentence) for sentence in report.get("said", ()))
            self._more = self._more or bool(said)
            self.pulse.worked(name, time.monotonic() - self._since)
            self.progress.done(name, said, now)
            if _WORKER in self.progress.results:  # one that died before it had begun anything
                del self.progress.results[_WORKER]
            self._later(self.warnings.over, alarms.RUN, _WORKER)
            self._later(self.warnings.over, alarms.RUN, name)
        elif name := report.get("failed"):
            self.pulse.worked(name, time.monotonic() - self._since, failed=True)
            self._failed(name, str(report.get("sentence", "")))
        elif report.get("over"):
            self._idle = time.monotonic()
            if self._more:
                self.ticks.soon()

    def _failed(self, name: str, sentence: str) -> None:
        result = self.progress.failed(name, sentence, self.clock())
        self.log.error("failed", duty=name, said=sentence, counts={"times": result.failures})
        self._later(self.warnings.warn, alarms.RUN, name, sentence)

    def _worker_ended(self, code: int) -> None:
        """It ended by itself: whatever it was at is derived from the database again."""
        self.pulse.restarts += 1
        how = signal.Signals(-code).name if code < 0 else f"code {code}"
        sentence = f"the process that works ended in the middle ({how})"
        self._failed(self.progress.doing or _WORKER, sentence)
        self.ticks.soon()

    def _later(self, work: Callable[..., None], *told: str) -> None:
        """Write it down without holding up the loop."""
        task = asyncio.create_task(asyncio.to_thread(work, *told))
        self._soon.add(task)
        task.add_done_callback(self._soon.discard)


def _stamp(files: settings.Workspace) -> tuple[int, int]:
    try:
        found = (files.root / settings.FILE).stat()
    except OSError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_size)


def _when(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
