"""What is agreed with a customer: promises, payment plans, disputes and their end, compromises."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from engine.cli.casework import Account, By, Json, On
from engine.cli.edge import Edge, edge_of

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from engine.jobs.cases import Who

Author = Annotated[str | None, typer.Option("--author", metavar="NAME", help="Who says so.")]
Item = Annotated[
    list[str] | None, typer.Option("--item", metavar="NUMBER", help="An invoice; may be repeated.")
]
With = Annotated[str, typer.Option("--with", metavar="NAME", help="Who was spoken with.")]
Because = Annotated[str, typer.Option("--because", metavar="TEXT", help="Why.")]
Said = Annotated[str, typer.Option("--said", metavar="TEXT", help="In the customer's words.")]


def _do(edge: Edge, by: str | None, on: str | None, work: Callable[[Engine, Who], str]) -> None:
    """One verb by somebody, on a day that has come; what came of it is said."""
    from engine.errors import Refused

    day = edge.day("--on", on)
    if day > edge.moment().date():
        raise Refused(f"{day} is a day to come", "write the day on which it happened")
    who = edge.who(by, day)
    edge.has_ledger()
    engine = edge.workspace.database()
    try:
        edge.say(work(engine, who))
    finally:
        engine.dispose()


def _money(
    engine: Engine, account: str, text: str, house: str, items: Sequence[str], option: str
) -> tuple[int, str | None]:
    """Minor units, and the currency where one is named."""
    from engine.jobs.cases.owing import minor_of

    try:
        return minor_of(engine, account, text, house, items)
    except ValueError as error:
        raise typer.BadParameter(f"{error}; write it as “1,200.50”", param_hint=option) from None


def promise(
    ctx: typer.Context,
    account: Account,
    amount: Annotated[
        str, typer.Argument(metavar="[AMOUNT]", help="“1,200”, “1,200 EUR”, or “all”.", show_default=False)
    ] = "",
    pays: Annotated[
        str | None, typer.Option("--by", metavar="DATE", help="When the money is to come.")
    ] = None,
    check: Annotated[str, typer.Option("--check", metavar="NUMBER", help="It comes by this cheque.")] = "",
    mailed: Annotated[
        str | None, typer.Option("--mailed", metavar="DATE", help="When the cheque was mailed.")
    ] = None,
    item: Item = None,
    with_: With = "",
    said: Said = "",
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take a promise back.")] = False,
    because: Because = "",
    on: On = None,
    author: Author = None,
) -> None:
    """Write down a promise to pay: what it covers waits, and starts again if it is broken."""
    from engine.core.cases.promises import Kind, check_comes
    from engine.jobs import cases

    edge = edge_of(ctx)
    items = tuple(item or ())
    if withdraw:
        if not because:
            raise typer.BadParameter("say why: --because “it was another customer”", param_hint="--because")
        _do(
            edge,
            author,
            on,
            lambda engine, who: cases.withdraw(engine, account, who, because=because, items=items),
        )
        return
    if not amount:
        raise typer.BadParameter("say how much: 1,200, or all", param_hint="AMOUNT")
    sent = edge.day("--mailed", mailed) if mailed is not None else None
    if pays is None and sent is None:
        by_check = " or when the cheque was mailed: --mailed monday" if check else ""
        raise typer.BadParameter(f"say when the money is to come: --by friday{by_check}", param_hint="--by")
    ws = edge.live
    day = edge.day("--by", pays) if pays is not None else None

    def work(engine: Engine, who: Who) -> str:
        minor: int | None = None
        currency: str | None = None
        if amount.strip().lower() != "all":
            minor, currency = _money(engine, account, amount, ws.live.house.currency, items, "AMOUNT")
        return cases.promise(
            engine,
            account,
            day or check_comes(sent or who.on, who.on),
            who,
            ws.calendar,
            amount=minor,
            currency=currency,
            items=items,
            said=said,
            kind=Kind.CHECK if check or sent else Kind.PAYMENT,
            spoken_with=with_,
            check_number=check,
            mailed_on=sent,
        )

    _do(edge, author, on, work)


def plan(
    ctx: typer.Context,
    account: Account,
    instalments: Annotated[
        int | None, typer.Option("--instalments", metavar="N", help="How many payments.")
    ] = None,
    amount: Annotated[
        str, typer.Option("--amount", metavar="AMOUNT", help="Of each; the last takes the rest.")
    ] = "",
    first: Annotated[
        str | None, typer.Option("--first", metavar="DATE", help="Of the first payment.")
    ] = None,
    every: Annotated[str, typer.Option("--every", metavar="TIME", help="month, week, 2 weeks, …")] = "month",
    item: Item = None,
    with_: With = "",
    because: Because = "",
    agree: Annotated[
        bool, typer.Option("--agree", help="Though it is more a month than they have paid.")
    ] = False,
    end: Annotated[bool, typer.Option("--end", help="End the plan that runs.")] = False,
    show: Annotated[
        bool, typer.Option("--show", help="The plans of the account; this is the default.")
    ] = False,
    on: On = None,
    by: By = None,
    json: Json = False,
) -> None:
    """Agree on instalments: their invoices wait while each comes in time. Without more, show the plans there are."""
    from engine.core.cases.plans import read_every
    from engine.jobs import cases

    edge = edge_of(ctx)
    items = tuple(item or ())
    if end:
        if not because:
            raise typer.BadParameter("say why: --because “they pay all at once”", param_hint="--because")
        _do(
            edge,
            by,
            on,
            lambda engine, who: cases.end_plan(engine, account, who, because=because, items=items),
        )
        return
    if show or (instalments is None and not amount and first is None):
        _show_plans(edge, account, json)
        return
    if first is None:
        raise typer.BadParameter("say when the first payment comes: --first friday", param_hint="--first")
    often = read_every(every)
    if often is None:
        raise typer.BadParameter(
            f"“{every}” is no time between payments: write month, or 2 weeks", param_hint="--every"
        )
    ws = edge.live
    day = edge.day("--first", first)

    def work(engine: Engine, who: Who) -> str:
        minor: int | None = None
        currency: str | None = None
        if amount:
            minor, currency = _money(engine, account, amount, ws.live.house.currency, items, "--amount")
        return cases.plan(
            ws,
            engine,
            account,
            who,
            first=day,
            count=instalments,
            amount=minor,
            currency=currency,
            every=often,
            items=items,
            spoken_with=with_,
            because=because,
            agree=agree,
        )

    _do(edge, by, on, work)


def _show_plans(edge: Edge, account: str, json: bool) -> None:
    from engine.jobs.cases import must_know
    from engine.screen.agreements import plan_values, plans_drawn
    from engine.store.plans import kept_rates, plans

    with edge.reading() as conn:
        must_know(conn, account)
        found, rates = plans(conn, account), kept_rates(conn)
    if json:
        edge.write_json(plan_values(found, rates))
    else:
        edge.show(plans_drawn(account, found, rates))


def dispute(
    ctx: typer.Context,
    account: Account,
    items: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ITEM]...", help="The disputed invoices; none: show what is disputed."),
    ] = None,
    reason: Annotated[
        str | None, typer.Option("--reason", metavar="TEXT", help="Why, as in “short shipment”.")
    ] = None,
    amount: Annotated[str, typer.Option("--amount", metavar="AMOUNT", help="How much of it; else all.")] = "",
    owner: Annotated[
        str, typer.Option("--owner", metavar="ROLE", help="Who answers; else as outcomes.yaml says.")
    ] = "",
    answer_in: Annotated[
        int | None,
        typer.Option("--answer-in", metavar="DAYS", min=0, max=366, help="Open days to answer in."),
    ] = None,
    said: Said = "",
    expect: Annotated[
        str,
        typer.Option("--expect", metavar="NUMBER", help="The credit note or return that settles it."),
    ] = "",
    close: Annotated[bool, typer.Option("--close", help="The dispute is settled.")] = False,
    for_: Annotated[str, typer.Option("--for", metavar="us|customer", help="In whose favour.")] = "",
    result: Annotated[str, typer.Option("--result", metavar="TEXT", help="What came of it.")] = "",
    on: On = None,
    by: By = None,
    json: Json = False,
) -> None:
    """Set invoices aside because the customer disputes them, or end that. Without an invoice, show what is disputed."""
    from engine.jobs import cases

    edge = edge_of(ctx)
    if not items:
        _show_disputes(edge, account, json)
        return
    if close and for_ not in ("us", "customer"):
        raise typer.BadParameter(
            "say in whose favour it is closed: --for us, or --for customer", param_hint="--for"
        )
    if not close and not reason:
        raise typer.BadParameter("say what is disputed: --reason “short shipment”", param_hint="--reason")
    if amount and len(items) > 1:
        raise typer.BadParameter(
            "an amount is contested of one invoice: write them one by one", param_hint="--amount"
        )
    ws = None if close else edge.live

    first, *more = items

    def work(engine: Engine, who: Who) -> str:
        if ws is None:
            return cases.close_dispute(engine, account, first, who, *more, closed_for=for_, result=result)
        minor: int | None = None
        currency: str | None = None
        if amount:
            minor, currency = _money(engine, account, amount, ws.live.house.currency, items, "--amount")
        return cases.open_dispute(
            engine,
            account,
            first,
            reason or "",
            who,
            *more,
            ws=ws,
            amount=minor,
            currency=currency,
            owner=owner,
            answer_in=answer_in,
            said=said,
            expected=expect,
        )

    _do(edge, by, on, work)


def _show_disputes(edge: Edge, account: str, json: bool) -> None:
    from engine.jobs.cases import must_know
    from engine.screen.agreements import dispute_values, disputes_drawn
    from engine.store.disputes import disputes

    with edge.reading() as conn:
        must_know(conn, account)
        found = disputes(conn, account)
    on: date = edge.moment().date()
    if json:
        edge.write_json(dispute_values(found, on))
    else:
        edge.show(disputes_drawn(account, found, on))


def concede(
    ctx: typer.Context,
    account: Account,
    discount: Annotated[str, typer.Option("--discount", metavar="5%|AMOUNT", help="What we take off.")] = "",
    days: Annotated[int, typer.Option("--days", metavar="N", min=0, max=366, help="How many days more.")] = 0,
    waive: Annotated[str, typer.Option("--waive", metavar="AMOUNT", help="Charges we do not ask for.")] = "",
    theirs: Annotated[
        list[str] | None,
        typer.Option("--theirs", metavar="TEXT", help="What they give for it; may be repeated."),
    ] = None,
    because: Because = "",
    item: Item = None,
    with_: With = "",
    on: On = None,
    by: By = None,
) -> None:
    """Meet a customer half way: within what your role may give at once, beyond it once somebody has agreed."""
    from engine.jobs import cases

    edge = edge_of(ctx)
    ws = edge.live
    items = tuple(item or ())
    house = ws.live.house.currency

    def work(engine: Engine, who: Who) -> str:
        share = _share(discount)
        off, one = (
            (0, None)
            if share is not None or not discount
            else _money(engine, account, discount, house, items, "--discount")
        )
        waived, other = _money(engine, account, waive, house, items, "--waive") if waive else (0, None)
        give = cases.Give(share=share or 0, amount=off, days=days, waive=waived, currency=one or other)
        return cases.concede(
            ws,
            engine,
            account,
            who,
            give,
            because=because,
            theirs=tuple(theirs or ()),
            items=items,
            spoken_with=with_,
        )

    _do(edge, by, on, work)


def _share(text: str) -> int | None:
    """Hundredths of a per cent of “5%”; None where it is no share."""
    from engine.core.money import read_share

    if not text.strip().endswith("%"):
        return None
    try:
        return read_share(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--discount") from None
