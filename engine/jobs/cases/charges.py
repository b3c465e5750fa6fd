"""Late-payment money: what an account has come to owe beside its invoices, charged once, waived with a reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import IntegrityError

from engine.core import sentences
from engine.core.cases.late_money import INTEREST, LUMP_SUM, Line, asked, lines, pack_of
from engine.core.figures.packs import PACKS
from engine.errors import Refused
from engine.jobs.cases.who import Who, day_of, known, must_know, verb
from engine.jobs.workspace import Workspace
from engine.store import charges as kept
from engine.store import ledger
from engine.store import tables as t
from engine.store.charges import Charged
from engine.store.journal import Entry
from engine.store.moments import moment_text


@dataclass(frozen=True, slots=True)
class Charges:
    """What an account has come to owe through a day (the ledger's own), and what was charged before."""

    account: str
    through: date
    law: str  # empty: nothing is charged in the customer's country
    note: str
    lines: tuple[Line, ...]
    charged: tuple[Charged, ...]


def charges(
    ws: Workspace, conn: Connection, account: str, on: date, *, items: Sequence[str] = (), basis: str = ""
) -> Charges:
    """Work out what has come to be owed, item by item. Nothing is charged by it.

    Money that came after the newest ledger is not known yet, so nothing is worked out beyond that ledger's day.
    """
    must_know(conn, account)
    house = ws.live.house
    who = kept.whom(conn, account)
    as_of = ledger.newest(conn)
    until = min(on, as_of) if as_of else on
    before = kept.charged(conn, account)
    chosen = pack_of(house, who)
    found: list[Line] = []
    if chosen is not None:
        for owing in kept.owing(conn, account, on, named=items):
            if items and owing.item not in items:
                continue
            last, summed = kept.through(before, owing.item)
            by_name = items and owing.aside in ("promised", "planned")
            free = replace(owing, aside="") if by_name else owing
            found += lines(house, who, free, until, charged=last, summed=summed, basis=basis)
    pack = PACKS[chosen.pack] if chosen else None
    return Charges(
        account, until, pack.law if pack else "", pack.note if pack else "", tuple(found), tuple(before)
    )


def charge(
    ws: Workspace, engine: Engine, account: str, who: Who, *, items: Sequence[str] = (), basis: str = ""
) -> str:
    """Charge what has come to be owed through the ledger's day: interest for days not charged yet, a lump sum once an item.

    Disputed items are never charged, promised ones only by name. `basis` is where a contract says so.
    """
    with verb(engine, account, who) as (conn, entries):
        _must_know_items(conn, account, items, who.company)
        now = charges(ws, conn, account, who.on, items=items, basis=basis)
        if not now.law:
            raise Refused(*sentences.no_pack(kept.whom(conn, account).country))
        made = asked(now.lines)
        if not made:
            raise Refused(
                sentences.nothing_to_charge(account, now.through),
                "\n  ".join(dict.fromkeys(f"{line.item}: {line.waits}" for line in now.lines if line.waits)),
            )
        try:
            for line in made:
                number = kept.add(
                    conn, account, line, on=who.on, at=moment_text(who.at), by=who.by, company=who.company
                )
                entries.append(_entry(account, number, line, who))
        except IntegrityError:
            raise Refused(
                f"somebody has charged {account} meanwhile", "look again:  dunwell charges"
            ) from None
        told = [f"  {line.item}: {line.kind}, {line.calculation['formula']}" for line in made]
        waiting = [f"  {line.item}: {line.waits}" for line in now.lines if line.waits]
        return "\n".join(
            [f"{account} is charged {_totals(made)} by {now.law}, through {day_of(now.through)}:", *told]
            + (["Not charged:", *dict.fromkeys(waiting)] if waiting else [])
        )


def _must_know_items(conn: Connection, account: str, items: Sequence[str], company: str) -> None:
    i = t.item.c
    names = conn.execute(sa.select(i.item).where(i.company == company, i.account == account)).scalars().all()
    for name in items:
        known("item", name, names, of=account)


def _entry(account: str, number: int, line: Line, who: Who) -> Entry:
    body = {
        "charge": number,
        "item": line.item,
        "kind": line.kind,
        "amount": line.amount,
        "currency": line.currency,
        "from": line.first,
        "to": line.last,
        "pack": line.pack,
        "calculation": line.calculation,
        "by": who.by,
    }
    return Entry("charge", account, body)


def _totals(found: Sequence[Line | Charged]) -> str:
    """`169.49 GBP interest and 70.00 GBP lump sum`: never added up over currencies, nor over kinds."""
    sums: dict[tuple[str, str], int] = {}
    for one in found:
        sums[one.kind, one.currency] = sums.get((one.kind, one.currency), 0) + one.amount
    return " and ".join(
        f"{sentences.plain_money(amount, currency)} {kind}" for (kind, currency), amount in sums.items()
    )


def waive(
    engine: Engine, account: str, who: Who, *, because: str, items: Sequence[str] = (), kind: str = ""
) -> str:
    """Let the customer off what was charged: all of it, or of some items, or only interest or lump sums.

    The charge stays on record with the reason, and its days are not charged again.
    """
    if kind:
        known("kind of charge", kind, (INTEREST, LUMP_SUM))
    with verb(engine, account, who) as (conn, entries):
        before = kept.charged(conn, account, who.company)
        for name in items:
            known("charged item", name, [one.item for one in before], of=account)
        mine = [
            one
            for one in before
            if one.waived_on is None and (not items or one.item in items) and kind in ("", one.kind)
        ]
        if not mine:
            what = f" for {', '.join(items)}" if items else ""
            raise Refused(f"{account} is charged nothing{what} that could be waived")
        c = t.charge.c
        values = {"waived_on": who.on, "waived_by": who.by, "because": because}
        conn.execute(sa.update(t.charge).where(c.id.in_([one.id for one in mine])).values(**values))
        for one in mine:
            body = {"charge": one.id, "item": one.item, "kind": one.kind, "amount": one.amount}
            body |= {"currency": one.currency, "by": who.by, "on": who.on}
            entries.append(Entry("charge waived", account, body, {"because": because}))
        return f"{account}: {_totals(mine)} waived: {because}"
