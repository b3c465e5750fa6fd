"""The figures of a period, and whether one has left its band."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from engine.cli.edge import Edge, edge_of, write_bytes, write_file

if TYPE_CHECKING:
    from engine.core.figures.report import Report


class Ageing(StrEnum):
    """What the age of an open item is counted from."""

    PAST_DUE = "past-due"
    INVOICE_DATE = "invoice-date"
    MONTHS = "months"


def report(
    ctx: typer.Context,
    first: Annotated[
        str | None,
        typer.Option("--from", metavar="DATE", help="The first day; else the 30 days up to the last."),
    ] = None,
    last: Annotated[
        str | None, typer.Option("--to", metavar="DATE", help="The last day; else that of the newest ledger.")
    ] = None,
    month: Annotated[str | None, typer.Option("--month", metavar="YYYY-MM", help="A calendar month.")] = None,
    policy: Annotated[str, typer.Option("--policy", metavar="P", help="Of one policy's accounts.")] = "",
    currency: Annotated[
        str, typer.Option("--currency", metavar="CODE", help="Of one currency of the ledger.")
    ] = "",
    ageing: Annotated[Ageing, typer.Option("--ageing", help="What age is counted from.")] = Ageing.PAST_DUE,
    net: Annotated[
        bool, typer.Option("--net", help="Set credits against the oldest due of their account first.")
    ] = False,
    all_: Annotated[bool, typer.Option("--all", help="Every figure and table.")] = False,
    definitions: Annotated[
        bool, typer.Option("--definitions", help="Every figure, with what it means.")
    ] = False,
    review: Annotated[
        bool, typer.Option("--review", help="Look at the bands now, and make a task for each figure outside.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    csv: Annotated[
        bool, typer.Option("--csv", help="A table: a line for each figure, currency and month.")
    ] = False,
    xlsx: Annotated[str | None, typer.Option("--xlsx", metavar="FILE", help="A workbook.")] = None,
    html: Annotated[
        str | None, typer.Option("--html", metavar="FILE", help="A page that needs nothing else.")
    ] = None,
    by: Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who asks for the review.")] = None,
) -> None:
    """Show what is owed, how fast it comes in, and what calls, messages and promises come to."""
    from engine.core.figures.ageing import Convention
    from engine.core.figures.registry import FIGURES
    from engine.jobs.report import Asked, made

    edge = edge_of(ctx)
    if review:
        _review(edge, by, json)
        return
    begins, ends = _days(edge, first, last, month)
    brief = not (all_ or definitions or json or csv or xlsx or html)
    asked = Asked(
        begins,
        ends,
        policy,
        currency.strip().upper(),
        Convention(ageing.value.replace("-", " ")),
        net,
        frozenset(figure.name for figure in FIGURES if figure.first) if brief else None,
    )
    with edge.reading() as conn:
        found = made(edge.workspace, conn, asked)
    if json or csv or xlsx or html:
        _export(edge, found, json, csv, xlsx, html)
        return
    from engine.screen.report import report_drawn

    edge.show(report_drawn(found, width=edge.screen.width, all_=all_, definitions=definitions))


def _days(
    edge: Edge, first: str | None, last: str | None, month: str | None
) -> tuple[date | None, date | None]:
    if month is not None:
        from engine.core.figures.periods import month_of

        if first is not None or last is not None:
            raise typer.BadParameter("a month has its days already", param_hint="--month")
        try:
            whole = month_of(date.fromisoformat(f"{month.strip()}-01"))
        except ValueError:
            hint = f"write it as {edge.moment():%Y-%m}"
            raise typer.BadParameter(f"“{month}” is no month; {hint}", param_hint="--month") from None
        return whole.first, whole.last
    begins = edge.day("--from", first) if first is not None else None
    return begins, edge.day("--to", last) if last is not None else None


def _review(edge: Edge, by: str | None, json: bool) -> None:
    """Look at the bands by hand; the same figure is asked about once a month."""
    from engine.jobs.reviews import review

    ws = edge.live
    with edge.writing() as conn:
        found = review(ws, conn, edge.who(by, edge.day("--on", None)))
    if json:
        from engine.exports.report import left_value

        edge.write_json({"left": [left_value(each) for each in found.left], "new": list(found.new)})
        return
    from engine.screen.report import left_said

    edge.say(found.sentence)
    for each in found.left:
        edge.say(f"  {left_said(each)}")
    if found.left:
        edge.say("  dunwell worklist  has the tasks", "dim")


def _export(edge: Edge, found: Report, json: bool, csv: bool, xlsx: str | None, html: str | None) -> None:
    from engine.cli.edge import json_bytes
    from engine.exports import report as exports

    if json:
        write_bytes(json_bytes(exports.report_value(found)))
    if csv:
        write_bytes(exports.report_csv(found))
    if xlsx and (said := write_file(xlsx, exports.report_xlsx(found))):
        edge.say(said)
    if html:
        from engine.exports.report_page import report_html

        if said := write_file(html, report_html(found)):
            edge.say(said)
