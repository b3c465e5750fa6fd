"""Promises in the database: kept or broken, as the ledger shows; and those that run."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.core.cases.promises import Promise, Standing, stands
from engine.store import plans
from engine.store.journal import Entry
from engine.store.owed import owed
from engine.store.spans import among
from engine.store.tables import (
    COMPANY,
    dispute,
    item,
    promise,
    promise_item,
)

Left = Mapping[tuple[str, str], int]


def settle_promises(
    conn: Connection,
    on: date,
    as_of: date | None,
    company: str = COMPANY,
    *,
    accounts: Collection[str] | None = None,
) -> tuple[dict[Standing, int], list[Entry]]:
    """Write down which open promises, of these accounts or of all, are kept or broken on a day, as far as the ledger of
    `as_of` shows.

    Only what came for the items that a promise names counts, and an instalment only what the ones before it leave.
    How many of each, and what to put in the journal. A second time on a day changes nothing.
    """
    waiting = conn.execute(
        sa.select(promise)
        .where(promise.c.company == company, promise.c.state == Standing.OPEN.value)
        .where(among(conn, promise.c.account, accounts))
        .order_by(promise.c.id)
    ).all()
    counts: dict[Standing, int] = {}
    entries: list[Entry] = []
    if not waiting:
        return counts, entries
    left = {
        (account, name): still
        for account, name, still in owed(conn, company, accounts=accounts)
        .select("account", "item", "owed")
        .iter_rows()
    }
    for one in waiting:
        if one.plan is not None:
            continue
        paid, still = came(conn, one, left)
        stood = stands(Promise(one.pays_on, one.breaks_on, one.amount), paid, as_of=as_of, on=on, left=still)
        if stood.standing is Standing.OPEN:
            continue
        change = {"state": stood.standing.value, "settled_on": stood.on, "paid": paid}
        conn.execute(sa.update(promise).where(promise.c.id == one.id).values(**change))
        counts[stood.standing] = counts.get(stood.standing, 0) + 1
        told = {"promise": one.id, "paid": paid, "amount": one.amount, "on": str(stood.on)}
        entries.append(Entry(f"promise {stood.standing.value}", one.account, told))
    for number in dict.fromkeys(one.plan for one in waiting if one.plan is not None):
        first = next(one for one in waiting if one.plan == number)
        paid, still = came(conn, first, left)
        settled, more = plans.settle(conn, number, paid, still, on, as_of)
        entries += more
        for standing in settled:
            counts[standing] = counts.get(standing, 0) + 1
    return counts, entries


def came(conn: Connection, one: Any, left: Left) -> tuple[int, int]:
    """What has been paid on the items of a promise since it was made, and what is still owed on them.

    What a credit note took off is not paid: as far as it settled a dispute of one of the items, that is known.
    """
    covered = conn.execute(
        sa.select(promise_item.c.item, promise_item.c.open).where(promise_item.c.promise == one.id)
    ).all()
    less = sum(max(0, then - left.get((one.account, name), 0)) for name, then in covered)
    still = sum(left.get((one.account, name), 0) for name, _ in covered)
    credited = conn.execute(
        sa.select(sa.func.coalesce(sa.func.sum(dispute.c.amount), 0)).where(
            dispute.c.company == one.company,
            dispute.c.account == one.account,
            dispute.c.item.in_([name for name, _ in covered]),
            dispute.c.closed_for == "customer",
            dispute.c.closed >= one.made_on,
        )
    ).scalar_one()
    return max(0, less - int(credited)), still


def reopen(
    conn: Connection,
    account: str,
    name: str,
    since: date,
    company: str = COMPANY,
    *,
    open_again: int | None = None,
) -> None:
    """What had kept promises of an item from a day on is gone again: they are open, and settled anew by what is paid now.

    With `open_again`, what is open of the item now, only those of before anything of that had been paid. One that a
    later promise or plan of the item has taken the place of stays settled.
    """
    of_item = sa.select(promise_item.c.promise).where(promise_item.c.item == name)
    if open_again is not None:
        of_item = of_item.where(promise_item.c.open <= open_again)
    other, theirs = promise.alias(), promise_item.alias()
    same_plan = sa.and_(promise.c.plan.is_not(None), other.c.plan == promise.c.plan)
    later = (
        sa.select(other.c.id)
        .join(theirs, theirs.c.promise == other.c.id)
        .where(
            other.c.company == company,
            other.c.account == account,
            other.c.state == Standing.OPEN.value,
            other.c.id > promise.c.id,
            theirs.c.item == name,
            sa.not_(sa.func.coalesce(same_plan, sa.false())),
        )
    )
    found = conn.execute(
        sa.select(promise.c.id, promise.c.plan).where(
            promise.c.company == company,
            promise.c.account == account,
            promise.c.id.in_(of_item),
            promise.c.state.in_([Standing.KEPT.value, Standing.PARTLY.value]),
            promise.c.settled_on >= since,
            ~later.exists(),
        )
    ).all()
    running = plans.resume(conn, {one.plan for one in found if one.plan is not None})
    again = [one.id for one in found if one.plan is None or one.plan in running]
    if again:
        values = {"state": Standing.OPEN.value, "settled_on": None, "paid": 0}
        conn.execute(sa.update(promise).where(promise.c.id.in_(again)).values(**values))


# -- for those who look ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Given:
    """A promise as it stands. Money is minor units; `items` are what it covers, with what was open on each."""

    number: int
    account: str
    kind: str
    state: str
    amount: int
    paid: int
    currency: str
    made_on: date
    pays_on: date
    breaks_on: date
    settled_on: date | None
    spoken_with: str
    check_number: str
    mailed_on: date | None
    by: str
    said: str
    because: str
    plan: int | None
    of_plan: int | None  # which instalment of it, from 1
    call: int | None
    items: tuple[tuple[str, int], ...]


def promises(
    conn: Connection, account: str, company: str = COMPANY, *, open_only: bool = False
) -> list[Given]:
    """The promises of an account, instalments too, the latest first; `open_only`: those that run."""
    query = sa.select(promise).where(promise.c.company == company, promise.c.account == account)
    if open_only:
        query = query.where(promise.c.state == Standing.OPEN.value)
    rows = conn.execute(query.order_by(promise.c.made_on.desc(), promise.c.id.desc())).all()
    covered: dict[int, list[tuple[str, int]]] = {}
    if rows:
        listed = sa.select(promise_item).where(promise_item.c.promise.in_([row.id for row in rows]))
        for number, name, then in conn.execute(listed.order_by(promise_item.c.item)):
            covered.setdefault(number, []).append((name, then))
    return [
        Given(
            number=row.id, account=row.account, kind=row.kind, state=row.state, amount=row.amount, paid=row.paid,
            currency=row.currency, made_on=row.made_on, pays_on=row.pays_on, breaks_on=row.breaks_on,
            settled_on=row.settled_on, spoken_with=row.spoken_with or "", check_number=row.check_number or "",
            mailed_on=row.mailed_on, by=row.by, said=row.said, because=row.because, plan=row.plan,
            of_plan=row.number, call=row.call, items=tuple(covered.get(row.id, ())),
        )
        for row in rows
    ]  # fmt: skip


def set_aside(conn: Connection, account: str, company: str = COMPANY) -> dict[str, str]:
    """Open items of an account that nobody asks for, and why: disputed, planned, promised."""
    of_promise = (
        sa.select(promise_item.c.item)
        .join(promise, promise.c.id == promise_item.c.promise)
        .where(
            promise.c.company == company,
            promise.c.account == account,
            promise.c.state == Standing.OPEN.value,
            promise.c.plan.is_(None),
        )
    )
    contested = sa.select(dispute.c.item).where(
        dispute.c.company == company, dispute.c.account == account, dispute.c.closed.is_(None)
    )
    found = dict.fromkeys(conn.execute(of_promise).scalars(), "promised")
    found |= dict.fromkeys(plans.covered(conn, account, company), "planned")
    found |= dict.fromkeys(conn.execute(contested).scalars(), "disputed")
    there = conn.execute(
        sa.select(item.c.item).where(item.c.company == company, item.c.account == account, item.c.open != 0)
    ).scalars()
    still = set(there)
    return {name: why for name, why in found.items() if name in still}


def of_items(conn: Connection, account: str, items: Sequence[str], company: str = COMPANY) -> list[Given]:
    """The open promises that cover one of these items; instalments are of their plan, and not among them."""
    wanted = set(items)
    return [
        one
        for one in promises(conn, account, company, open_only=True)
        if one.plan is None and wanted & {name for name, _ in one.items}
    ]
