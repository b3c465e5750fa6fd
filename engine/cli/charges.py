"""Late-payment interest and lump sums: what has come to be owed, charging it, letting a customer off."""

from __future__ import annotations

from typing import Annotated

import typer

from engine.cli.casework import Account, By, Json, On
from engine.cli.edge import edge_of
from engine.cli.guards import said

Items = Annotated[
    list[str] | None, typer.Option("--item", metavar="NUMBER", help="An invoice; may be repeated.")
]


def charges(
    ctx: typer.Context, account: Account, item: Items = None, on: On = None, json: Json = False
) -> None:
    """Show what an account has come to owe for paying late, with the calculation, and what it was charged."""
    from engine.jobs.cases.charges import charges as worked_out
    from engine.screen.charges import charges_drawn, charges_value

    edge = edge_of(ctx)
    ws = edge.live
    with edge.reading() as conn:
        found = worked_out(ws, conn, account, edge.day("--on", on), items=tuple(item or ()))
    if json:
        edge.write_json(charges_value(found))
    else:
        edge.show(charges_drawn(found))


def charge(
    ctx: typer.Context,
    account: Account,
    item: Items = None,
    basis: Annotated[
        str,
        typer.Option("--basis", metavar="TEXT", help="Where a contract says so, if house.yaml does not."),
    ] = "",
    on: On = None,
    by: By = None,
) -> None:
    """Charge what has come to be owed through the ledger's day; nothing is charged twice."""
    from engine.jobs.cases import charges as verbs

    edge = edge_of(ctx)
    ws, items = edge.live, tuple(item or ())
    said(
        edge,
        by,
        on,
        lambda engine, who: verbs.charge(ws, engine, account, who, items=items, basis=basis.strip()),
    )


def waive(
    ctx: typer.Context,
    account: Account,
    because: Annotated[str, typer.Option("--because", metavar="TEXT", help="Why.")],
    item: Items = None,
    kind: Annotated[
        str, typer.Option("--kind", metavar="KIND", help="Only interest, or only “lump sum”.")
    ] = "",
    on: On = None,
    by: By = None,
) -> None:
    """Let a customer off what it was charged; the charge stays on record with the reason."""
    from engine.jobs.cases import charges as verbs

    said(
        edge_of(ctx),
        by,
        on,
        lambda engine, who: verbs.waive(
            engine, account, who, because=because, items=tuple(item or ()), kind=kind
        ),
    )
