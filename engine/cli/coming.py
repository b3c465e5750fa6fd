"""The coming days, before anything happens."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from engine.cli.edge import Edge, edge_of, write_bytes, write_file

if TYPE_CHECKING:
    from engine.core.decision.summary import Preview
    from engine.jobs.workspace import Workspace

_WEEK = 7
_MOST_DAYS = 92


class Show(StrEnum):
    """What is listed one by one."""

    HELD = "held"
    APPROVALS = "approvals"
    ACTIONS = "actions"


def preview(
    ctx: typer.Context,
    week: Annotated[bool, typer.Option("--week", help="Seven days; so it is if nothing is said.")] = False,
    days: Annotated[
        int | None, typer.Option("--days", metavar="N", min=1, max=_MOST_DAYS, help="So many days.")
    ] = None,
    day: Annotated[
        str | None, typer.Option("--day", metavar="D", help="One day: a date, tomorrow, monday.")
    ] = None,
    start: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="The first day; else today.")
    ] = None,
    policy: Annotated[str | None, typer.Option("--policy", metavar="P", help="Of one policy.")] = None,
    account: Annotated[
        str | None,
        typer.Option("--account", metavar="A", help="Of one account, with the texts it would get."),
    ] = None,
    show: Annotated[Show | None, typer.Option("--show", help="List one by one.")] = None,
    json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="A table of all actions and held steps.")] = False,
    xlsx: Annotated[str | None, typer.Option("--xlsx", metavar="FILE", help="A workbook.")] = None,
    html: Annotated[
        str | None, typer.Option("--html", metavar="FILE", help="A page that needs nothing else.")
    ] = None,
    ics: Annotated[str | None, typer.Option("--ics", metavar="FILE", help="For a calendar.")] = None,
    files: Annotated[
        bool, typer.Option("--files", help="With the files, where they are not what is live.")
    ] = False,
    assume: Annotated[
        str | None, typer.Option("--assume", metavar="WHAT", help="“promises kept”; else nothing is paid.")
    ] = None,
) -> None:
    """Show the coming week: what goes, what waits and why. Nothing is sent and nothing is written."""
    edge = edge_of(ctx)
    if sum((week, days is not None, day is not None)) > 1:
        raise typer.BadParameter("one of --week, --days and --day is enough", param_hint="--days")
    assumes = assumed(assume)
    ws = edge.files if files else edge.live
    if not files:
        edge.say_what_decides()
    first = edge.day("--day", day) if day is not None else _first(edge, ws, start)
    view = look(
        edge, ws, first, 1 if day is not None else days or _WEEK, assumes, _policy(ws, policy), account
    )
    if json or csv or xlsx or html or ics:
        _export(edge, view, json, csv, xlsx, html, ics)
        return
    _halted(edge)
    _draw(edge, ws, view, show)
    if account is not None:
        _texts(edge, ws, view, account)


def look(
    edge: Edge,
    ws: Workspace,
    first: date,
    days: int,
    assumes: str,
    policy: str | None = None,
    account: str | None = None,
) -> Preview:
    from engine.jobs import ahead
    from engine.screen.narrowed import narrowed

    edge.has_ledger()
    if account is not None:
        from engine.jobs.cases import must_know

        with edge.reading() as conn:
            must_know(conn, account)
    view = ahead.preview(
        ws,
        start=first,
        days=days,
        now=edge.moment(),
        assumes=assumes,
        policy=policy,
        account=account,
    )
    return view if policy is None and account is None else narrowed(view)


def _halted(edge: Edge) -> None:
    """Above the days: whatever they show, nothing moves for now."""
    from engine.store import halts

    with edge.glance() as view:
        for halt in halts.halts(view):
            edge.say(f"Nothing is decided or sent: {halt.sentence}; {halt.remedy}.", "red")


def show_week(edge: Edge) -> None:
    """The week as `dunwell preview` shows it when nothing is said."""
    ws = edge.live
    _draw(edge, ws, look(edge, ws, _first(edge, ws, None), _WEEK, assumed(None)), None)


def _first(edge: Edge, ws: Workspace, start: str | None) -> date:
    """Today, or the first open day after it: a preview on a Sunday begins with Monday."""
    if start is not None:
        return edge.day("--from", start)
    return ws.calendar.next_open(edge.day("--from", None))


def assumed(assume: str | None) -> str:
    """What a look ahead takes for granted, as it is written."""
    from engine.core.decision.plan import NOTHING_PAID, PROMISES_KEPT

    wanted = " ".join((assume or NOTHING_PAID).lower().split())
    if wanted not in (NOTHING_PAID, PROMISES_KEPT):
        raise typer.BadParameter(
            f"“{assume}” is no assumption; write “{PROMISES_KEPT}”, or “{NOTHING_PAID}”",
            param_hint="--assume",
        )
    return wanted


def _policy(ws: Workspace, policy: str | None) -> str | None:
    from difflib import get_close_matches

    from engine.errors import NotFound

    ids = [one.id for one in ws.live.policies]
    if policy is not None and policy not in ids:
        raise NotFound("policy", policy, tuple(get_close_matches(policy, ids, 2, 0.5)) or tuple(ids))
    return policy


def _draw(edge: Edge, ws: Workspace, view: Preview, show: Show | None) -> None:
    from engine.screen.preview import actions_drawn, held_drawn, preview_drawn

    width = edge.screen.width
    match show:
        case Show.HELD:
            edge.show(held_drawn(view, width=width))
        case Show.APPROVALS | Show.ACTIONS:
            edge.show(actions_drawn(view, approvals=show is Show.APPROVALS, width=width))
        case _:
            edge.show(preview_drawn(view, width=width, calendar=ws.calendar.name))


def _texts(edge: Edge, ws: Workspace, view: Preview, account: str) -> None:
    """The final text of each message that the account would get in these days."""
    from engine.jobs.messages import message
    from engine.screen.written import does, full_day

    written = [action for action in view.actions if action.account == account and action.kind.written]
    for action in written:
        edge.say("")
        edge.screen.rule(f"{full_day(action.on)} · {does(action.kind, action.value)}", style="dim")
        text = message(ws, account, action.on, action.kind, now=edge.moment_of(action.on))
        edge.screen.out(text, highlight=False)


def _export(
    edge: Edge, view: Preview, json: bool, csv: bool, xlsx: str | None, html: str | None, ics: str | None
) -> None:
    from engine import exports
    from engine.cli.edge import json_bytes

    if json:
        write_bytes(json_bytes(exports.preview_value(view)))
    if csv:
        write_bytes(exports.preview_csv(view))
    for path, make in (
        (xlsx, exports.preview_xlsx),
        (html, exports.preview_html),
        (ics, lambda seen: exports.preview_ics(seen, edge.clock())),
    ):
        if path and (said := write_file(path, make(view))):
            edge.say(said)
