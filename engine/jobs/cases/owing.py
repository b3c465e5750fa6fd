"""Which invoices an agreement is about, and what is owed on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from engine.core.money import read_amount
from engine.core.sentences import listed, short_day
from engine.errors import NotFound, Refused
from engine.jobs.cases.who import Who, near
from engine.store import database
from engine.store import tables as t
from engine.store.history import money
from engine.store.owed import owed as owed_by
from engine.store.promises import set_aside
from engine.store.tables import COMPANY


@dataclass(frozen=True, slots=True)
class Covered:
    """What an agreement covers: each item with what is owed on it, minor units, the oldest due first; one currency.

    `left_out` are overdue items that it does not cover because they are disputed or in a plan.
    """

    items: tuple[tuple[str, int], ...]
    currency: str
    left_out: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        return sum(owed for _, owed in self.items)

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.items]


def covered(
    conn: Connection,
    account: str,
    who: Who,
    items: Sequence[str] = (),
    currency: str | None = None,
    *,
    disputed: bool = False,
) -> Covered:
    """The items named, else all that is overdue and neither disputed nor in a plan. Refused where that is nothing.

    An item in a running plan belongs to that plan alone. `disputed`: a disputed item may be named.
    """
    owed = owed_by(conn, who.company, accounts=(account,)).filter(pl.col("owed") > 0).sort("due", "item")
    asides = set_aside(conn, account, who.company)
    left_out: tuple[str, ...] = ()
    if items:
        for name in items:
            _is_owed(conn, account, name, owed["item"].to_list(), who.company)
            _is_free(account, name, asides, disputed)
        owed = owed.filter(pl.col("item").is_in(list(items)))
    else:
        owed = owed.filter(pl.col("due") < who.on)
        out = [name for name, why in asides.items() if why != "promised"]
        left_out = tuple(owed.filter(pl.col("item").is_in(out))["item"])
        owed = owed.filter(~pl.col("item").is_in(out))
    codes = owed["currency"].unique().sort().to_list()
    if not codes:
        _nothing(account, left_out, asides)
    if currency and currency not in codes:
        raise Refused(
            f"{account} owes in {listed(codes)}, and not in {currency}",
            f"write the amount in {listed(codes, 'or')}",
        )
    if currency:
        owed = owed.filter(pl.col("currency") == currency)
    elif len(codes) > 1:
        raise Refused(f"{account} owes in {listed(codes)}", "say which currency, or name the invoices")
    found = tuple(owed.select("item", "owed").iter_rows())
    return Covered(found, currency or codes[0], left_out)


def _nothing(account: str, left_out: Sequence[str], asides: Mapping[str, str]) -> None:
    contested = [name for name in left_out if asides[name] == "disputed"]
    if contested:
        raise Refused(
            f"all that {account} owes overdue is disputed or in a plan",
            f"name the invoices it is about, as in --item {contested[0]}",
        )
    if left_out:
        raise Refused(
            f"all that {account} owes overdue is in a payment plan that is being kept",
            f"see it with dunwell plan {account}; to end it, --end --because TEXT",
        )
    raise Refused(f"{account} owes nothing that is overdue", "name the invoices it is about")


def is_open(conn: Connection, account: str, name: str, company: str = COMPANY) -> tuple[int, str]:
    """What is open of an item and its currency. Refused for one that is paid, a credit, or unknown."""
    found = conn.execute(
        sa.select(t.item.c.open, t.item.c.currency, t.item.c.kind).where(
            t.item.c.company == company, t.item.c.account == account, t.item.c.item == name
        )
    ).first()
    if found is None:
        names = conn.execute(
            sa.select(t.item.c.item).where(
                t.item.c.company == company, t.item.c.account == account, t.item.c.open > 0
            )
        ).scalars()
        raise NotFound("open item", name, near(name, list(names)), account)
    if found.open == 0:
        raise Refused(
            f"{name} of {account} is paid: nothing is open on it",
            "if that is wrong, the ledger has to say so first",
        )
    if found.open < 0:
        raise Refused(f"{name} of {account} is a credit, and asks for nothing", "name an invoice")
    return found.open, found.currency


def _is_owed(conn: Connection, account: str, name: str, owed: Sequence[str], company: str) -> None:
    is_open(conn, account, name, company)
    if name not in owed:
        raise Refused(
            f"nothing is owed on {name} of {account}: credits and payments on account come up to it",
            "name an invoice on which something is owed",
        )


def _is_free(account: str, name: str, asides: Mapping[str, str], disputed: bool) -> None:
    why = asides.get(name)
    if why == "planned":
        raise Refused(
            f"{name} of {account} is in a payment plan that is being kept",
            f"end that first, with dunwell plan {account} --end --because TEXT",
        )
    if why == "disputed" and not disputed:
        raise Refused(
            f"{name} of {account} is disputed",
            f"settle that first, with dunwell dispute {account} {name} --close --for us, or --for customer",
        )


def minor_of(
    engine: Engine, account: str, text: str, house: str, items: Sequence[str], company: str = COMPANY
) -> tuple[int, str | None]:
    """An amount as a person writes it, in minor units, and its currency where one is named.

    Without one it is in the currency of the items it is about, else of what the account owes, else of the house.
    ValueError for what is no amount.
    """
    named = read_amount(text, house)
    if named.currency != house or any(mark.isalpha() for mark in text):
        return named.minor, named.currency
    with database.reading(engine) as conn:
        owed = owed_by(conn, company, accounts=(account,))
    if items:
        owed = owed.filter(pl.col("item").is_in(list(items)))
    codes = owed["currency"].unique().to_list()
    return read_amount(text, codes[0] if len(codes) == 1 else house).minor, None


def happened(who: Who) -> None:
    """What people say has been said: not on a day to come."""
    if (who.on - who.at.date()).days > 1:  # the customer may be a day ahead of UTC
        raise Refused(f"{short_day(who.on)} is a day to come", "write the day on which it happened")


def at_most(wanted: int, most: int, currency: str, account: str) -> None:
    """An agreement is about something, and about no more than is owed."""
    if not 0 < wanted <= most:
        raise Refused(
            f"{account} owes {money(most, currency)} for these items, and {money(wanted, currency)} is promised",
            "write an amount up to what is owed",
        )
