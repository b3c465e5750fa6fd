"""The service: it does the day's work by itself; and how it is."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from engine.cli.edge import Edge, edge_of
from engine.errors import Refused

if TYPE_CHECKING:
    from engine.settings import Workspace


def serve(
    ctx: typer.Context,
    folders: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FOLDER]…", help="With --join: the workspaces of several companies.", show_default=False
        ),
    ] = None,
    no_web: Annotated[bool, typer.Option("--no-web", help="Without the desk, its pages.")] = False,
    workers: Annotated[
        int,
        typer.Option(
            "--workers", metavar="N", min=0, max=64, help="So many processes share the run (PostgreSQL)."
        ),
    ] = 0,
    join: Annotated[
        bool, typer.Option("--join", help="Only work, for a service on another machine; with --workers.")
    ] = False,
    tick: Annotated[float, typer.Option("--tick", hidden=True, min=0.05)] = 30.0,
) -> None:
    """Work by itself until it is stopped: the day's run at its hour, messages as they may go, all through the night."""
    from engine.daemon.logs import Log
    from engine.daemon.notify import Notifier
    from engine.daemon.service import Service

    gc.set_threshold(50_000, 20, 20)  # what it has loaded is there to stay, what it makes in weeks is not
    edge = edge_of(ctx)
    if folders and not join:
        raise Refused(
            "each company has a service of its own",
            f"dunwell --workspace {folders[0]} serve;  several share their workers with  dunwell serve --join FOLDER FOLDER",
        )
    named: list[Path | None] = [*folders] if folders else [edge.folder]
    houses = [_settings(edge, folder) for folder in named]
    files = houses[0]
    if workers or join:
        from engine.store import queue

        for house in houses:
            queue.needs_postgres(house.database_url)

    def say(text: str) -> None:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    log = Log.of(sys.stderr, os.environ, edge.clock, *houses)
    log.catch_all()
    for house in houses:
        for line in _about(house):
            say(line)
    if join:
        from engine.daemon.crew import lend

        for house in houses:
            _prepared(house)
        grace = max(house.settings.daemon.grace for house in houses)
        raise typer.Exit(asyncio.run(lend([house.root for house in houses], workers or 1, grace, log, say)))
    notifier = Notifier.of(os.environ)
    service = Service(
        files,
        clock=edge.clock,
        log=log,
        say=say,
        notifier=notifier,
        tick=tick,
        desk=not no_web,
        workers=workers,
    )
    raise typer.Exit(asyncio.run(service.run()))


def status(
    ctx: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Show how the service is: who works, what was done last, what comes next, what stands still or is wrong."""
    from engine.jobs.status import status as seen
    from engine.screen.status import status_drawn, status_value
    from engine.store import database

    edge = edge_of(ctx)
    files = _settings(edge, edge.folder)
    engine = database.open(files.database_url, read_only=True)
    try:
        with database.reading(engine) as conn:
            found = seen(conn, files, edge.clock())
    finally:
        engine.dispose()
    if json:
        edge.write_json(status_value(found))
    else:
        edge.show(status_drawn(found, ZoneInfo(files.settings.workspace.zone)))
    raise typer.Exit(0 if found.well else 1)


def _prepared(files: Workspace) -> None:
    """The line of jobs is there, in the version that is installed."""
    from engine.store import database, queue

    engine = database.open(files.database_url)
    try:
        queue.prepare(engine)
    finally:
        engine.dispose()


def _settings(edge: Edge, folder: Path | None) -> Workspace:
    """The settings alone: a mistake in a policy keeps nobody from looking."""
    from engine import settings

    files, problems = settings.load(Path.cwd(), folder)
    if problems:
        edge.show_problems(problems)
    if files is None:
        raise typer.Exit(1)
    return files


def _about(files: Workspace) -> Iterator[str]:
    """Where it works, with what, and where its messages go; nothing secret."""
    from engine.settings import COMPANY
    from engine.store import database

    told = files.settings
    url, whose = database.address(files.database_url)
    company = f" Company {whose}." if whose != COMPANY else ""
    yield f"Workspace {files.root}, on the clock of {told.workspace.zone}."
    sqlite = url.get_backend_name() == "sqlite"
    place = Path(str(url.database)).name if sqlite else url.set(query={}).render_as_string(hide_password=True)
    yield f"Database: {place}.{company}"
    mail = f"to {told.mail.host}, port {told.mail.used_port}" if told.mail.host else "into a folder"
    yield f"Mail goes {mail}; files are in {files.out.name}."
