"""A new customer master against the old one: whom we wrote to, and whom we would write to now."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.core import sentences
from engine.core.cases.guards import Wish
from engine.core.cases.recipient import strange_addresses, strange_name
from engine.store import tables as t
from engine.store.journal import Entry
from engine.store.spans import among
from engine.store.tables import TAKEN

_WRITTEN = ("email", "letter", "statement")
_AT_ONCE = 500  # accounts a question


@dataclass(frozen=True, slots=True)
class Known:
    """What the master said until now: names and addresses of e-mail by account."""

    names: Mapping[str, str]
    addresses: Mapping[str, Sequence[str]] = field(default_factory=dict)


def known(conn: Connection, company: str, accounts: Collection[str]) -> Known:
    """What the database has of these accounts, before a new master is stored."""
    c = t.customer.c
    query = sa.select(c.account, c.name).where(c.company == company, among(conn, c.account, accounts))
    names: dict[str, str] = {account: name for account, name in conn.execute(query)}  # noqa: C416
    found: dict[str, list[str]] = {}
    p = t.contact.c
    mailed = sa.select(p.account, p.email).where(p.company == company, p.email.is_not(None))
    for account, email in conn.execute(mailed.where(among(conn, p.account, accounts))):
        found.setdefault(account, []).append(email)
    return Known(names, found)


def to_confirm(
    conn: Connection,
    before: Known,
    names: Mapping[str, str],
    addresses: Mapping[str, Sequence[str]],
    by: str,
    on: date,
    company: str,
) -> list[Entry]:
    """Write down which recipients somebody must confirm before we write to them again. What to put in the journal.

    Only customers whom we have written to: with the others there is nothing to be confused with. A rule of that kind whose
    address the new master no longer has has ended.
    """
    strange = [
        (account, address, sentences.strange_address(address, before.addresses[account]))
        for account, now in addresses.items()
        if account in before.addresses
        for address in strange_addresses(before.addresses[account], now)
    ]
    strange += [
        (account, "", sentences.strange_name(before.names[account], name))
        for account, name in names.items()
        if strange_name(before.names.get(account, ""), name)
    ]
    _end_gone(conn, addresses, on, company)
    written = _written_to(conn, {account for account, _, _ in strange}, company)
    rule = t.contact_rule
    there = {
        (row.account, row.whom.lower())
        for row in conn.execute(
            sa.select(rule.c.account, rule.c.whom).where(
                rule.c.company == company, rule.c.rule == Wish.CONFIRM.value, rule.c.until.is_(None)
            )
        )
    }
    entries = []
    for account, whom, because in strange:
        if account not in written or (account, whom.lower()) in there:
            continue
        values = {"whom": whom, "rule": Wish.CONFIRM.value, "from_day": on, "because": because, "by": by}
        conn.execute(sa.insert(rule).values(company=company, account=account, **values))
        body = {"rule": Wish.CONFIRM.value, "from": on, "by": by}
        entries.append(Entry("contact rule", account, body, {"whom": whom, "because": because}))
    return entries


def _end_gone(conn: Connection, addresses: Mapping[str, Sequence[str]], on: date, company: str) -> None:
    rule = t.contact_rule
    query = sa.select(rule.c.id, rule.c.account, rule.c.whom).where(
        rule.c.company == company,
        rule.c.rule == Wish.CONFIRM.value,
        rule.c.until.is_(None),
        rule.c.whom != "",
    )
    for row in conn.execute(query).all():
        now = addresses.get(row.account)
        if now is not None and row.whom.lower() not in {address.lower() for address in now}:
            ended = sa.update(rule).where(rule.c.id == row.id).values(until=on - timedelta(days=1))
            conn.execute(ended)


def _written_to(conn: Connection, accounts: set[str], company: str) -> set[str]:
    found: set[str] = set()
    listed = sorted(accounts)
    a = t.action.c
    for first in range(0, len(listed), _AT_ONCE):
        query = sa.select(a.account).where(
            a.company == company,
            a.account.in_(listed[first : first + _AT_ONCE]),
            a.kind.in_(_WRITTEN),
            a.state.in_([state.value for state in TAKEN]),
        )
        found |= set(conn.execute(query.distinct()).scalars())
    return found
