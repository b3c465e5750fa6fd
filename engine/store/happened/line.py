"""One line of an account's history, and how it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.core.money import Amount, digits


@dataclass(frozen=True, slots=True)
class Happened:
    """One thing: its day, its kind ("call", "letter", "payment", …), a few words, by whom, about what."""

    on: date
    kind: str
    text: str
    by: str = ""
    item: str = ""


def money(minor: int, currency: str) -> str:
    """An amount for a sentence: `1,234.50 USD`."""
    return f"{Amount.of_minor(minor, currency).value:,.{digits(currency)}f} {currency}"


def because(why: str | None) -> str:
    """`: trade fair`, or nothing."""
    return f": {why}" if why else ""


def short(text: str, most: int = 200) -> str:
    """The beginning of a long text, on one line."""
    said = " ".join(text.split())
    return f"{said[:most]}…" if len(said) > most else said


def rows(conn: Connection, table: sa.Table, account: str, company: str) -> Sequence[Any]:
    """All of an account in a table, as they were written."""
    return conn.execute(_of(table), {"whose": account, "ours": company}).all()


@cache
def _of(table: sa.Table) -> sa.Select[Any]:
    """The question about one account, put together once: a history asks it of every table."""
    mine = (table.c.company == sa.bindparam("ours"), table.c.account == sa.bindparam("whose"))
    return sa.select(table).where(*mine).order_by(*table.primary_key.columns)
