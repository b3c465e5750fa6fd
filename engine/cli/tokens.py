"""Tokens: which programs may ask the desk for things, and for what."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from engine.cli.casework import By, Json
from engine.cli.edge import edge_of

app = typer.Typer(
    no_args_is_help=True, help="Which programs may ask the desk for things: make, list and end tokens."
)
Name = Annotated[str, typer.Argument(metavar="NAME", help="The program, as in erp-sync.")]


@app.command()
def add(
    ctx: typer.Context,
    name: Name,
    scope: Annotated[
        list[str],
        typer.Option(
            "--scope", metavar="SCOPE", help="status, read, push, confirm or work; may be repeated."
        ),
    ],
    until: Annotated[
        str, typer.Option("--until", metavar="DATE", help="Its last day; else until it is ended.")
    ] = "",
    by: By = None,
) -> None:
    """Make a token. It is shown once, and kept nowhere."""
    from engine.jobs import tokens

    edge = edge_of(ctx)
    ws = edge.workspace
    secret = tokens.make(ws.database(), ws.files, name, scope, until, edge.who(by, edge.day("", None)))
    edge.say(secret)


@app.command("list")
def list_(ctx: typer.Context, json: Json = False) -> None:
    """Show the tokens there are and were, what each may, and when it was last used."""
    from engine.screen.tokens import tokens_drawn, tokens_value
    from engine.store.tokens import tokens

    edge = edge_of(ctx)
    with edge.reading() as conn:
        found = tokens(conn)
    if json:
        edge.write_json(tokens_value(found))
    else:
        edge.show(tokens_drawn(found, edge.clock(), ZoneInfo(edge.workspace.settings.workspace.zone)))


@app.command()
def end(ctx: typer.Context, name: Name, by: By = None) -> None:
    """End a token: it opens nothing any more."""
    from engine.jobs import tokens

    edge = edge_of(ctx)
    edge.has_ledger()
    edge.say(tokens.end(edge.workspace.database(), name, edge.who(by, edge.day("", None))))
