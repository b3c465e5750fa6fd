"""Champion and challenger: what followed on each side."""

from __future__ import annotations

from typing import Annotated

import typer

from engine.cli.edge import edge_of


def compare(
    ctx: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="[NAME]", help="A comparison of house.yaml; all if nothing is said.")
    ] = "",
    days: Annotated[
        int, typer.Option("--days", metavar="N", min=1, max=365, help="For how long accounts are followed.")
    ] = 30,
    json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Compare two policies by what followed: who paid in time, what was promised, what it cost."""
    from engine.jobs.compare import compare as compared
    from engine.screen.compare import compared_drawn, compared_value

    edge = edge_of(ctx)
    with edge.reading() as conn:
        told = compared(edge.at_hand, conn, name.strip(), days)
    if json:
        edge.write_json(compared_value(told))
        return
    edge.show(compared_drawn(told, width=edge.screen.width))
