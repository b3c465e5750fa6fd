"""Promises to pay."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from engine.core import sentences
from engine.core.cases.promises import (
    CHECK_WINDOW,
    FARTHEST,
    SHORT_HELP,
    Kind,
    Standing,
    breaks_on,
    check_comes,
)
from engine.core.workdays import Calendar
from engine.errors import Refused
from engine.jobs.cases.owing import at_most, covered, happened
from engine.jobs.cases.who import Made, Who, day_of, number_of, verb
from engine.store import asked, bulk
from engine.store import promises as kept
from engine.store import tables as t
from engine.store.journal import Entry
from engine.store.moments import moment_text
from engine.store.promises import Given


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
    kind: str = Kind.PAYMENT,
    spoken_with: str = "",
    check_number: str = "",
    mailed_on: date | None = None,
) -> str:
    """Write down a promise to pay. Without `items` it covers all that is overdue now and neither disputed nor planned.

    `amount` is minor units; without it all that the items owe. The items must share a currency. An open
    promise for one of them is superseded, and does not count as broken.
    """
    with verb(engine, account, who) as (conn, entries):
        made = promised(
            conn,
            account,
            pays_on,
            who,
            calendar,
            amount=amount,
            currency=currency,
            items=items,
            said=said,
            kind=kind,
            spoken_with=spoken_with,
            check_number=check_number,
            mailed_on=mailed_on,
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
    kind: str = Kind.PAYMENT,
    spoken_with: str = "",
    check_number: str = "",
    mailed_on: date | None = None,
    plan: int | None = None,
    number: int | None = None,
    call: int | None = None,
    window: tuple[int, int] = CHECK_WINDOW,
    within: int | None = None,
) -> Made:
    """As `promise`, in a transaction that is open already. `kind` is payment, check or instalment (`number` of `plan`).

    A check that was mailed has until the end of its `window` of days from then; one whose time is over when it is
    told of is awaited from today. `within`: the most days from today that the promise may ask for.
    """
    happened(who)
    if kind == Kind.CHECK and mailed_on is not None:
        pays_on = max(pays_on, who.on)
    _day(pays_on, who, within)
    found = covered(conn, account, who, items, currency, disputed=True)
    wanted = found.total if amount is None else amount
    at_most(wanted, found.total, found.currency, account)
    breaks = breaks_on(pays_on, calendar, kind=kind, mailed_on=mailed_on, window=window)
    replaced, over = superseded(conn, account, found.names, who)
    made = conn.execute(
        sa.insert(t.promise).values(
            company=who.company,
            account=account,
            made_on=who.on,
            made_at=moment_text(who.at),
            pays_on=pays_on,
            breaks_on=breaks,
            amount=wanted,
            currency=found.currency,
            state=Standing.OPEN.value,
            by=who.by,
            said=said,
            kind=str(kind),
            spoken_with=spoken_with or None,
            check_number=check_number or None,
            mailed_on=mailed_on,
            plan=plan,
            number=number,
            call=call,
        )
    )
    id = number_of(made)
    columns = ("promise", "item", "open")
    bulk.insert(conn, t.promise_item, columns, [(id, *row) for row in found.items])
    body = {
        "promise": id,
        "pays_on": pays_on,
        "breaks_on": breaks,
        "amount": wanted,
        "currency": found.currency,
    }
    body |= {"items": found.names, "by": who.by, "kind": str(kind)}
    told = {"said": said, "spoken_with": spoken_with, "check": check_number}
    told = {name: text for name, text in told.items() if text}
    entries = [
        *over,
        Entry("promise", account, body, told),
        *asked.renew(conn, who.on, who.company, accounts=(account,))[1],
    ]
    said_back = [
        sentences.promise_made(
            account, wanted, found.currency, pays_on, len(found.items), breaks, check=check_number
        )
    ]
    if replaced:
        said_back.append(sentences.takes_the_place([(p.amount, p.currency, p.pays_on) for p in replaced]))
    if found.left_out:
        said_back.append(sentences.not_part(found.left_out))
    return Made(id, " ".join(said_back), entries)


def check_promised(
    conn: Connection,
    account: str,
    mailed_on: date,
    who: Who,
    calendar: Calendar,
    *,
    amount: int | None,
    check_number: str,
    window: tuple[int, int] = CHECK_WINDOW,
    items: Sequence[str] = (),
    currency: str | None = None,
    spoken_with: str = "",
    said: str = "",
    call: int | None = None,
) -> Made:
    """“The check is in the mail”: a promise that is awaited within its window from the day of mailing."""
    return promised(
        conn,
        account,
        check_comes(mailed_on, who.on, window),
        who,
        calendar,
        amount=amount,
        currency=currency,
        items=items,
        said=said,
        kind=Kind.CHECK,
        spoken_with=spoken_with,
        check_number=check_number,
        mailed_on=mailed_on,
        call=call,
        window=window,
    )


def short_hardship(
    conn: Connection,
    account: str,
    pays_on: date,
    who: Who,
    calendar: Calendar,
    *,
    amount: int | None = None,
    currency: str | None = None,
    items: Sequence[str] = (),
    spoken_with: str = "",
    said: str = "",
    call: int | None = None,
) -> Made:
    """A short squeeze is helped by a promise of at most two weeks; a long one needs a plan, and is refused here."""
    return promised(
        conn,
        account,
        pays_on,
        who,
        calendar,
        amount=amount,
        currency=currency,
        items=items,
        said=said,
        spoken_with=spoken_with,
        call=call,
        within=SHORT_HELP,
    )


def withdraw(engine: Engine, account: str, who: Who, *, because: str, items: Sequence[str] = ()) -> str:
    """Take back a promise that was written down: it counts neither as kept nor as broken, and its items go on.

    With several open ones `items` says which: one that covers one of these.
    """
    with verb(engine, account, who) as (conn, entries):
        happened(who)
        if not because.strip():
            raise Refused("a promise is withdrawn for a reason", "say it with --because")
        one = _the_promise(conn, account, who, items)
        values = {"state": Standing.WITHDRAWN.value, "settled_on": who.on, "because": because}
        conn.execute(sa.update(t.promise).where(t.promise.c.id == one.number).values(**values))
        body = {"promise": one.number, "by": who.by, "on": who.on}
        entries.append(Entry("promise withdrawn", account, body, {"because": because}))
        return sentences.withdrawn(account, one.amount, one.currency, one.pays_on)


def superseded(
    conn: Connection, account: str, items: Sequence[str], who: Who
) -> tuple[list[Given], list[Entry]]:
    """Promises of these items that something new takes the place of; what to put in the journal."""
    found = kept.of_items(conn, account, items, who.company)
    for one in found:
        values = {"state": Standing.SUPERSEDED.value, "settled_on": who.on}
        conn.execute(sa.update(t.promise).where(t.promise.c.id == one.number).values(**values))
    return found, [
        Entry("promise superseded", account, {"promise": one.number, "by": who.by, "on": who.on})
        for one in found
    ]


def _day(pays_on: date, who: Who, within: int | None) -> None:
    if pays_on < who.on:
        raise Refused(f"{day_of(pays_on)} is past", "write the day on which the money is to come")
    if within is not None and pays_on > who.on + timedelta(days=within):
        raise Refused(
            f"{day_of(pays_on)} is more than {within} days ahead, and that is no short squeeze",
            f"write a day up to {day_of(who.on + timedelta(days=within))}, or agree on a plan: dunwell plan",
        )
    if pays_on > who.on + timedelta(days=FARTHEST):
        raise Refused(
            f"{day_of(pays_on)} is more than {FARTHEST} days ahead",
            "check the year; for so long a time agree on a plan: dunwell plan",
        )


def _the_promise(conn: Connection, account: str, who: Who, items: Sequence[str]) -> Given:
    running = kept.promises(conn, account, who.company, open_only=True)
    mine = [one for one in running if one.plan is None]
    if items:
        mine = [one for one in mine if set(items) & {name for name, _ in one.items}]
    if len(mine) == 1:
        return mine[0]
    if mine:
        told = "; ".join(
            f"{day_of(one.pays_on)} for {', '.join(name for name, _ in one.items)}" for one in mine
        )
        raise Refused(
            f"{account} has {len(mine)} open promises: {told}", "name an invoice of the one, with --item"
        )
    if running:
        raise Refused(
            f"the open promises of {account} are instalments of a plan",
            f"end the plan, with dunwell plan {account} --end --because TEXT",
        )
    raise Refused(f"{account} has no open promise{' of these invoices' if items else ''}")
