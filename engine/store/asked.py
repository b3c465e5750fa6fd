"""What waits on somebody's list asks for no more than is owed now."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any, NamedTuple

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.core.decision.state import Aside
from engine.core.netting import net
from engine.core.sentences import PAID, Reason
from engine.store.bulk import write_json
from engine.store.journal import Entry
from engine.store.queries import Ask
from engine.store.runs import withdraw
from engine.store.spans import among
from engine.store.state import open_items
from engine.store.tables import COMPANY, OUTCOMES, UNDER_WAY, ActionState, action, promise

# Nobody has agreed to these, and nobody is sending them. What is approved or in the outbox is decided again before it
# goes, and has to find what it asked for then.
_LISTED = (ActionState.NO_CAPACITY, ActionState.HELD_ADDRESS, ActionState.AWAITING_APPROVAL)
_ON_LISTS = (ActionState.PLANNED, ActionState.PUT_BACK)
_IN_OUTBOX = (ActionState.PLANNED, ActionState.RETRY)
SET_ASIDE = {
    Aside.DISPUTED.value: Reason.DISPUTED.value,
    Aside.PROMISED.value: Reason.PROMISED.value,
    Aside.PLANNED.value: Reason.PLANNED.value,
}


class Standing(NamedTuple):
    """An open item: what is owed of it after credits, and why it is set aside."""

    owed: int
    currency: str
    aside: str | None


def renew(
    conn: Connection, on: date, company: str = COMPANY, *, accounts: Collection[str] | None = None
) -> tuple[list[str], list[Entry]]:
    """Bring what waits on a list, of these accounts or of all, to what is owed on a day: its items and its amount.

    An item that is paid or set aside is taken out, with the mark it would have got; none is added. A task asks the
    customer for nothing, so it keeps what is set aside; so does what followed a call about that very promise or dispute
    (`despite`). An action that has no item left is cancelled, and one that hangs on a promise once that is settled. The
    keys of those, and what to put in the journal.
    """
    a = action.c
    on_lists = sa.and_(a.kind.in_(["call", "task"]), a.state.in_([state.value for state in _ON_LISTS]))
    # A message of a ladder is decided again before it goes; one that followed a call has no policy to be decided by.
    followed = sa.and_(
        a.policy == OUTCOMES, a.kind == "email", a.state.in_([state.value for state in _IN_OUTBOX])
    )
    query = sa.select(a.key, a.account, a.kind, a.amount, a.currency, a.detail).where(
        a.company == company,
        sa.text(f"action.{UNDER_WAY}"),
        sa.or_(on_lists, followed, a.state.in_([state.value for state in _LISTED])),
    )
    if accounts is not None:
        query = query.where(among(conn, a.account, accounts))
    details = [(row, orjson.loads(row.detail)) for row in conn.execute(query.order_by(a.key))]
    waiting = [(row, detail) for row, detail in details if detail.get("items")]
    now = owed_now(conn, on, company, {row.account for row, _ in waiting}) if waiting else {}
    settled = _settled(conn, [detail["promise"] for _, detail in waiting if detail.get("promise")])
    changed: list[dict[str, Any]] = []
    over: list[dict[str, Any]] = []
    entries: list[Entry] = []
    for row, detail in waiting:
        before = [name for name, _ in detail["items"]]
        known = {name: now[row.account, name] for name in before if (row.account, name) in now}
        keeps = set(SET_ASIDE) if row.kind == "task" else set(detail.get("despite", ()))
        left = {
            n: item for n, item in known.items() if item.owed > 0 and (not item.aside or item.aside in keeps)
        }
        over_with = settled.get(detail.get("promise"))
        if over_with or not left:
            asides = [item.aside for item in known.values() if item.owed > 0 and item.aside]
            because = over_with or (SET_ASIDE[asides[0]] if asides else PAID)
            over.append({"whose": row.key, "because": because})
            entries.append(Entry("cancelled", row.account, {"key": row.key, "because": because}))
            continue
        items = [[name, item.owed] for name, item in left.items()]
        if items == detail["items"]:
            continue
        amount, currency = sum(item.owed for item in left.values()), next(iter(left.values())).currency
        if len({item.currency for item in left.values()}) > 1:
            # Several currencies are asked for in the house's, and were before.
            amount, currency = _in_house(conn, on, company, row, left), row.currency
        gone = set(before) - set(left)
        fewer = {**detail, "items": items}
        if "marks" in detail:
            fewer["marks"] = [mark for mark in detail["marks"] if mark[0] not in gone]
        changed.append({"whose": row.key, "sum": amount, "code": currency, "text": write_json(fewer)})
        told = {"key": row.key, "amount": amount, "currency": currency, "before": row.amount}
        entries.append(Entry("amount changed", row.account, told))
    mine = sa.update(action).where(a.key == sa.bindparam("whose"))
    if changed:
        values: dict[str, Any] = {
            "amount": sa.bindparam("sum"),
            "currency": sa.bindparam("code"),
            "detail": sa.bindparam("text"),
        }
        conn.execute(mine.values(values), changed)
    if over:
        end: dict[str, Any] = {
            "state": ActionState.CANCELLED.value,
            "reason": sa.bindparam("because"),
            "since": on,
        }
        conn.execute(mine.values(end), over)
        mails = {row.key for row, _ in waiting if row.kind == "email"}
        for one in over:
            withdraw(conn, mails & {one["whose"]}, one["because"])
    return [one["whose"] for one in over], entries


def owed_now(
    conn: Connection, on: date, company: str, accounts: Collection[str]
) -> dict[tuple[str, str], Standing]:
    """(account, item) -> the item, for every open item of these accounts."""
    items = net(open_items(Ask.of(conn, company, on, accounts), ""), "account")
    columns = items.select("account", "item", "owed", "currency", "aside")
    return {(account, name): Standing(*rest) for account, name, *rest in columns.iter_rows()}


def _settled(conn: Connection, promises: Collection[int]) -> dict[int | None, str]:
    """Why what hangs on a promise is over: it was kept, superseded or withdrawn. One that is broken is what it waits for."""
    if not promises:
        return {}
    query = sa.select(promise.c.id, promise.c.state).where(promise.c.id.in_(promises))
    ends = ("kept", "superseded", "withdrawn")
    return {number: f"promise {state}" for number, state in conn.execute(query) if state in ends}


def _in_house(conn: Connection, on: date, company: str, row: Any, items: Mapping[str, Standing]) -> int:
    """What items of several currencies come to in the house's, in which the action counts; half to even."""
    found = open_items(Ask.of(conn, company, on, (row.account,)), row.currency)
    rates = {name: rate or 0.0 for name, rate in found.select("item", "rate").iter_rows()}
    return sum(round(item.owed * rates[name]) for name, item in items.items())
