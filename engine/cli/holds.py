"""Terms, holds and less service, asked for by people, and the way back from them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from engine.cli.casework import Account, By, Json, On
from engine.cli.edge import edge_of

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from engine.core.cases.restrictions import What
    from engine.jobs.cases import Who

Because = Annotated[str, typer.Option("--because", metavar="TEXT", help="Why.")]
Reason = Annotated[
    str,
    typer.Option(
        "--reason",
        metavar="CODE",
        help="delinquency, credit-report, industry-news, pool-wide or other; delinquency if it is overdue.",
    ),
]
Review = Annotated[str | None, typer.Option("--review", metavar="DATE", help="When to look at it again.")]
From = Annotated[
    str | None, typer.Option("--from", metavar="DATE", help="From when it holds; else the next open day.")
]
Told = Annotated[
    str, typer.Option("--told", metavar="TEXT", help="How the customer was told, if not by us in writing.")
]
Notice = Annotated[str, typer.Option("--notice", metavar="TEMPLATE", help="The message to the customer.")]


def _do(ctx: typer.Context, by: str | None, on: str | None, work: Callable[[Engine, Who], str]) -> None:
    edge = edge_of(ctx)
    who = edge.who(by, edge.day("--on", on))
    edge.has_ledger()
    engine = edge.workspace.database()
    try:
        edge.say(work(engine, who))
    finally:
        engine.dispose()


def _ask(
    ctx: typer.Context,
    what: What,
    account: str,
    value: str,
    because: str,
    reason: str,
    days: tuple[str | None, str | None],
    on: str | None,
    by: str | None,
    told: str = "",
    notice: str = "",
) -> None:
    """`days` are those of --review and --from."""
    from engine.jobs.cases import asking

    edge = edge_of(ctx)
    ws = edge.live
    review, first = (
        None if day is None else edge.day(option, day)
        for option, day in zip(("--review", "--from"), days, strict=True)
    )
    _do(
        ctx, by, on,
        lambda engine, who: asking.ask(
            ws, engine, account, what, value, who, because=because, reason=reason, review=review,
            from_day=first, told=told, notice=notice,
        ),
    )  # fmt: skip


def terms(
    ctx: typer.Context,
    account: Account,
    value: Annotated[
        str, typer.Argument(metavar="TERMS", help="“cash on delivery”, “cash in advance”, “net 10”.")
    ],
    because: Because,
    reason: Reason = "",
    review: Review = None,
    from_: From = None,
    told: Told = "",
    notice: Notice = "",
    on: On = None,
    by: By = None,
) -> None:
    """Ask for new terms for an account: with a yes, after the customer has been told."""
    from engine.core.cases.restrictions import What

    _ask(ctx, What.TERMS, account, value, because, reason, (review, from_), on, by, told, notice)


def hold(
    ctx: typer.Context,
    account: Account,
    value: Annotated[str, typer.Argument(metavar="orders|deliveries|credit", help="What waits.")],
    because: Because,
    reason: Reason = "",
    review: Review = None,
    from_: From = None,
    told: Told = "",
    notice: Notice = "",
    on: On = None,
    by: By = None,
) -> None:
    """Ask to hold an account's orders, deliveries or credit: with a yes, after the customer has been told."""
    from engine.core.cases.restrictions import What

    _ask(ctx, What.HOLD, account, value, because, reason, (review, from_), on, by, told, notice)


def reduce_service(
    ctx: typer.Context,
    account: Account,
    value: Annotated[str, typer.Argument(metavar="TEXT", help="How: “one delivery a week”.")],
    because: Because,
    reason: Reason = "",
    review: Review = None,
    on: On = None,
    by: By = None,
) -> None:
    """Lower the service of an account until it is in order: a task for its owner, with a yes."""
    from engine.core.cases.restrictions import What

    _ask(ctx, What.SERVICE, account, value, because, reason, (review, None), on, by)


def release(
    ctx: typer.Context,
    account: Account,
    order: Annotated[str, typer.Option("--order", metavar="NUMBER", help="The order that goes out.")],
    against: Annotated[str, typer.Option("--against", metavar="AMOUNT", help="What is paid first.")],
    because: Because,
    on: On = None,
    by: By = None,
) -> None:
    """Let one order of an account on hold go against a payment."""
    from engine.core.money import read_amount
    from engine.jobs.cases import asking

    ws = edge_of(ctx).live
    house = ws.live.house.currency
    try:
        paid = read_amount(against, house)
    except ValueError as error:
        raise typer.BadParameter(f"{error}; write it as “1,200.50”", param_hint="--against") from None
    _do(
        ctx, by, on,
        lambda engine, who: asking.release_order(
            ws, engine, account, order, paid.minor, paid.currency, who, because=because
        ),
    )  # fmt: skip


def reinstate(
    ctx: typer.Context,
    account: Account,
    because: Because,
    what: Annotated[
        str, typer.Option("--what", metavar="terms|hold|service", help="Which, where there are several.")
    ] = "",
    terms: Annotated[
        str, typer.Option("--terms", metavar="TERMS", help="To go back to, if not those of before.")
    ] = "",
    although: Annotated[
        bool, typer.Option("--although-overdue", help="The account is overdue, and you know it.")
    ] = False,
    on: On = None,
    by: By = None,
) -> None:
    """Give terms, a hold or service back: the ledger system is asked, and the customer is told."""
    from engine.jobs.cases import restoring

    _do(
        ctx, by, on,
        lambda engine, who: restoring.restore(
            engine, account, who, because=because, what=what, terms=terms, although=although
        ),
    )  # fmt: skip


def in_force(
    ctx: typer.Context,
    account: Account,
    what: Annotated[
        str, typer.Option("--what", metavar="terms|hold|service", help="Which, where there are several.")
    ] = "",
    because: Annotated[str, typer.Option("--because", metavar="TEXT", help="Where it was seen.")] = "",
    on: On = None,
    by: By = None,
) -> None:
    """Say that the ledger system has what was asked for: new terms, a hold, or their end."""
    from engine.jobs.cases import restrictions

    _do(
        ctx, by, on,
        lambda engine, who: restrictions.confirm(engine, account, who, because=because, what=what),
    )  # fmt: skip


def restrictions(ctx: typer.Context, json: Json = False) -> None:
    """Show every account on other terms, on hold or with less service: since when, why, by whom, and whether it is so."""
    from engine.jobs.cases.listing import listed
    from engine.screen.holds import restrictions_drawn, restrictions_value

    edge = edge_of(ctx)
    with edge.reading() as conn:
        found = listed(conn)
    if json:
        edge.write_json(restrictions_value(found))
    else:
        names = {id: one.name for id, one in edge.workspace.settings.people.items()}
        edge.show(restrictions_drawn(found, names, width=edge.screen.width))
