"""The service's health page: whether it lives, whether it can work, and its numbers; nothing about people.

`/healthz` answers from the process alone: 503 once the last tick is too old, so that whoever watches from
outside may start it anew. `/readyz` asks the database as well. `/metrics` is for Prometheus.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import uvicorn
from sqlalchemy.engine import Engine
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from engine.daemon.metrics import CONTENT_TYPE, Meter
from engine.daemon.pulse import Pulse
from engine.errors import DatabaseError, DatabaseTooNew, DatabaseTooOld, DunwellError
from engine.store import database
from engine.store.gauges import Gauges, gauges

Found = TypeVar("Found")
_PATIENCE = 5.0  # seconds that a question may take the database
_HALTS = {
    "stopped": "a person has stopped it",
    "quarantine": "it is in quarantine after a restore",
    "clock": "the machine's clock cannot be believed",
}


@dataclass
class Health:
    """What the page is drawn from. `limit`: seconds after which a tick is too old. `connect` opens the database to read.

    The database is asked in a thread of its own, one question at a time: while it hangs, the page still answers.
    """

    pulse: Pulse
    connect: Callable[[], Engine]
    clock: Callable[[], datetime]
    limit: float = 120
    patience: float = _PATIENCE
    meter: Meter = field(init=False)
    _engine: Engine | None = field(init=False, default=None)
    _asking: Future[Any] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.meter = Meter(self.pulse)

    def close(self) -> None:
        if self._engine is not None:
            self._engine.dispose()

    def app(self) -> Starlette:
        pages = {"/healthz": self._healthz, "/readyz": self._readyz, "/metrics": self._metrics}
        return Starlette(routes=[Route(path, page, methods=["GET"]) for path, page in pages.items()])

    async def _healthz(self, _: Request) -> Response:
        age = self.pulse.age
        told = {"ok": age <= self.limit, "tick_age_seconds": round(age, 1), "limit_seconds": self.limit}
        return _json(told, age <= self.limit)

    async def _readyz(self, _: Request) -> Response:
        because = [] if self.pulse.began else ["it has not begun yet"]
        if self.pulse.age > self.limit:
            because.append("it has not looked at what is due for too long")
        try:
            found = await self._ask(self._gauges)
            because += [_HALTS[kind] for kind in found.halts]
        except (DunwellError, TimeoutError, OSError) as error:
            because.append(_unready(error))
        told = {"ready": not because, "because": because, "lease": "holds" if self.pulse.holds else "waits"}
        return _json(told, not because)

    async def _metrics(self, _: Request) -> Response:
        found: Gauges | None = None
        with contextlib.suppress(DunwellError, TimeoutError, OSError):
            found = await self._ask(self._numbers)
        return Response(self.meter.page(found, self.clock()), headers={"Content-Type": CONTENT_TYPE})

    async def _ask(self, question: Callable[[], Found]) -> Found:
        """TimeoutError where the database is too slow, or is still busy with the question before."""
        if self._asking is not None and not self._asking.done():
            raise TimeoutError
        asked: Future[Found] = Future()
        self._asking = asked
        # A daemon's thread: one that hangs in a dead connection does not keep the process from ending.
        threading.Thread(target=_answer, args=(question, asked), name="dunwell-health", daemon=True).start()
        return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(asked)), self.patience)

    def _gauges(self) -> Gauges:
        with database.reading(self._database()) as conn:
            return gauges(conn)

    def _numbers(self) -> Gauges:
        with database.reading(self._database()) as conn:
            self.meter.deliveries.look(conn)
            return gauges(conn)

    def _database(self) -> Engine:
        """Opened once it is asked for; its version is looked at each time."""
        if self._engine is None:
            self._engine = self.connect()
        if database.revision(self._engine) != database.HEAD:
            raise DatabaseTooOld("the database is not of this version of Dunwell")
        return self._engine


@asynccontextmanager
async def served(health: Health, at: socket.socket) -> AsyncIterator[None]:
    """The page, for as long as the block lasts, in the loop that runs. It takes no signals; `at` is closed after."""
    settings = uvicorn.Config(
        health.app(),
        log_config=None,
        access_log=False,
        lifespan="off",
        http="h11",
        ws="none",
        server_header=False,
        limit_concurrency=32,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=1,
    )
    server = _Server(settings)
    serving = asyncio.create_task(server.serve(sockets=[at]), name="health page")
    try:
        while not server.started and not serving.done():
            await asyncio.sleep(0.01)
        yield
    finally:
        server.should_exit = True
        await serving
        at.close()
        health.close()


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The service has signals of its own."""
        yield


def _answer(question: Callable[[], Found], asked: Future[Found]) -> None:
    try:
        asked.set_result(question())
    except BaseException as error:
        asked.set_exception(error)


def _unready(error: Exception) -> str:
    """Our own sentence without the values in it."""
    if isinstance(error, DatabaseTooOld | DatabaseTooNew):
        return "the database is not of this version of Dunwell"
    if isinstance(error, DatabaseError):
        return "the database cannot be used"
    return (
        "the database does not answer" if isinstance(error, TimeoutError) else "the database cannot be asked"
    )


def _json(told: dict[str, Any], good: bool) -> Response:
    return JSONResponse(told, 200 if good else 503, headers={"Cache-Control": "no-store"})
