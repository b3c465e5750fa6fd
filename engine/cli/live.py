"""Which policies are live, and a second person's yes or no to a change of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from engine.cli.edge import Edge, author, edge_of

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from engine.settings import Workspace

app = typer.Typer(
    invoke_without_command=True, help="Which policies are live; a second person's yes or no to a change."
)
Number = Annotated[
    int | None, typer.Argument(metavar="[N]", help="The release that is meant, as “dunwell live” shows it.")
]
By = Annotated[
    str | None, typer.Option("--by", metavar="NAME", help="Who says so; else DUNWELL_USER, or you.")
]
Because = Annotated[str, typer.Option("--because", metavar="TEXT", help="Why.")]


@app.callback()
def live(
    ctx: typer.Context,
    diff: Annotated[bool, typer.Option("--diff", help="The change line by line.")] = False,
    json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Show which policies and messages are live, since when, and what would change."""
    if ctx.invoked_subcommand is not None:
        return
    from engine.jobs.changes import shown
    from engine.screen.live import live_drawn, live_value

    edge = edge_of(ctx)
    with edge.reading() as conn:
        found = shown(conn, edge.workspace)
    if json:
        edge.write_json(live_value(found))
    elif diff:
        edge.screen.out(found.diff or "The files are as they are live.\n", end="", highlight=False)
    else:
        edge.show(live_drawn(found, edge.moment().tzinfo or UTC))


@app.command()
def approve(ctx: typer.Context, number: Number = None, by: By = None, because: Because = "") -> None:
    """Agree to the change that waits: it is live."""
    from engine.jobs import consent

    _do(
        ctx,
        lambda engine, files, now: consent.approve(
            engine, files, author(by), now, number=number, because=because
        ),
    )


@app.command()
def decline(
    ctx: typer.Context,
    number: Number = None,
    because: Annotated[str, typer.Option("--because", metavar="TEXT", help="Why not.")] = ...,  # type: ignore[assignment]
    by: By = None,
) -> None:
    """Say no to the change that waits; what is live stays."""
    from engine.jobs import consent

    _do(
        ctx,
        lambda engine, files, now: consent.decline(
            engine, files, author(by), now, number=number, because=because
        ),
    )


@app.command()
def back(ctx: typer.Context, number: Number = None, by: By = None, because: Because = "") -> None:
    """Make an earlier release live again; the files are left as they are."""
    from engine.jobs import consent

    _do(
        ctx,
        lambda engine, files, now: consent.back(
            engine, files, author(by), now, number=number, because=because
        ),
    )


@app.command()
def stage(ctx: typer.Context, by: By = None) -> None:
    """Take the files as they are now: check them, and make them live or let them wait for a second person."""
    from engine.jobs import consent

    edge = edge_of(ctx)
    good = edge.workspace.thorough()
    if good.book is None:
        edge.show_problems(good.problems)
        raise typer.Exit(1)
    _do(
        ctx,
        lambda engine, files, now: (
            "\n".join(consent.stage(engine, files, author(by), now)) or "The files are as they are live."
        ),
    )


def _do(ctx: typer.Context, work: Callable[[Engine, Workspace, datetime], str]) -> None:
    """One answer: the database is opened, the work done, and what came of it said."""
    from engine.jobs.consent import BrokenRelease

    edge: Edge = edge_of(ctx)
    edge.has_ledger()
    engine = edge.workspace.database()
    try:
        edge.say(work(engine, edge.workspace.files, edge.clock().astimezone(UTC)))
    except BrokenRelease as broken:
        edge.show_problems(broken.problems)
        edge.say(f"{broken.sentence[:1].upper()}{broken.sentence[1:]}.", "red")
        raise typer.Exit(1) from None
    finally:
        engine.dispose()
