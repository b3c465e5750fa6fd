"""Accounts that nobody could reach, or not the right person: without a contact of a role, an address or a telephone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl
from sqlalchemy.engine import Connection

from engine.core.netting import net
from engine.store.tables import COMPANY
from engine.store.view import frame

ROLES = ("accounts payable", "principal")
# What may be missing of an account, and what that means.
GAPS: Mapping[str, str] = {
    **{role: f"no contact with the role {role}" for role in ROLES},
    "address": "no address that mail or a letter could go to",
    "phone": "no telephone number",
    "bounced": "an address that mail does not arrive at",
}

_TEXT = pl.String()
_ITEMS = """SELECT i.account, COALESCE(NULLIF(c.name, ''), i.account), i.item, i.due, i.open, i.currency
    FROM item i LEFT JOIN customer c ON c.company = i.company AND c.account = i.account
    WHERE i.company = :company AND i.open != 0"""
_CONTACTS = """SELECT account, role, email, phone, email_ok, post_ok FROM contact WHERE company = :company"""


@dataclass(frozen=True, slots=True)
class Gap:
    """An account with what is missing, and what is overdue there by currency, minor units."""

    account: str
    name: str
    missing: tuple[str, ...]
    overdue: tuple[tuple[str, int], ...]


def gaps(conn: Connection, on: date, company: str = COMPANY) -> tuple[Gap, ...]:
    """Every account that owes something and lacks a contact or a way to it; most overdue first within a currency."""
    asked = {"company": company}
    schema: dict[str, pl.DataType] = {"account": _TEXT, "name": _TEXT, "item": _TEXT, "due": pl.Date()}
    items = net(frame(conn, _ITEMS, asked, schema | {"open": pl.Int64(), "currency": _TEXT}), "account")
    owing = items.filter(pl.col("owed") > 0)
    late = pl.when(pl.col("due") < on).then("owed").otherwise(0).sum()
    sums = owing.group_by("account", "name", "currency").agg(overdue=late)
    flags = dict.fromkeys(("email_ok", "post_ok"), pl.Int8())
    words = dict.fromkeys(("account", "role", "email", "phone"), _TEXT)
    contacts = frame(conn, _CONTACTS, asked, {**words, **flags})
    known = contacts.group_by("account").agg(
        *((pl.col("role") == role).any().alias(role) for role in ROLES),
        address=((pl.col("email_ok") == 1) | (pl.col("post_ok") == 1)).any(),
        phone=(pl.col("phone").fill_null("") != "").any(),
        bounced=~((pl.col("email").fill_null("") != "") & (pl.col("email_ok") == 0)).any(),
    )
    there = [pl.col(gap).fill_null(gap == "bounced") for gap in GAPS]
    lacking = (
        sums.join(known, on="account", how="left")
        .with_columns(there)
        .filter(~pl.all_horizontal(list(GAPS)))
        .sort("overdue", "account", "currency", descending=[True, False, False])
    )
    found: dict[str, Gap] = {}
    for row in lacking.iter_rows(named=True):
        missing = tuple(gap for gap in GAPS if not row[gap])
        before = found.get(row["account"])
        overdue = (*(before.overdue if before else ()), (row["currency"], row["overdue"]))
        found[row["account"]] = Gap(row["account"], row["name"], missing, overdue)
    return tuple(found.values())
