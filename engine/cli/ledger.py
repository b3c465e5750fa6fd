"""The ledger comes in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date
from pathlib import Path
from typing import Annotated

import typer

from engine.cli.edge import Edge, author, edge_of


def import_(
    ctx: typer.Context,
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="CSV or XLSX, in the order to take in.")
    ],
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", metavar="DATE", help="The day the file shows, if it does not say."),
    ] = None,
    profile: Annotated[
        str | None, typer.Option("--profile", metavar="NAME", help="profiles/NAME.toml says how to read it.")
    ] = None,
    customers: Annotated[bool, typer.Option("--customers", help="It is a list of customers.")] = False,
    propose: Annotated[
        bool, typer.Option("--propose", help="Only propose a profile for the file; --profile NAME saves it.")
    ] = False,
    by: Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who says so.")] = None,
) -> None:
    """Take a ledger or a list of customers in: all of a file, or nothing."""
    edge = edge_of(ctx)
    if propose:
        _propose(edge, files, profile)
        return
    day = edge.day("--as-of", as_of) if as_of is not None else None
    if not bring_in(edge, files, as_of=day, profile=profile, customers=customers, by=by):
        raise typer.Exit(1)


def bring_in(
    edge: Edge,
    files: Sequence[Path],
    *,
    as_of: date | None = None,
    profile: str | None = None,
    customers: bool = False,
    by: str | None = None,
) -> bool:
    """Each file in turn, up to the first that is refused."""
    from engine.jobs.intake import is_master, own_profile, take_in
    from engine.screen.imports import import_drawn

    ws = edge.workspace
    for file in files:
        named = profile or own_profile(ws, file)
        master = customers or is_master(ws, file, named)
        taken = take_in(
            ws,
            file,
            now=edge.clock().astimezone(UTC),
            by=author(by),
            as_of=as_of,
            profile=named,
            customers=master,
        )
        if taken.report is None:
            edge.show_problems(taken.problems)
            edge.say(f"{file.name} was not taken in; nothing was changed.", "red")
            if profile is None and named is None:
                edge.say(f"  dunwell import --propose {file}  proposes how it is to be read", "dim")
            return False
        edge.show(import_drawn(taken))
        edge.show_warnings(taken.problems)
    return True


def _propose(edge: Edge, files: Sequence[Path], name: str | None) -> None:
    """How each file would be read: shown, or saved under a name that is free."""
    from engine.errors import Refused
    from engine.jobs.intake import content
    from engine.readers.propose import propose

    if name is None:
        for file in files:
            edge.screen.out(propose(file.name, content(file)).rstrip("\n"), highlight=False)
            edge.say("")
            edge.say(f"# To save it: dunwell import --propose {file} --profile {file.stem}", "dim")
        return
    if len(files) > 1:
        raise typer.BadParameter("a profile is proposed for one file", param_hint="--profile")
    target = edge.workspace.files.profiles / f"{name.removesuffix('.toml')}.toml"
    if target.exists():
        raise Refused(f"{target.name} is there already", "take another name, or edit that one")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(propose(files[0].name, content(files[0])), "utf-8", newline="\n")
    edge.say(
        f"{target.relative_to(edge.workspace.root)} says how {files[0].name} is read; check each line. Then:"
    )
    edge.say(
        f"  dunwell import {files[0]}" + ("" if target.stem == files[0].stem else f" --profile {target.stem}")
    )
