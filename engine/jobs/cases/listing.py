"""Every account on other terms, on hold or with less service, and what is on its way there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.core.cases.restrictions import Standing, What, Why
from engine.store import restrictions
from engine.store import tables as t
from engine.store.tables import COMPANY, UNDER_WAY, ActionState


@dataclass(frozen=True, slots=True)
class Listed:
    """One of them. `since` is the day on which it was asked for; `confirmed` that on which the ledger system had it.

    What is not asked for yet has no `number`, and its state is that of its action.
    """

    number: int | None
    account: str
    name: str
    kind: What
    value: str
    before: str
    reason: Why
    state: str
    since: date
    confirmed: date | None
    review: date | None
    by: str
    approved_by: str


_STATES = {
    ActionState.AWAITING_APPROVAL.value: "needs approval",
    ActionState.PLANNED.value: "on its way",
    ActionState.APPROVED.value: "on its way",
    ActionState.SENDING.value: "on its way",
    ActionState.RETRY.value: "on its way",
    ActionState.UNCERTAIN.value: "may or may not have arrived",
}


def listed(conn: Connection, company: str = COMPANY, account: str | None = None) -> list[Listed]:
    """All that are in force, requested or on the way back, the oldest first; then what is still to be asked for.

    Of one account, or of all.
    """
    known = sa.select(t.customer.c.account, t.customer.c.name).where(t.customer.c.company == company)
    known = known if account is None else known.where(t.customer.c.account == account)
    names = {row.account: row.name for row in conn.execute(known)}
    there = [
        Listed(
            number=one.id,
            account=one.account,
            name=names.get(one.account) or one.account,
            kind=one.kind,
            value=one.value,
            before=one.before or "",
            reason=one.reason,
            state=one.state.value,
            since=one.ended_on if one.state is Standing.RELEASING and one.ended_on else one.asked_on,
            confirmed=one.confirmed_on,
            review=one.review_on,
            by=one.by,
            approved_by=one.approved_by or "",
        )
        for one in restrictions.standing(conn, account, company=company)
    ]
    return [*there, *_to_come(conn, names, company, account)]


def _to_come(conn: Connection, names: dict[str, str], company: str, account: str | None) -> Iterator[Listed]:
    a = t.action.c
    query = sa.select(t.action).where(
        a.company == company, sa.text(f"action.{UNDER_WAY}"), a.state.in_(list(_STATES))
    )
    query = query if account is None else query.where(a.account == account)
    for row in conn.execute(query.order_by(a.on, a.account, a.key)):
        detail = orjson.loads(row.detail)
        kind = detail.get("restricts") or row.kind
        if (
            kind not in tuple(What)
            or detail.get("lifts")
            or (kind == What.SERVICE and row.state == "planned")
        ):
            continue
        yield Listed(
            number=None,
            account=row.account,
            name=names.get(row.account) or row.account,
            kind=What(kind),
            value=str(detail.get("value", "")),
            before="",
            reason=Why(detail.get("reason", Why.DELINQUENCY.value)),
            state=_STATES[row.state],
            since=row.on,
            confirmed=None,
            review=date.fromisoformat(detail["review"]) if detail.get("review") else None,
            by=detail.get("by") or f"policy {row.policy}",
            approved_by="",
        )
