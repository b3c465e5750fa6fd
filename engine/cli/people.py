"""Who works here, and their way to the desk."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from engine.cli.casework import By, Json
from engine.cli.edge import edge_of


def web(
    ctx: typer.Context,
    listen: Annotated[
        str | None, typer.Option("--listen", metavar="HOST:PORT", help="Elsewhere than dunwell.toml says.")
    ] = None,
) -> None:
    """Show the desk's pages, without the service: nothing is run or sent by itself."""
    from engine import settings
    from engine.daemon.address import listen as listening
    from engine.daemon.logs import Log
    from engine.jobs.people import first
    from engine.store import database
    from engine.web.__main__ import serve

    edge = edge_of(ctx)
    files, problems = settings.load(Path.cwd(), edge.folder)
    if problems:
        edge.show_problems(problems)
    if files is None:
        raise typer.Exit(1)
    told = files.settings.web
    if listen:
        web_ = told.model_copy(update={"listen": listen})
        files = settings.Workspace(files.root, files.settings.model_copy(update={"web": web_}))
        told = web_
    Log.of(sys.stderr, os.environ, edge.clock, files).catch_all()
    at = listening(told.listen, "the desk", "[web]")
    engine = database.open(files.database_url)
    token = first.opened(engine, files, edge.clock())
    edge.say(f"The desk is at {told.url}")
    if token:
        edge.say(f"Whoever opens this first is its admin, once, within a day:  {told.url}/enter/{token}")
    sys.stdout.flush()
    serve(files, at, clock=edge.clock)


def people(ctx: typer.Context, json: Json = False) -> None:
    """List who works here, with their roles, and whether they can sign in to the desk."""
    from engine.screen.people import people_drawn, people_value
    from engine.store import database
    from engine.store import people as store

    edge = edge_of(ctx)
    ws = edge.workspace
    edge.has_ledger()
    engine = ws.database(read_only=True)
    with database.reading(engine) as conn:
        kept = {one.id: one for one in store.workers(conn)}
    if json:
        edge.write_json(people_value(ws.settings.people, kept))
    else:
        edge.show(people_drawn(ws.settings.people, kept))


def invite(
    ctx: typer.Context,
    person: Annotated[str, typer.Argument(metavar="PERSON", help="Their id, as “dunwell people” lists it.")],
    by: By = None,
) -> None:
    """Make a link with which somebody chooses a password for the desk; links they had are good no more."""
    from engine.jobs.people import entry

    edge = edge_of(ctx)
    engine = edge.workspace.database()
    token = entry.invite(engine, person, edge.who(by, edge.day("", None)))
    edge.say(f"Good once, for {entry.LINK.days} days:  {edge.workspace.settings.web.url}/enter/{token}")
