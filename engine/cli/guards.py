"""What protects customers: the guards and their exceptions, and what a customer asked for about contact."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from engine.cli.casework import Account, By, Json, On
from engine.cli.edge import Edge, edge_of

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from engine.jobs.cases import Who

Because = Annotated[str, typer.Option("--because", metavar="TEXT", help="Why.")]
Until = Annotated[str | None, typer.Option("--until", metavar="DATE", help="The last day of it.")]


def said(edge: Edge, by: str | None, on: str | None, work: Callable[[Engine, Who], str]) -> None:
    """One verb by somebody on a day, and what came of it."""
    who = edge.who(by, edge.day("--on", on))
    edge.has_ledger()
    engine = edge.workspace.database()
    try:
        edge.say(work(engine, who))
    finally:
        engine.dispose()


def guards(ctx: typer.Context, on: On = None, json: Json = False) -> None:
    """List every guard with what it does and where it is on, and the exceptions in force."""
    from engine.core.cases.guards import standings
    from engine.jobs.cases.guards import exceptions
    from engine.screen.guards import guards_drawn, guards_value
    from engine.store.wishes import in_force

    edge = edge_of(ctx)
    house, day = edge.live.live.house, edge.day("--on", on)
    with edge.reading() as conn:
        aside, rules = exceptions(conn, day), in_force(conn, "main", day)
    if json:
        edge.write_json(guards_value(standings(house), aside, rules))
    else:
        edge.show(guards_drawn(standings(house), aside, rules, width=edge.screen.width))


def guard(
    ctx: typer.Context,
    account: Account,
    name: Annotated[
        str, typer.Argument(metavar="[NAME]", help="A guard, as “dunwell guards” calls it.")
    ] = "",
    off: Annotated[bool, typer.Option("--off", help="Set it aside for this account.")] = False,
    lift: Annotated[bool, typer.Option("--lift", help="End the exception: it holds again.")] = False,
    because: Because = "",
    until: Until = None,
    on: On = None,
    by: By = None,
    json: Json = False,
) -> None:
    """Say whether an account may be called or written to now; or set a guard aside for it, with a reason and a last day."""
    from engine.jobs.cases import guards as verbs

    edge = edge_of(ctx)
    if not off and not lift:
        _conduct(edge, account, on, json)
        return
    if not name:
        raise typer.BadParameter("name the guard: dunwell guard ACCOUNT calls --off …", param_hint="NAME")
    if lift:
        said(edge, by, on, lambda engine, who: verbs.set_again(engine, account, name, who))
        return
    if not because.strip():
        raise typer.BadParameter(
            "say why: --because “they asked us to call on Friday”", param_hint="--because"
        )
    if until is None:
        raise typer.BadParameter("say until when: --until 2026-12-11", param_hint="--until")
    ws, last = edge.live, edge.day("--until", until)
    said(
        edge,
        by,
        on,
        lambda engine, who: verbs.set_aside(ws, engine, account, name, who, because=because, until=last),
    )


def _conduct(edge: Edge, account: str, on: str | None, json: bool) -> None:
    from engine.jobs.cases.guards import conduct
    from engine.screen.guards import conduct_drawn, conduct_value

    ws = edge.live
    with edge.reading() as conn:
        found = conduct(ws, conn, account, edge.moment_of(edge.day("--on", on)))
    if json:
        edge.write_json(conduct_value(found))
    else:
        edge.show(conduct_drawn(found))


def contact_rule(
    ctx: typer.Context,
    account: Account,
    rule: Annotated[
        str,
        typer.Argument(metavar="RULE", help="no calls, email only, no contact, via attorney, wrong number."),
    ],
    whom: Annotated[
        str,
        typer.Option("--whom", metavar="NAME", help="One person there: a name, a number, an address."),
    ] = "",
    because: Because = "",
    until: Until = None,
    lift: Annotated[bool, typer.Option("--lift", help="End it.")] = False,
    on: On = None,
    by: By = None,
) -> None:
    """Write down how a customer, or one person there, wants to be reached; or end that."""
    from engine.jobs.cases import wishes

    edge = edge_of(ctx)
    if lift:
        said(
            edge,
            by,
            on,
            lambda engine, who: wishes.lift_wish(engine, account, rule, who, whom=whom, because=because),
        )
        return
    if not because.strip():
        raise typer.BadParameter("say why: --because “asked for it on the phone”", param_hint="--because")
    last = edge.day("--until", until) if until is not None else None
    said(
        edge,
        by,
        on,
        lambda engine, who: wishes.wish(engine, account, rule, who, because=because, whom=whom, until=last),
    )
