"""What an account owes, its papers, and how it has paid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import orjson
import polars as pl
import sqlalchemy as sa

from engine.core import sentences
from engine.core.cases import papers, pattern
from engine.core.cases.pattern import Pattern, Payment
from engine.core.netting import net
from engine.jobs.brief.look import Look
from engine.jobs.brief.shape import Item
from engine.store import tables as t
from engine.store.queries import Ask
from engine.store.state import open_items
from engine.store.tables import COMPANY

_YEAR = timedelta(days=365)
_DEBITS = ("invoice", "debit_note")
_WRITTEN = ("email", "letter", "statement")
_MASTER = ("terms", "segment", "risk", "industry", "status", "owner", "country", "language")


def items(look: Look) -> tuple[Item, ...]:
    """Its open items, the oldest due first, credits last."""
    ask = Ask.of(look.conn, COMPANY, look.on, (look.account,))
    rows = net(open_items(ask, look.house.currency), "account").sort(pl.col("open") < 0, "due", "item")
    return tuple(_item(look, row, look.open_rows[row["item"]]) for row in rows.iter_rows(named=True))


def _item(look: Look, row: Mapping[str, Any], more: Mapping[str, Any]) -> Item:
    copy = look.ws.files.document(row["item"]) if row["kind"] in _DEBITS else None
    return Item(
        number=row["item"],
        kind=row["kind"],
        dated=more["date"],
        due=row["due"],
        days_late=(look.on - row["due"]).days,
        open=row["open"],
        owed=row["owed"],
        currency=row["currency"],
        po=more["po"] or "",
        reference=more["reference"] or "",
        text=more["text"] or "",
        aside=row["aside"] or "",
        copy=None if copy is None else str(copy),
    )


def totals(found: Sequence[Item]) -> dict[str, dict[str, int]]:
    """currency -> overdue, set aside, not yet due, credits: minor units; currencies are never added up."""
    sums: dict[str, dict[str, int]] = {}
    for one in found:
        mine = sums.setdefault(one.currency, {"overdue": 0, "set aside": 0, "not yet due": 0, "credits": 0})
        if one.open < 0:
            mine["credits"] += one.open
        elif one.aside:
            mine["set aside"] += one.owed
        else:
            mine["overdue" if one.days_late > 0 else "not yet due"] += one.owed
    return dict(sorted(sums.items()))


def facts(look: Look) -> dict[str, str]:
    """What the customer master says; the terms are those of the invoices where it says none."""
    found = {name: str(look.master[name]) for name in _MASTER if look.master.get(name)}
    if "terms" not in found:
        said = {row["terms"] for row in look.open_rows.values() if row["terms"]}
        found |= {"terms": f"{said.pop()} (of the invoices)"} if len(said) == 1 else {}
    if look.master.get("credit_limit"):
        found["credit limit"] = sentences.money(look.master["credit_limit"], look.house.currency)
    owner = look.ws.settings.people.get(found.get("owner", ""))
    return found | ({"owner": owner.name} if owner else {})


def missing(look: Look, found: Sequence[Item]) -> tuple[str, ...]:
    """Papers and contacts that are not there."""
    places = bool(look.ws.settings.documents)
    sheets = [
        papers.Paper(one.number, one.po, (one.copy is not None) if places else None)
        for one in found
        if one.kind in _DEBITS
    ]
    people = [
        papers.Contact(
            row["role"],
            row["name"],
            row["email"] or "",
            row["phone"] or "",
            bool(row["email_ok"]),
            bool(row["post_ok"]),
        )
        for row in look.contacts
    ]
    query = sa.select(sa.func.max(t.ledger_file.c.imported_at)).where(
        t.ledger_file.c.company == COMPANY, t.ledger_file.c.kind == "customers"
    )
    newest = look.conn.execute(query).scalar()
    master = look.day(newest) if newest else None
    return papers.missing(sheets, people, look.on, master=master, wrong=look.wrong_numbers)


def paid(look: Look) -> Pattern:
    """The pattern of twelve months."""
    known, sent = _first_run(look), _demands(look)
    payments = [
        Payment(
            row["paid_on"],
            row["amount"],
            row["currency"],
            row["days_late"],
            bool(row["presumed"]),
            None if known is None or row["paid_on"] < known else _before(sent, row["item"], row["paid_on"]),
        )
        for row in look.rows(t.payment)
        if not row["reversed"]
    ]
    states = [
        row["state"]
        for row in look.rows(t.promise)
        if row["settled_on"] is not None and look.on - _YEAR < row["settled_on"] <= look.on
    ]
    return pattern.pattern(payments, states, look.on)


def _first_run(look: Look) -> date | None:
    """Since when every demand is on record."""
    query = sa.select(sa.func.min(t.run.c.business_date)).where(t.run.c.company == COMPANY)
    found: date | None = look.conn.execute(query).scalar()
    return found


def _demands(look: Look) -> dict[str, list[date]]:
    """item -> the days on which a written demand listed it."""
    a = t.action.c
    query = sa.select(a.taken_on, a.detail).where(
        a.company == COMPANY,
        a.account == look.account,
        a.kind.in_(_WRITTEN),
        a.day >= 0,
        a.taken_on.is_not(None),
        a.state.in_(["sent", "done"]),
    )
    days: dict[str, list[date]] = {}
    for taken_on, detail in look.conn.execute(query):
        for name, *_ in orjson.loads(detail).get("items", ()):
            days.setdefault(name, []).append(taken_on)
    return days


def _before(sent: Mapping[str, Sequence[date]], item: str | None, paid_on: date) -> int | None:
    """How many written demands had asked for an item before it was paid."""
    return None if item is None else sum(day < paid_on for day in sent.get(item, ()))
