"""What people do with accounts: calls, approvals, promises, disputes, pauses and notes, with their author."""

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


def worklist(
    ctx: typer.Context,
    person: Annotated[str | None, typer.Option("--person", metavar="ID", help="Of one person.")] = None,
    on: On = None,
    json: Json = False,
) -> None:
    """Show the calls, tasks and approvals that wait for people, the highest amount first."""
    from engine.errors import NotFound
    from engine.screen.casework import work_value, worklist_drawn
    from engine.store.history import worklist as list_

    edge = edge_of(ctx)
    people = edge.workspace.settings.people
    if person is not None and person not in people:
        raise NotFound("person", person, tuple(people))
    with edge.reading() as conn:
        work = list_(conn, edge.day("--on", on), person=person)
    if json:
        edge.write_json(work_value(work))
    else:
        edge.show(worklist_drawn(work, {id: one.name for id, one in people.items()}, width=edge.screen.width))


def log(
    ctx: typer.Context,
    account: Account,
    outcome: Annotated[str, typer.Argument(metavar="OUTCOME", help="As in policies/outcomes.yaml.")],
    with_: Annotated[str, typer.Option("--with", metavar="NAME", help="Who was spoken with.")] = "",
    answer: Annotated[
        list[str] | None,
        typer.Option("--answer", metavar="KEY=VALUE", help="What was learned; may be repeated."),
    ] = None,
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="A remark.")] = "",
    on: On = None,
    by: By = None,
) -> None:
    """Write down what came of a call."""
    from engine.jobs import cases

    edge = edge_of(ctx)
    ws = edge.live
    answers = dict(_pair(text) for text in answer or ())
    outcomes = tuple(dict.fromkeys((*ws.live.outcomes, *cases.OUTCOMES)))
    wanted = " ".join(outcome.lower().split())
    _do(
        edge,
        by,
        on,
        lambda engine, who: cases.log_call(
            engine,
            account,
            wanted,
            who,
            ws.calendar,
            spoken_with=with_,
            answers=answers,
            note=note,
            outcomes=outcomes,
        ),
    )


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

    _do(edge_of(ctx), by, on, lambda engine, who: cases.approve(engine, which, who, because=because))


def decline(
    ctx: typer.Context,
    which: Annotated[str, typer.Argument(metavar="ACCOUNT|KEY")],
    because: Annotated[str, typer.Option("--because", metavar="TEXT", help="Why not.")],
    on: On = None,
    by: By = None,
) -> None:
    """Refuse what waits for approval; it is not asked again while the account is late."""
    from engine.jobs import cases

    _do(edge_of(ctx), by, on, lambda engine, who: cases.decline(engine, which, who, because=because))


def promise(
    ctx: typer.Context,
    account: Account,
    amount: Annotated[str, typer.Argument(metavar="AMOUNT", help="“1,200”, “1,200 EUR”, or “all”.")],
    pays: Annotated[str, typer.Option("--by", metavar="DATE", help="When the money is to come.")],
    item: Annotated[
        list[str] | None, typer.Option("--item", metavar="NUMBER", help="An invoice; may be repeated.")
    ] = None,
    said: Annotated[str, typer.Option("--said", metavar="TEXT", help="In the customer's words.")] = "",
    on: On = None,
    author: Annotated[str | None, typer.Option("--author", metavar="NAME", help="Who says so.")] = None,
) -> None:
    """Write down a promise to pay: what it covers waits, and starts again if it is broken."""
    from engine.jobs import cases

    edge = edge_of(ctx)
    ws = edge.live
    minor, currency = _amount(amount, ws.live.house.currency)
    day = edge.day("--by", pays)
    _do(
        edge,
        author,
        on,
        lambda engine, who: cases.promise(
            engine,
            account,
            day,
            who,
            ws.calendar,
            amount=minor,
            currency=currency,
            items=tuple(item or ()),
            said=said,
        ),
    )


def _amount(text: str, house: str) -> tuple[int | None, str | None]:
    """Minor units, and the currency where one is named."""
    from engine.core.money import read_amount

    if text.strip().lower() == "all":
        return None, None
    try:
        amount = read_amount(text, house)
    except ValueError as error:
        raise typer.BadParameter(f"{error}; write it as “1,200.50”", param_hint="AMOUNT") from None
    named = amount.currency != house or any(mark.isalpha() for mark in text)
    return amount.minor, amount.currency if named else None


def dispute(
    ctx: typer.Context,
    account: Account,
    items: Annotated[list[str], typer.Argument(metavar="ITEM...", help="The disputed invoices.")],
    reason: Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="What is disputed.")] = None,
    close: Annotated[bool, typer.Option("--close", help="The dispute is settled.")] = False,
    for_: Annotated[str, typer.Option("--for", metavar="us|customer", help="In whose favour.")] = "",
    on: On = None,
    by: By = None,
) -> None:
    """Set invoices aside because the customer disputes them, or end that."""
    from engine.jobs import cases

    if close and for_ not in ("us", "customer"):
        raise typer.BadParameter(
            "say in whose favour it is closed: --for us, or --for customer", param_hint="--for"
        )
    if not close and not reason:
        raise typer.BadParameter("say what is disputed: --reason “short shipment”", param_hint="--reason")

    def work(engine: Engine, who: Who) -> str:
        if close:
            said = [cases.close_dispute(engine, account, item, who, closed_for=for_) for item in items]
        else:
            said = [cases.open_dispute(engine, account, item, reason or "", who) for item in items]
        return "\n".join(said)

    _do(edge_of(ctx), by, on, work)


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
    account: Account,
    text: Annotated[str, typer.Argument(metavar="TEXT")],
    by: By = None,
) -> None:
    """Keep a remark with an account."""
    from engine.jobs import cases

    _do(edge_of(ctx), by, None, lambda engine, who: cases.note(engine, account, text, who))


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


def history(ctx: typer.Context, account: Account, json: Json = False) -> None:
    """Show all that has happened with an account, the oldest first."""
    from engine.jobs.cases import must_know
    from engine.screen.casework import history_drawn
    from engine.store.history import history as happened

    edge = edge_of(ctx)
    with edge.reading() as conn:
        must_know(conn, account)
        found = happened(conn, account)
    if json:
        keys = ("on", "kind", "text", "by", "item")
        edge.write_json([{key: getattr(one, key) for key in keys} for one in found])
    else:
        edge.show(history_drawn(account, found))
