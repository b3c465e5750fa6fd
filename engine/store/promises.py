"""Promises in the database: kept or broken, as the ledger shows."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.core.cases.promises import Promise, Standing, stands
from engine.store.journal import Entry
from engine.store.owed import owed
from engine.store.tables import (
    COMPANY,
    promise,
    promise_item,
)


def settle_promises(
    conn: Connection, on: date, as_of: date | None, company: str = COMPANY
) -> tuple[dict[Standing, int], list[Entry]]:
    """Write down which open promises are kept or broken on a day, as far as the ledger of `as_of` shows.

    How many of each, and what to put in the journal.
    """
    waiting = conn.execute(
        sa.select(promise).where(promise.c.company == company, promise.c.state == Standing.OPEN.value)
    ).all()
    counts: dict[Standing, int] = {}
    entries: list[Entry] = []
    if not waiting:
        return counts, entries
    left = {
        (account, name): still
        for account, name, still in owed(conn, company).select("account", "item", "owed").iter_rows()
    }
    for one in waiting:
        items = conn.execute(
            sa.select(promise_item.c.item, promise_item.c.open).where(promise_item.c.promise == one.id)
        )
        paid = sum(max(0, then - left.get((one.account, name), 0)) for name, then in items)
        stood = stands(Promise(one.pays_on, one.breaks_on, one.amount), paid, as_of=as_of, on=on)
        if stood.standing is Standing.OPEN:
            continue
        change = {"state": stood.standing.value, "settled_on": stood.on, "paid": paid}
        conn.execute(sa.update(promise).where(promise.c.id == one.id).values(**change))
        counts[stood.standing] = counts.get(stood.standing, 0) + 1
        told = {"promise": one.id, "paid": paid, "amount": one.amount, "on": str(stood.on)}
        entries.append(Entry(f"promise {stood.standing.value}", one.account, told))
    return counts, entries
