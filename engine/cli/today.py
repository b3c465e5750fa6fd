"""Today: what is due goes out, and why each account got what it got."""

from __future__ import annotations

from datetime import UTC, date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.cli import coming
from engine.cli.edge import Edge, author, edge_of

if TYPE_CHECKING:
    from engine.jobs.workspace import Workspace

On = Annotated[str | None, typer.Option("--on", metavar="DATE", help="The day; else today.")]
Json = Annotated[bool, typer.Option("--json", help="For programs.")]


def run(
    ctx: typer.Context,
    on: On = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show it: the preview of the day.")] = False,
    agree: Annotated[
        bool, typer.Option("--agree", help="Let a run go that was stopped because it wants more than usual.")
    ] = False,
    by: Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who agrees.")] = None,
    json: Json = False,
) -> None:
    """Decide the day, write it down, and let it go out. Twice the same day does nothing the second time."""
    edge = edge_of(ctx)
    ws = edge.live if dry_run else edge.thorough
    edge.say_what_decides()
    day = edge.day("--on", on)
    if dry_run:
        _rehearse(edge, ws, day, json)
        return
    from engine.core import sentences
    from engine.jobs import evaluate, releases, shared
    from engine.jobs.asked_again import assert_again
    from engine.jobs.deliver import deliver_now
    from engine.screen.today import run_drawn, run_value
    from engine.store.shared import SharedRun

    edge.has_ledger()
    _not_too_early(edge, ws, day)
    moment = edge.moment_of(day).astimezone(UTC)
    releases.used(ws, edge.clock().astimezone(UTC), author(by))
    agreed = author(by) if agree else ""
    begun = shared.shared_out(ws, on=day, now=moment, agreed=agreed)
    if isinstance(begun, SharedRun):
        if json:
            edge.write_json({"on": day, "shared_out": begun.parts})
        else:
            edge.tell(sentences.shared_out(day, begun.parts) + "; “dunwell status” says how far they are")
        raise typer.Exit(0)
    report = begun or evaluate.run(ws, on=day, now=moment, agreed=agreed)
    delivered = None if report.stopped else deliver_now(ws, now=moment)
    for said in () if report.stopped else assert_again(ws, lambda: moment):
        edge.tell(said)
    if json:
        edge.write_json(run_value(report, delivered))
    else:
        edge.show(run_drawn(report, delivered, ws.live.house.currency, edge.moment().tzinfo or UTC))
    raise typer.Exit(1 if report.stopped or report.faults else 0)


def explain(
    ctx: typer.Context,
    account: Annotated[str, typer.Argument(metavar="ACCOUNT")],
    on: On = None,
    why_not: Annotated[
        str | None,
        typer.Option("--why-not", metavar="STEP", help="What stands in the way of a step, and until when."),
    ] = None,
    json: Json = False,
) -> None:
    """Say why an account gets what it gets, or nothing: which policy, which step, which gate, which line."""
    from engine.jobs.explain import explain as explained
    from engine.screen.explain import explanation_drawn, explanation_value

    edge = edge_of(ctx)
    ws = edge.live
    edge.say_what_decides()
    edge.has_ledger()
    day = edge.day("--on", on)
    told = explained(ws, account, on=day, now=edge.moment(), why_not=why_not or "")
    if json:
        edge.write_json(explanation_value(told))
    else:
        edge.show(explanation_drawn(told))


def _rehearse(edge: Edge, ws: Workspace, day: date, json: bool) -> None:
    from engine import exports
    from engine.core.decision.plan import NOTHING_PAID
    from engine.screen.preview import preview_drawn

    view = coming.look(edge, ws, day, 1, NOTHING_PAID)
    if json:
        told: dict[str, Any] = {"on": day, "dry_run": True, "actions": len(view.actions)}
        edge.write_json({**told, "preview": exports.preview_value(view)})
    else:
        edge.show(preview_drawn(view, width=edge.screen.width, calendar=ws.calendar.name))


def _not_too_early(edge: Edge, ws: Workspace, day: date) -> None:
    """A day that has not come must not send real mail."""
    from engine.errors import Refused
    from engine.screen.written import full_day

    if day > edge.moment().date() and ws.settings.mail.host:
        raise Refused(
            f"{full_day(day)} has not come, and mail would really go out",
            f"dunwell preview --day {day}  shows it",
        )
