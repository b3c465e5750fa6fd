"""A caller's desk: today's list, the one account that is called, who is away, how calls went."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from engine.cli.casework import By, Json, On, _do
from engine.cli.edge import edge_of

if TYPE_CHECKING:
    from engine.jobs.brief import Brief

_SCREEN = 50  # rows of the list that a look shows


def worklist(
    ctx: typer.Context,
    person: Annotated[str | None, typer.Option("--person", metavar="ID", help="Of one person.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="All of it, and what does not fit today.")] = False,
    why: Annotated[bool, typer.Option("--why", help="Show what each score is made of.")] = False,
    shared: Annotated[
        bool, typer.Option("--shared", help="Without amounts, for a list that strangers can read.")
    ] = False,
    on: On = None,
    json: Json = False,
) -> None:
    """Show the calls, tasks and approvals that wait for people today, in the order of the house's score."""
    from zoneinfo import ZoneInfo

    from engine.errors import NotFound
    from engine.jobs.worklist import worklist as list_
    from engine.screen.worklist import worklist_drawn, worklist_value

    edge = edge_of(ctx)
    people = edge.workspace.settings.people
    if person is not None and person not in people:
        raise NotFound("person", person, tuple(people))
    most = None if json or all_ else _SCREEN
    day = edge.day("--on", on)
    with edge.reading() as conn:
        ws = edge.at_hand
        found = list_(ws, conn, on=day, person=person, everything=all_, most=most)
    zone = ZoneInfo(ws.settings.workspace.zone)
    if json:
        edge.write_json(worklist_value(found, zone))
    else:
        names = {id: one.name for id, one in people.items()}
        edge.show(
            worklist_drawn(
                found, names, zone, width=edge.screen.width, why=why and not shared, amounts=not shared
            )
        )


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


def brief(
    ctx: typer.Context,
    account: Annotated[str, typer.Argument(metavar="ACCOUNT")],
    block: Annotated[
        int | None, typer.Option("--block", metavar="NUMBER", min=1, help="One block of the script alone.")
    ] = None,
    talk: Annotated[
        bool, typer.Option("--talk", help="The script block after block, at each press of Enter.")
    ] = False,
    script: Annotated[str, typer.Option("--script", metavar="NAME", help="Another script.")] = "",
    on: On = None,
    by: By = None,
    json: Json = False,
) -> None:
    """Show what one should know before calling an account: it alone, and the script, a block at a time."""
    from engine.cli.edge import author
    from engine.screen.brief import block_drawn, brief_drawn, brief_value, has_block
    from engine.screen.briefed import waits

    edge = edge_of(ctx)
    day = edge.day("--on", on)

    def read() -> Brief:
        from engine.jobs.brief import brief as briefed

        with edge.reading() as conn:
            now = edge.moment_of(day)
            return briefed(edge.at_hand, conn, account, on=day, now=now, by=author(by), script=script)

    found = read()
    if json:
        edge.write_json(brief_value(found))
        return
    if block is None:
        edge.show(brief_drawn(found, width=edge.screen.width))
    else:
        edge.show(block_drawn(found, has_block(found, block)))
    number = block or 1
    while talk and found.blocks and sys.stdin.readline():
        number += not waits(found, number)
        found = read()  # the reason may be on record by now
        if number > len(found.blocks):
            return
        edge.show(block_drawn(found, number))


def contacts(
    ctx: typer.Context,
    missing: Annotated[
        str | None,
        typer.Option("--missing", metavar="WHAT", help="A role, address, phone, or bounced."),
    ] = None,
    on: On = None,
    json: Json = False,
) -> None:
    """List the accounts that owe something and have no principal, no address, no telephone, or a bounced one."""
    from engine.errors import NotFound
    from engine.jobs.cases.who import near
    from engine.jobs.contacts import GAPS, gaps
    from engine.screen.contacts import gaps_drawn, gaps_value

    edge = edge_of(ctx)
    wanted = " ".join(missing.lower().split()) if missing is not None else None
    if wanted is not None and wanted not in GAPS:
        raise NotFound("gap", wanted, near(wanted, list(GAPS)) or tuple(GAPS))
    with edge.reading() as conn:
        found = gaps(conn, edge.day("--on", on))
    if json:
        edge.write_json(gaps_value(found, wanted))
    else:
        edge.show(gaps_drawn(found, GAPS, wanted, width=edge.screen.width))


def review(
    ctx: typer.Context,
    call: Annotated[int, typer.Argument(metavar="CALL", help="Its number, as the brief shows it.")],
    mark: Annotated[
        list[str] | None,
        typer.Option("--mark", metavar="NAME=1-5", help="listening=4; may be repeated."),
    ] = None,
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="A remark.")] = "",
    on: On = None,
    by: By = None,
) -> None:
    """Keep marks for a call that somebody else has made; none of it is counted against anybody."""
    from engine.jobs.cases import reviews

    marks = dict(_mark(text) for text in mark or ())
    _do(edge_of(ctx), by, on, lambda engine, who: reviews.review(engine, call, marks, who, note=note))


def _mark(text: str) -> tuple[str, int]:
    name, _, value = text.partition("=")
    if not value.strip().isdigit():
        raise typer.BadParameter(f"“{text}” is no mark; write it as listening=4", param_hint="--mark")
    return name.strip().lower(), int(value)
