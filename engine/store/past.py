"""What is kept of one account's last episode: its papers, what came to pass, and what was decided for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from engine.store import tables as t
from engine.store.tables import BY_HAND, COMPANY, OUTCOMES, ActionState

_DAY = timedelta(days=1)
# Decided, and not gone: they wait for room or for an address, or somebody said no.
_NOT_GONE = (ActionState.NO_CAPACITY, ActionState.HELD_ADDRESS, ActionState.DECLINED)


@dataclass(frozen=True, slots=True)
class Past:
    """The rows of an account from the first run of its last episode on. `decisions` has one row a run."""

    home: str | None
    first: date
    last: date
    items: tuple[RowMapping, ...]
    payments: tuple[RowMapping, ...]
    disputes: tuple[RowMapping, ...]
    promises: tuple[RowMapping, ...]
    promised: Mapping[int, tuple[str, ...]]
    plans: tuple[RowMapping, ...]
    pauses: tuple[RowMapping, ...]
    calls: tuple[RowMapping, ...]
    learned: tuple[RowMapping, ...]
    actions: tuple[RowMapping, ...]
    decisions: tuple[RowMapping, ...]


def past_of(conn: Connection, account: str, company: str = COMPANY) -> Past | None:
    """The last episode of an account, or the time before its first; None where no run since has decided anything."""

    def mine(table: sa.Table, *order: Any) -> tuple[RowMapping, ...]:
        query = sa.select(table).where(table.c.company == company, table.c.account == account)
        return tuple(conn.execute(query.order_by(*order)).mappings())

    episodes = mine(t.episode, t.episode.c.number)
    decisions = _decisions(conn, account, company)
    none = {"number": 1, "ended": None, "home": None}
    last: Mapping[Any, Any] = episodes[-1] if episodes else none
    before = episodes[-2]["ended"] if len(episodes) > 1 else None
    decisions = tuple(
        row
        for row in decisions
        if (before is None or row["business_date"] > before)
        and (last["ended"] is None or row["business_date"] <= last["ended"])
    )
    if not decisions:
        return None
    promises = mine(t.promise, t.promise.c.id)
    return Past(
        home=last["home"],
        first=decisions[0]["business_date"],
        last=decisions[-1]["business_date"],
        items=mine(t.item, t.item.c.due, t.item.c.item),
        payments=_payments(conn, account, company),
        disputes=mine(t.dispute, t.dispute.c.id),
        promises=promises,
        promised={row["id"]: _promised(conn, row["id"]) for row in promises},
        plans=mine(t.plan, t.plan.c.id),
        pauses=mine(t.pause, t.pause.c.id),
        calls=mine(t.call, t.call.c.id),
        learned=mine(t.learned, t.learned.c.id),
        actions=tuple(
            row
            for row in mine(t.action, t.action.c.on, t.action.c.day, t.action.c.key)
            if row["episode"] == last["number"] and row["policy"] not in (BY_HAND, OUTCOMES)
        ),
        decisions=decisions,
    )


def went(action: RowMapping) -> bool:
    """Whether an action was on its way on the day it was decided."""
    return ActionState(action["state"]) not in _NOT_GONE


def _decisions(conn: Connection, account: str, company: str) -> tuple[RowMapping, ...]:
    choice, decision, run = t.class_choice, t.decision, t.run
    query = (
        sa.select(
            run.c.business_date,
            choice.c.policy,
            choice.c.step,
            choice.c.verdict,
            choice.c.reason,
            choice.c.gate,
        )
        .join(run, run.c.id == choice.c.run)
        .join(
            decision,
            sa.and_(
                decision.c.run == choice.c.run,
                decision.c.time == choice.c.time,
                decision.c["class"] == choice.c.number,
            ),
        )
        .where(run.c.company == company, decision.c.account == account, choice.c.time == 1)
        .order_by(run.c.business_date, decision.c.item)
    )
    found: dict[date, RowMapping] = {}
    for row in conn.execute(query).mappings():
        found.setdefault(row["business_date"], row)
    return tuple(found.values())


def _payments(conn: Connection, account: str, company: str) -> tuple[RowMapping, ...]:
    """Payments with `known`: the date of the ledger that showed each."""
    known = sa.func.coalesce(t.ledger_file.c.as_of, t.payment.c.paid_on).label("known")
    query = (
        sa.select(t.payment, known)
        .join(t.ledger_file, t.ledger_file.c.id == t.payment.c.file, isouter=True)
        .where(t.payment.c.company == company, t.payment.c.account == account, t.payment.c.reversed == 0)
        .order_by(t.payment.c.id)
    )
    return tuple(conn.execute(query).mappings())


def _promised(conn: Connection, promise: int) -> tuple[str, ...]:
    query = sa.select(t.promise_item.c.item).where(t.promise_item.c.promise == promise)
    return tuple(conn.execute(query.order_by(t.promise_item.c.item)).scalars())


def runs(conn: Connection, first: date, last: date, company: str = COMPANY) -> frozenset[date]:
    """The days of a span on which a run decided."""
    query = sa.select(t.run.c.business_date).where(
        t.run.c.company == company, t.run.c.business_date.between(first, last), t.run.c.state == "done"
    )
    return frozenset(conn.execute(query).scalars())
