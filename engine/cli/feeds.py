"""Ledgers that come by themselves, and what another program pushes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from engine.cli.edge import author, edge_of

app = typer.Typer(help="Where ledgers come from by themselves, and how fresh each is.")


@app.callback(invoke_without_command=True)
def feeds(
    ctx: typer.Context, json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False
) -> None:
    """Each feed's last try, what it last brought, and what it said."""
    if ctx.invoked_subcommand is not None:
        return
    from engine.screen.feeds import feeds_drawn
    from engine.store.feeds import FeedState, states

    edge = edge_of(ctx)
    files = edge.workspace.files
    with edge.reading() as conn:
        known = states(conn)
    if json:
        edge.write_json([_told(known.get(name, FeedState(name))) for name in files.settings.feeds])
    elif not files.settings.feeds:
        edge.say("There are no feeds; “dunwell help feeds” shows how to set one up.")
    else:
        zone = ZoneInfo(files.settings.workspace.zone)
        edge.show(feeds_drawn(files.settings.feeds, known, zone))


@app.command("try")
def try_(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The feed, as in [feeds.NAME].")],
    look: Annotated[bool, typer.Option("--look", help="Only say what would happen.")] = False,
) -> None:
    """Take in now what a feed has, whether or not its time has come."""
    from threading import Event

    from engine.jobs.feeds import bring
    from engine.screen.feeds import came_drawn

    edge = edge_of(ctx)
    came = bring(edge.workspace, name, edge.clock, Event(), only_look=look)
    for one in came:
        if one.bad and one.problems:
            edge.show_problems(one.problems)
    edge.show(came_drawn(came))
    if any(one.bad for one in came):
        raise typer.Exit(1)


def push(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="JSON with event and rows; - is the input.")],
    by: Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who says so.")] = None,
) -> None:
    """Take in what another program says has changed: invoices, credit notes, payments, customers."""
    from engine.jobs.push import push_text

    edge = edge_of(ctx)
    data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    report = push_text(edge.workspace, data, now=edge.clock(), by=author(by))
    edge.write_json(report.told())
    if report.problems:
        raise typer.Exit(1)


def _told(state: Any) -> dict[str, Any]:
    return {name: getattr(state, name) for name in state.__slots__}
