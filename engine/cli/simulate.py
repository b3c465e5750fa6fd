"""Past days played again under other policies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.cli.edge import Edge, edge_of, json_bytes, write_bytes, write_file

if TYPE_CHECKING:
    from engine.jobs.simulate import Asked, Played

_MOST_DRAWS = 1000
_MOST_CUSTOMERS = 100_000


def simulate(
    ctx: typer.Context,
    policies: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[POLICIES]...",
            help="Folders, git revisions, “live” or “files”, side by side; else what decides now.",
        ),
    ] = None,
    first: Annotated[
        str | None,
        typer.Option("--from", metavar="DATE", help="The first day; else the first that is known."),
    ] = None,
    last: Annotated[
        str | None, typer.Option("--to", metavar="DATE", help="The last day; else that of the newest ledger.")
    ] = None,
    draws: Annotated[
        int,
        typer.Option(
            "--draws", metavar="N", min=0, max=_MOST_DRAWS, help="Draw days of payment so often, for bands."
        ),
    ] = 0,
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, help="The same draws again.")] = 1,
    by: Annotated[
        str, typer.Option("--by", metavar="FIELD", help="Draw from customers alike in this, as “segment”.")
    ] = "account",
    ledger: Annotated[
        list[Path] | None,
        typer.Option(
            "--ledger", metavar="FILE", help="A file of paid invoices or customers, in place of the ledger."
        ),
    ] = None,
    profile: Annotated[
        str | None, typer.Option("--profile", metavar="NAME", help="profiles/NAME.toml says how to read it.")
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", metavar="DATE", help="The day the file shows, if it does not say."),
    ] = None,
    made_up: Annotated[
        int,
        typer.Option(
            "--made-up",
            metavar="N",
            min=0,
            max=_MOST_CUSTOMERS,
            help="Of N made-up customers, in place of the ledger.",
        ),
    ] = 0,
    account: Annotated[
        str | None, typer.Option("--account", metavar="A", help="Only what one account would have had.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="A table: a line for each contact.")] = False,
    html: Annotated[
        str | None,
        typer.Option("--html", metavar="FILE", help="A page that needs nothing else, with pictures."),
    ] = None,
    svg: Annotated[Path | None, typer.Option("--svg", metavar="DIR", help="The pictures alone.")] = None,
) -> None:
    """Play past days again: whom these policies would have asked, when, and how much work that is. Nothing is sent."""
    from engine.jobs.diff import BrokenBook
    from engine.jobs.simulate import Asked, BrokenFile

    edge = edge_of(ctx)
    if ledger and made_up:
        raise typer.BadParameter("files or made-up customers: one of them", param_hint="--made-up")
    if (profile or as_of) and not ledger:
        raise typer.BadParameter(
            "it is said of a file: name it with --ledger", param_hint="--profile / --as-of"
        )
    asked = Asked(
        tuple(policies or ()),
        edge.day("--from", first) if first is not None else None,
        edge.day("--to", last) if last is not None else None,
        draws,
        seed,
        by,
        tuple(ledger or ()),
        profile,
        edge.day("--as-of", as_of) if as_of is not None else None,
        made_up,
        account,
    )
    try:
        played = _played(edge, asked)
    except (BrokenBook, BrokenFile) as broken:
        edge.show_problems(broken.problems)
        edge.tell(f"dunwell: {broken}")
        raise typer.Exit(1) from None
    _show(edge, played, account, json, csv, html, svg)


def _played(edge: Edge, asked: Asked) -> Played:
    from engine.jobs.simulate import play

    if not asked.files and not asked.made_up:
        edge.has_ledger()
    if not asked.policies:
        edge.say_what_decides()
    ws = edge.workspace if asked.policies else edge.live
    with _progress(edge) as (starts, heard):
        return play(ws, asked, now=edge.moment(), starts=starts, heard=heard)


@contextmanager
def _progress(edge: Edge) -> Iterator[tuple[Callable[[int], None], Callable[[], None]]]:
    """How far it has come, on a terminal."""
    if not edge.screen.is_terminal:
        yield lambda days: None, lambda: None
        return
    from rich.progress import Progress

    with Progress(console=edge.screen, transient=True) as bar:
        task = bar.add_task("days", total=None)
        yield lambda days: bar.update(task, total=days), lambda: bar.advance(task)


def _show(
    edge: Edge, played: Played, account: str | None, json: bool, csv: bool, html: str | None, svg: Path | None
) -> None:
    if account is not None:
        from engine.screen.simulate import account_drawn

        edge.show(account_drawn(played, account))
        return
    if json or csv or html or svg:
        from engine.exports import simulation as exports

        if json:
            write_bytes(json_bytes(exports.simulation_value(played)))
        if csv:
            write_bytes(exports.simulation_csv(played))
        if html and (said := write_file(html, exports.simulation_html(played))):
            edge.say(said)
        if svg:
            svg.mkdir(parents=True, exist_ok=True)
            for name, data in exports.simulation_svgs(played).items():
                edge.say(write_file(str(svg / name), data))
        return
    from engine.screen.simulate import simulation_drawn

    edge.show(simulation_drawn(played, width=edge.screen.width))
