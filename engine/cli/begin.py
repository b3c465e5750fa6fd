"""Beginning: a workspace laid out in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from engine.cli.edge import edge_of


def init(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that is new or empty.")],
    sample: Annotated[
        bool, typer.Option("--sample/--no-sample", help="With a made-up ledger to try.")
    ] = True,
    empty: Annotated[
        bool, typer.Option("--empty", help="With nothing: the desk asks for all that is needed.")
    ] = False,
) -> None:
    """Lay out a workspace: policies, messages, settings, and a made-up ledger to try them on."""
    from engine.start import OFFICE, lay_out, lay_out_empty

    edge = edge_of(ctx)
    if empty:
        written = lay_out_empty(folder)
    else:
        written = lay_out(folder, edge.clock().astimezone(OFFICE).date(), sample)
    edge.say(f"{folder} is a workspace now; {len(written)} files.")
    edge.say("")
    edge.say("Next:")
    edge.say(f"  cd {folder}")
    if empty:
        edge.say("  dunwell serve                     shows a link; the desk behind it asks for the rest")
        return
    if sample:
        edge.say("  dunwell import ledger/customers.csv ledger/history.csv ledger/ledger.csv")
    else:
        edge.say("  dunwell import --propose FILE     how your accounting system's export would be read")
        edge.say("  dunwell import FILE")
    edge.say("  dunwell preview")


def demo(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where; made if it is not there.")] = Path(
        "demo"
    ),
) -> None:
    """Show this week of a made-up credit team, in a folder of its own."""
    from engine import start
    from engine.cli import coming

    edge = edge_of(ctx)
    edge.folder = folder
    today = edge.clock().astimezone(start.OFFICE).date()
    if not start.is_ready(folder, today):
        edge.say("A made-up credit team works through its last weeks: half a minute, once a day.", "dim")
    edge.say(start.demo(folder, today), "dim")
    edge.say("")
    coming.show_week(edge)
