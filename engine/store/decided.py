"""What was decided of an account, run by run, and the actions that came of it, as a program asks for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.store.tables import COMPANY, UNDER_WAY, action, class_choice, customer, decision, run


@dataclass(frozen=True, slots=True)
class Run:
    """A day that was decided. `state` is done or stopped; `times` how often it was asked for; `book` the policies' hash."""

    on: date
    state: str
    times: int
    as_of: date | None
    book: str
    counts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision: with an `item` under `each: invoice`. `place` is the line that decided, as `file:line:column`."""

    on: date
    time: int
    item: str
    policy: str | None
    step: str | None
    verdict: str
    reason: str
    gate: str | None
    place: str | None


@dataclass(frozen=True, slots=True)
class Act:
    """An action. `amount` is minor units; `since` the first day of its state; `person` whose list it is on."""

    key: str
    account: str
    name: str
    kind: str
    policy: str
    step: str
    item: str
    state: str
    reason: str
    on: date
    since: date
    not_before: date | None
    taken_on: date | None
    amount: int
    currency: str
    role: str
    person: str | None


def runs(conn: Connection, most: int, company: str = COMPANY) -> list[Run]:
    """The newest first."""
    r = run.c
    query = sa.select(r.business_date, r.state, r.times, r.as_of, r.book, r.counts)
    rows = conn.execute(
        query.where(r.company == company).order_by(r.business_date.desc(), r.id.desc()).limit(most)
    )
    return [Run(*row[:5], orjson.loads(row.counts)) for row in rows]


def decisions(conn: Connection, account: str, most: int, company: str = COMPANY) -> list[Decided]:
    """Of an account, the newest first: that nothing was done is a decision too."""
    d, c = decision.c, class_choice.c
    chosen = sa.and_(c.run == d.run, c.time == d.time, c.number == d["class"])
    query = (
        sa.select(run.c.business_date, d.time, d.item, c.policy, c.step, c.verdict, c.reason, c.gate, c.place)
        .join_from(decision, run, run.c.id == d.run)
        .join(class_choice, chosen)
        .where(d.account == account, run.c.company == company)
        .order_by(run.c.business_date.desc(), d.run.desc(), d.time.desc(), d.item)
        .limit(most)
    )
    return [Decided(*row) for row in conn.execute(query)]


def actions(
    conn: Connection,
    account: str,
    states: Sequence[str],
    kinds: Sequence[str],
    after: str,
    most: int,
    company: str = COMPANY,
) -> list[Act]:
    """All of an account, or without one those that are under way, by their key; those after a key."""
    a = action.c
    name = sa.func.coalesce(sa.func.nullif(customer.c.name, ""), a.account)
    of = sa.and_(customer.c.company == a.company, customer.c.account == a.account)
    query = (
        sa.select(
            a.key, a.account, name, a.kind, a.policy, a.step, a.item, a.state, sa.func.coalesce(a.reason, "")
        )
        .add_columns(a.on, a.since, a.not_before, a.taken_on, a.amount, a.currency, a.role, a.person)
        .join_from(action, customer, of, isouter=True)
        .where(a.company == company, a.key > after)
        .order_by(a.key)
        .limit(most)
    )
    query = query.where(a.account == account) if account else query.where(sa.text(f"action.{UNDER_WAY}"))
    query = query.where(a.state.in_(states)) if states else query
    query = query.where(a.kind.in_(kinds)) if kinds else query
    return [Act(*row) for row in conn.execute(query)]
