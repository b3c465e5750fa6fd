"""Whether all is set up as it should be: what to mend before the service can be relied on."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path
from typing import Annotated

import typer

from engine.cli.edge import edge_of


def doctor(
    ctx: typer.Context,
    deep: Annotated[
        bool, typer.Option("--deep", help="Read the whole database, to see that it is whole.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Look through settings, policies, database, disk, clock, mail and people, and say what to mend."""
    from engine.jobs.doctor import examine, mended
    from engine.screen.doctor import doctor_drawn, doctor_value

    edge = edge_of(ctx)
    found = examine(edge.folder, Path.cwd(), now=edge.clock().astimezone(UTC), deep=deep)
    if json:
        edge.write_json(doctor_value(found))
    else:
        edge.show(doctor_drawn(found))
    raise typer.Exit(0 if mended(found) else 1)
