"""What is wrong, and that somebody knows of it."""

from __future__ import annotations

from typing import Annotated

import typer

from engine.cli.edge import author, edge_of

app = typer.Typer(invoke_without_command=True, help="What is wrong, and who was told of it.")


@app.callback()
def alarms(
    ctx: typer.Context,
    all_: Annotated[bool, typer.Option("--all", help="Also what is over.")] = False,
    json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Show what is wrong now, the oldest first. Exit code 1 where anything is."""
    if ctx.invoked_subcommand is not None:
        return
    from engine.jobs.alarms import silent
    from engine.screen.alarms import alarms_drawn, alarms_value
    from engine.store import alarms as store

    edge = edge_of(ctx)
    with edge.reading() as conn:
        stands = store.standing(conn)
        over = store.history(conn) if all_ else ()
        hangs = silent(conn, edge.clock())
    if json:
        edge.write_json(alarms_value((*stands, *over), hangs))
    else:
        edge.show(alarms_drawn(stands, over, edge.moment().tzinfo, hangs))
    if stands or hangs:
        raise typer.Exit(1)


@app.command()
def quiet(
    ctx: typer.Context,
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="As “dunwell alarms” shows it.")],
    because: Annotated[str, typer.Option("--because", metavar="TEXT", help="Why.")],
    by: Annotated[
        str | None, typer.Option("--by", metavar="NAME", help="Who says so; else DUNWELL_USER, or you.")
    ] = None,
) -> None:
    """Let nobody be told of it again. It stays on the list until it is over."""
    from engine.errors import NotFound, Refused
    from engine.store import alarms as store

    edge = edge_of(ctx)
    with edge.writing() as conn:
        found = store.find(conn, number)
        if found is None:
            raise NotFound("alarm", str(number))
        if found.cleared_at is not None:
            raise Refused(f"alarm {number} is over already", "“dunwell alarms” shows what is wrong now")
        store.quieted(conn, found, f"{author(by)}: {because}")
    edge.say(f"Nobody is told of alarm {number} again; it stays on the list until it is over.")
