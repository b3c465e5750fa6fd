"""A caller's desk: today's list, the one account that is called, who is away, how calls went."""

from __future__ import annotations

from typing import Annotated

import typer

from engine.cli.casework import By, Json, On, _do
from engine.cli.edge import edge_of

_SCREEN = 50  # rows of the list that a look shows


def worklist(
    ctx: typer.Context,
    person: Annotated[str | None, typer.Option("--person", metavar="ID", help="Of one person.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="All of it, and what does not fit today.")] = False,
    why: Annotated[bool, typer.Option("--why", help="Show what each score is made of.")] = False,
    on: On = None,
    json: Json = False,
) -> None:
    """Show the calls, tasks and approvals that wait for people today, in the order of the house's score."""
    from zoneinfo import ZoneInfo

    from engine.errors import NotFound
    from engine.jobs.worklist import worklist as list_
    from engine.screen.worklist import worklist_drawn, worklist_value

    edge = edge_of(ctx)
    ws = edge.workspace
    people = ws.settings.people
    if person is not None and person not in people:
        raise NotFound("person", person, tuple(people))
    most = None if json or all_ else _SCREEN
    day = edge.day("--on", on)
    with edge.reading() as conn:
        found = list_(ws, conn, edge.house, on=day, person=person, everything=all_, most=most)
    zone = ZoneInfo(ws.settings.workspace.zone)
    if json:
        edge.write_json(worklist_value(found, zone))
    else:
        names = {id: one.name for id, one in people.items()}
        edge.show(worklist_drawn(found, names, zone, width=edge.screen.width, why=why))


def absent(
    ctx: typer.Context,
    person: Annotated[str, typer.Argument(metavar="PERSON", help="As in [people] of dunwell.toml.")],
    until: Annotated[str | None, typer.Option("--until", metavar="DATE", help="The last day away.")] = None,
    from_: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="The first; else today.")
    ] = None,
    because: Annotated[str, typer.Option("--because", metavar="TEXT", help="Why.")] = "",
    back: Annotated[bool, typer.Option("--back", help="They work again, from today.")] = False,
    on: On = None,
    by: By = None,
) -> None:
    """Write down who does not work for a while: their calls go to others who have the role."""
    from engine.jobs.cases import absences

    edge = edge_of(ctx)
    names = {id: one.name for id, one in edge.workspace.settings.people.items()}
    if back:
        _do(edge, by, on, lambda engine, who: absences.back(engine, person, who, names))
        return
    if until is None:
        raise typer.BadParameter(
            "say which day is the last: --until 2026-12-04, or --back", param_hint="--until"
        )
    last = edge.day("--until", until)
    first = edge.day("--from", from_) if from_ is not None else None
    _do(
        edge,
        by,
        on,
        lambda engine, who: absences.absent(
            engine, person, who, names, until=last, from_day=first, because=because
        ),
    )
