"""Promises to pay."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import polars as pl
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from engine.core.cases.promises import breaks_on
from engine.core.workdays import Calendar
from engine.errors import Refused
from engine.jobs.cases.who import Made, Who, day_of, known, number_of, verb
from engine.store import asked, bulk
from engine.store import tables as t
from engine.store.history import money
from engine.store.journal import Entry
from engine.store.outbox import text as moment_text
from engine.store.owed import owed as owed_by


def promise(
    engine: Engine,
    account: str,
    pays_on: date,
    who: Who,
    calendar: Calendar,
    *,
    amount: int | None = None,
    currency: str | None = None,
    items: Sequence[str] = (),
    said: str = "",
) -> str:
    """Write down a promise to pay. Without `items` it covers all that is overdue now, item by item.

    `amount` is minor units; without it all that the items owe. The items must share a currency. An open
    promise for one of them is superseded, and does not count as broken.
    """
    with verb(engine, account, who) as (conn, entries):
        made = promised(
            conn, account, pays_on, who, calendar, amount=amount, currency=currency, items=items, said=said
        )
        entries += made.entries
        return made.sentence


def promised(
    conn: Connection,
    account: str,
    pays_on: date,
    who: Who,
    calendar: Calendar,
    *,
    amount: int | None = None,
    currency: str | None = None,
    items: Sequence[str] = (),
    said: str = "",
    kind: str = "payment",
    spoken_with: str = "",
    check_number: str = "",
    mailed_on: date | None = None,
    plan: int | None = None,
    number: int | None = None,
    call: int | None = None,
) -> Made:
    """As `promise`, in a transaction that is open already. `kind` is payment, check or instalment (`number` of `plan`)."""
    if pays_on < who.on:
        raise Refused(f"{day_of(pays_on)} is past", "write the day on which the money is to come")
    owed = owed_by(conn, who.company, account).filter(pl.col("owed") > 0)
    if items:
        for name in items:
            known("open item", name, owed["item"].to_list(), of=account)
        owed = owed.filter(pl.col("item").is_in(list(items)))
    else:
        owed = owed.filter(pl.col("due") < who.on)
    if currency:
        owed = owed.filter(pl.col("currency") == currency)
    codes = owed["currency"].unique().sort().to_list()
    if not codes:
        raise Refused(f"{account} owes nothing that is overdue", "name the invoices it promises to pay")
    if len(codes) > 1:
        raise Refused(f"{account} owes in {' and '.join(codes)}", "say which currency, or name the invoices")
    total = int(owed["owed"].sum())
    wanted = total if amount is None else amount
    if not 0 < wanted <= total:
        raise Refused(
            f"{account} owes {money(total, codes[0])} for these items, "
            f"and {money(wanted, codes[0])} is promised",
            "write an amount up to what is owed",
        )
    breaks = breaks_on(pays_on, calendar)
    _supersede(conn, account, owed["item"].to_list(), who)
    made = conn.execute(
        sa.insert(t.promise).values(
            company=who.company,
            account=account,
            made_on=who.on,
            made_at=moment_text(who.at),
            pays_on=pays_on,
            breaks_on=breaks,
            amount=wanted,
            currency=codes[0],
            state="open",
            by=who.by,
            said=said,
            kind=kind,
            spoken_with=spoken_with or None,
            check_number=check_number or None,
            mailed_on=mailed_on,
            plan=plan,
            number=number,
            call=call,
        )
    )
    id = number_of(made)
    covered = owed.select("item", "owed").rows()
    bulk.insert(conn, t.promise_item, ("promise", "item", "open"), [(id, *row) for row in covered])
    body = {"promise": id, "pays_on": pays_on, "breaks_on": breaks, "amount": wanted, "currency": codes[0]}
    body |= {"items": [name for name, _ in covered], "by": who.by, "kind": kind}
    told = {name: text for name, text in (("said", said), ("spoken_with", spoken_with)) if text}
    entries = [Entry("promise", account, body, told), *asked.renew(conn, who.on, who.company, account)[1]]
    many = f"{len(covered)} item{'s' if len(covered) > 1 else ''}"
    sentence = (
        f"{account} promises {money(wanted, codes[0])} by {day_of(pays_on)} for {many}. "
        f"They wait; on {day_of(breaks)} the promise would count as broken."
    )
    return Made(id, sentence, entries)


def _supersede(conn: Connection, account: str, items: Sequence[str], who: Who) -> None:
    covers = sa.select(t.promise_item.c.promise).where(t.promise_item.c.item.in_(items))
    conn.execute(
        sa.update(t.promise)
        .where(
            t.promise.c.company == who.company,
            t.promise.c.account == account,
            t.promise.c.state == "open",
            t.promise.c.id.in_(covers),
        )
        .values(state="superseded", settled_on=who.on)
    )
