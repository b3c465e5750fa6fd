"""The way back from terms, a hold or less service: proposed when all is paid, and withdrawn when that changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.core import sentences
from engine.core.cases.restrictions import ACTIVE, Standing, What, Why
from engine.core.ledger import end_of_month
from engine.store import bulk, database, restrictions
from engine.store import tables as t
from engine.store.journal import Entry
from engine.store.restrictions import Restriction
from engine.store.runs import action_key
from engine.store.spans import among
from engine.store.tables import BY_HAND, COMPANY, TAKEN, UNDER_WAY, ActionState

WAY_BACK = "way back"  # the step under which the end of an episode proposes to lift a hold or restore terms
APPROVER = "credit manager"  # who agrees to it, where nobody else had to agree to what is taken back
# A proposal of an older Dunwell is a task, of this one it waits for a yes.
_WAITS = (ActionState.AWAITING_APPROVAL.value, ActionState.PLANNED.value)


def propose(conn: Connection, account: str, number: int, on: date, company: str = COMPANY) -> list[Entry]:
    """An episode has ended: who was on cash or on hold for its delinquency is proposed for the way back.

    After the clean months that its policy asks for. A restriction for another reason waits for its review.
    """
    entries = _adopt(conn, account, number, company)
    for one in restrictions.standing(conn, account, states=ACTIVE, company=company):
        if one.reason is Why.DELINQUENCY and one.state is not Standing.PROPOSED:
            entries.append(propose_one(conn, one, on, company))
    return entries


def propose_one(
    conn: Connection,
    one: Restriction,
    on: date,
    company: str = COMPANY,
    *,
    more: Mapping[str, Any] | None = None,
    what: str = "",
    at_once: bool = False,
) -> Entry:
    """Let the way back from a restriction wait for a yes. `more` goes into the action's detail, `what` is its text."""
    a = t.action.c
    months = 0 if at_once else one.restore_after
    kind = "task" if one.kind is What.SERVICE else one.kind.value
    before = sa.select(sa.func.count()).where(
        a.company == company, a.account == one.account, a.step == WAY_BACK, a.item == str(one.id)
    )
    times = int(conn.execute(before).scalar_one())
    key = action_key(one.account, 0, WAY_BACK, str(one.id), times, kind, "", company=database.company(conn))
    detail = {
        "value": one.back,
        "lifts": one.id,
        "lifted": one.value,
        "restricts": one.kind.value,
        "reason": one.reason.value,
        "restore_after": months,
        "approve": approver(conn, one),
        "what": what or sentences.way_back(one.kind.value, one.value, one.back, months),
        "items": [],
        **(more or {}),
    }
    conn.execute(
        sa.insert(t.action).values(
            key=key,
            company=company,
            account=one.account,
            episode=0,
            policy=BY_HAND,
            step=WAY_BACK,
            item=str(one.id),
            occurrence=times,
            kind=kind,
            role="",
            day=-1,
            state=ActionState.AWAITING_APPROVAL.value,
            on=on,
            since=on,
            not_before=end_of_month(on, months) if months else None,
            amount=0,
            currency=_currency(conn, one),
            detail=bulk.write_json(detail),
        )
    )
    restrictions.moved(conn, one, Standing.PROPOSED)
    return Entry("way back proposed", one.account, {"key": key, "restriction": one.id, "months": months})


def withdraw(
    conn: Connection, accounts: Sequence[str], reason: str, on: date, company: str = COMPANY
) -> list[tuple[str, str]]:
    """Who owes again is not proposed for the way back: what waits for a yes is called off. (account, key) of each."""
    a = t.action.c
    # One that was agreed to is in the outbox, and decided again before it goes.
    agreed = sa.exists().where(t.outbox.c.action == a.key)
    query = sa.select(a.account, a.key).where(
        a.company == company, sa.text(f"action.{UNDER_WAY}"), a.step == WAY_BACK, a.state.in_(_WAITS), ~agreed
    )
    found = conn.execute(query.where(among(conn, a.account, accounts)).order_by(a.key))
    gone = [(account, key) for account, key in found]
    for _, key in gone:
        conn.execute(
            sa.update(t.action)
            .where(a.key == key)
            .values(state=ActionState.CANCELLED.value, reason=reason, since=on)
        )
        restrictions.called_off(conn, key)
    return gone


def approver(conn: Connection, one: Restriction) -> str:
    """Who agreed to what is taken back agrees to that too."""
    query = sa.select(t.action.c.detail).where(t.action.c.key == one.action)
    detail = bulk.read_json(conn.execute(query).scalar() or "{}")
    return str(detail.get("approve") or APPROVER)


def _currency(conn: Connection, one: Restriction) -> str:
    query = sa.select(t.action.c.currency).where(t.action.c.key == one.action)
    return str(conn.execute(query).scalar() or "USD")


def _adopt(conn: Connection, account: str, number: int, company: str) -> list[Entry]:
    """What was asked for in this episode before restrictions were kept."""
    a = t.action.c
    query = sa.select(t.action).where(
        a.company == company,
        a.account == account,
        a.episode == number,
        a.kind.in_([What.TERMS.value, What.HOLD.value]),
        a.state.in_([state.value for state in TAKEN]),
    )
    return restrictions.adopt(conn, conn.execute(query).mappings().all())
