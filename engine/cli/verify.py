"""Is everything as it must always be?"""

from __future__ import annotations

from typing import Annotated

import typer

from engine.cli.edge import edge_of


def verify(
    ctx: typer.Context,
    since: Annotated[
        str | None,
        typer.Option(
            "--since", metavar="DATE", help="The decisions from this day on; else the newest day's."
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Look at everything that is kept: nothing sent twice, nothing lost, every amount right, the journal whole."""
    from engine.jobs.verify import verify as look
    from engine.screen.alarms import findings_drawn, findings_value
    from engine.store.decisions import Since

    edge = edge_of(ctx)
    first = edge.day("--since", since) if since is not None else None
    with edge.reading() as conn:
        found = look(conn, edge.workspace.files.out, since=Since(day=first))
    if json:
        edge.write_json(findings_value(found))
    else:
        edge.show(findings_drawn(found))
    if not found.whole:
        raise typer.Exit(1)
