"""The process of the pages: it ends when nobody has asked anything for a while, or the service that started it has ended."""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from engine import settings
from engine.daemon.logs import Log
from engine.jobs.workspace import BrokenSettings
from engine.store import database
from engine.web.app import made
from engine.web.desk import Desk, now

_GRACE = 5  # seconds for answers under way


class Idle:
    """Middleware that knows when somebody last asked."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.under_way = 0
        self.last = time.monotonic()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.under_way += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self.under_way -= 1
            self.last = time.monotonic()

    @property
    def seconds(self) -> float:
        return 0.0 if self.under_way else time.monotonic() - self.last


def configured(app: ASGIApp) -> uvicorn.Config:
    """How our pages are served: nothing is logged of who asks what, and no header of a stranger is believed."""
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=_GRACE,
        limit_concurrency=200,
    )


def serve(
    files: settings.Workspace,
    at: socket.socket,
    *,
    clock: Callable[[], datetime] = now,
    idle: float = 0.0,
    ended: Callable[[], Coroutine[Any, Any, None]] | None = None,
) -> None:
    """Until nobody has asked for `idle` seconds (0: for ever), `ended` returns, or a signal comes."""
    desk = Desk(files.root, database.open(files.database_url), clock)
    app = Idle(made(desk, files.settings.web))
    server = uvicorn.Server(configured(app))

    async def watched() -> None:
        gone = asyncio.create_task(ended()) if ended else None
        serving = asyncio.create_task(server.serve(sockets=[at]))
        while not serving.done():
            await asyncio.wait([serving], timeout=1.0)
            if (gone and gone.done()) or (idle and app.seconds >= idle):
                server.should_exit = True
        await serving

    threading.Thread(target=_warm, args=(desk,), daemon=True).start()
    try:
        asyncio.run(watched())
    finally:
        desk.engine.dispose()


def _warm(desk: Desk) -> None:
    """The policies are read while the first page is on its way to be asked for."""
    try:
        _ = desk.workspace
    except Exception:  # the page says it
        return


async def _input_ends() -> None:
    """The service that has started us holds our input open for as long as it lives."""
    loop = asyncio.get_running_loop()
    over = asyncio.Event()

    def read() -> None:
        if not os.read(0, 4096):
            loop.remove_reader(0)
            over.set()

    loop.add_reader(0, read)
    await over.wait()


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="dunwell-web")
    parser.add_argument("root", type=Path)
    parser.add_argument("--fd", type=int, required=True)
    parser.add_argument("--idle", type=float, default=0.0)
    told = parser.parse_args(arguments)
    files, problems = settings.load(told.root, told.root)
    Log.of(sys.stderr, os.environ, now, files).catch_all()
    if files is None:
        raise BrokenSettings(problems)
    serve(files, socket.socket(fileno=told.fd), idle=told.idle, ended=_input_ends)


if __name__ == "__main__":
    main()
