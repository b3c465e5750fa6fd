"""What people do with accounts: calls, approvals, pauses and notes, with their author."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from engine.cli.edge import Edge, edge_of

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from engine.jobs.cases import Who

Account = Annotated[str, typer.Argument(metavar="ACCOUNT")]
By = Annotated[
    str | None,
    typer.Option("--by", "--author", metavar="NAME", help="Who says so; else DUNWELL_USER, or you."),
]
On = Annotated[str | None, typer.Option("--on", metavar="DATE", help="The day it happened; else today.")]
Json = Annotated[bool, typer.Option("--json", help="For programs.")]


def _do(edge: Edge, by: str | None, on: str | None, work: Callable[[Engine, Who], str]) -> None:
    """One verb: the database is opened, the work done by somebody on a day, and what came of it said."""
    who = edge.who(by, edge.day("--on", on))
    edge.has_ledger()
    engine = edge.workspace.database()
    try:
        edge.say(work(engine, who))
    finally:
        engine.dispose()


def log(
    ctx: typer.Context,
    account: Account,
    outcome: Annotated[
        str, typer.Argument(metavar="[OUTCOME]", help="As in policies/outcomes.yaml, or its code: HU, PTP, …")
    ] = "",
    with_: Annotated[str, typer.Option("--with", metavar="NAME", help="Who was spoken with.")] = "",
    answer: Annotated[
        list[str] | None,
        typer.Option("--answer", "-a", metavar="KEY=VALUE", help="What was learned; may be repeated."),
    ] = None,
    then: Annotated[
        str, typer.Option("--then", metavar="OPTION", help="What follows: its name or number.")
    ] = "",
    script: Annotated[str, typer.Option("--script", metavar="NAME", help="Another script for it.")] = "",
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="A remark.")] = "",
    save: Annotated[bool, typer.Option("--save", help="Keep the answers; nothing is logged yet.")] = False,
    another: Annotated[
        bool, typer.Option("--another", help="A further call, not one logged already.")
    ] = False,
    on: On = None,
    by: By = None,
) -> None:
    """Write down what came of a call; what follows is begun."""
    from engine.jobs import cases

    edge = edge_of(ctx)
    answers = dict(_pair(text) for text in answer or ())
    if save:
        answers |= {"spoken with": with_} if with_ else {}
        _do(edge, by, on, lambda engine, who: cases.save(engine, account, answers, who))
        return
    if not outcome:
        raise typer.BadParameter("say what came of the call, as in “no answer”", param_hint="OUTCOME")
    ws = edge.live
    _do(
        edge,
        by,
        on,
        lambda engine, who: cases.log_call(
            engine,
            account,
            outcome,
            who,
            ws.calendar,
            ws=ws,
            spoken_with=with_,
            answers=answers,
            note=note,
            then=then,
            script=script,
            another=another,
        ),
    )


def confirm(
    ctx: typer.Context,
    account: Account,
    send: Annotated[bool, typer.Option("--send", help="It is right: send it.")] = False,
    drop: Annotated[bool, typer.Option("--drop", help="Let it go.")] = False,
    because: Annotated[str, typer.Option("--because", metavar="TEXT", help="Why it is let go.")] = "",
    on: On = None,
    by: By = None,
) -> None:
    """Show the confirmation of what was agreed on the phone, and send it or let it go."""
    from engine.jobs.cases import confirm as confirmation

    if send and drop:
        raise typer.BadParameter("either send it or let it go", param_hint="--send")
    edge = edge_of(ctx)
    ws = edge.live
    if send:
        _do(edge, by, on, lambda engine, who: confirmation.confirm(ws, engine, account, who))
        return
    if drop:
        _do(edge, by, on, lambda engine, who: confirmation.drop(engine, account, who, because=because))
        return
    with edge.reading() as conn:
        edge.say(confirmation.shown(ws, conn, account, edge.clock()))


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise typer.BadParameter(f"“{text}” has no “=”; write it as reason=damaged", param_hint="--answer")
    return key.strip(), value.strip()


def approve(
    ctx: typer.Context,
    which: Annotated[str, typer.Argument(metavar="ACCOUNT|KEY")],
    because: Annotated[str, typer.Option("--because", metavar="TEXT", help="Why.")] = "",
    on: On = None,
    by: By = None,
) -> None:
    """Agree to what waits for approval; it goes if it is still due."""
    from engine.jobs import cases

    edge = edge_of(ctx)
    ws = edge.deciding
    _do(edge, by, on, lambda engine, who: cases.approve(engine, which, who, because=because, ws=ws))


def decline(
    ctx: typer.Context,
    which: Annotated[str, typer.Argument(metavar="ACCOUNT|KEY")],
    because: Annotated[str, typer.Option("--because", metavar="TEXT", help="Why not.")],
    review: Annotated[
        str | None, typer.Option("--review", metavar="DATE", help="Of a way back: when to look again.")
    ] = None,
    on: On = None,
    by: By = None,
) -> None:
    """Refuse what waits for approval; it is not asked again while the account is late."""
    from engine.jobs import cases

    edge = edge_of(ctx)
    ws = edge.deciding
    again = None if review is None else edge.day("--review", review)
    _do(
        edge,
        by,
        on,
        lambda engine, who: cases.decline(engine, which, who, because=because, ws=ws, review=again),
    )


def pause(
    ctx: typer.Context,
    account: Account,
    because: Annotated[str, typer.Option("--because", metavar="TEXT", help="Why.")] = "",
    until: Annotated[str | None, typer.Option("--until", metavar="DATE", help="The last day of it.")] = None,
    lift: Annotated[bool, typer.Option("--lift", help="End it.")] = False,
    on: On = None,
    by: By = None,
) -> None:
    """Let all steps of an account wait through a day, or end that."""
    from engine.jobs import cases

    edge = edge_of(ctx)
    if lift:
        _do(edge, by, on, lambda engine, who: cases.lift_pause(engine, account, who))
        return
    if not because:
        raise typer.BadParameter("say why: --because “new address is being set up”", param_hint="--because")
    last: date | None = edge.day("--until", until) if until is not None else None
    _do(edge, by, on, lambda engine, who: cases.pause(engine, account, who, because=because, until=last))


def note(
    ctx: typer.Context,
    account: Annotated[str, typer.Argument(metavar="[ACCOUNT]", help="Of an account; none with --industry.")],
    text: Annotated[str | None, typer.Argument(metavar="TEXT")] = None,
    outside: Annotated[bool, typer.Option("--outside", help="It comes from outside, with a source.")] = False,
    industry: Annotated[
        str | None, typer.Option("--industry", metavar="NAME", help="Of all accounts of an industry.")
    ] = None,
    source: Annotated[str, typer.Option("--source", metavar="TEXT", help="Whose word it is.")] = "",
    dated: Annotated[str | None, typer.Option("--dated", metavar="DATE", help="The day it is of.")] = None,
    by: By = None,
) -> None:
    """Keep a remark: with an account, from outside, or of a whole industry."""
    from engine.jobs import cases
    from engine.jobs.cases.notes import industry_note

    edge = edge_of(ctx)
    day = edge.day("--dated", dated) if dated is not None else None
    if industry is not None:
        if text is not None:
            raise typer.BadParameter(
                "a note of an industry is of no account: dunwell note --industry NAME TEXT",
                param_hint="ACCOUNT",
            )
        name, words = industry, account
        _do(
            edge,
            by,
            None,
            lambda engine, who: industry_note(engine, name, words, who, source=source, dated=day),
        )
        return
    if text is None:
        raise typer.BadParameter("write the account, then the note in quotation marks", param_hint="TEXT")
    _do(
        edge,
        by,
        None,
        lambda engine, who: cases.note(engine, account, text, who, outside=outside, source=source, dated=day),
    )


def done(
    ctx: typer.Context,
    task: Annotated[
        str, typer.Argument(metavar="ACCOUNT|KEY", help="A task; an account that has one alone.")
    ],
    because: Annotated[str, typer.Option("--because", metavar="TEXT", help="What came of it.")] = "",
    on: On = None,
    by: By = None,
) -> None:
    """Take a task off the list; what waited for it goes on."""
    from engine.jobs.cases import tasks

    _do(edge_of(ctx), by, on, lambda engine, who: tasks.done(engine, task, who, because=because))
