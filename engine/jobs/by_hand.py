"""What people asked for themselves, at the moment at which it goes: is it still so, and what has it come to?

No policy can decide it again, so the few things are looked at that would make it wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import orjson
import polars as pl
import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from engine.core import sentences
from engine.core.cases.restrictions import Standing, Why
from engine.core.language.policy import Kind
from engine.core.netting import net
from engine.core.sentences import Reason
from engine.core.workdays import zone_of
from engine.jobs.again import Again
from engine.jobs.cases import tasks
from engine.jobs.cases.who import Who
from engine.jobs.listing import Listed, pairs
from engine.jobs.workspace import Workspace
from engine.outbox import Result, Row
from engine.store import journal, restrictions, runs
from engine.store import outbox as store
from engine.store.asked import SET_ASIDE
from engine.store.episodes import LATE_AGAIN
from engine.store.queries import Ask
from engine.store.state import age_of, open_items
from engine.store.tables import BY_HAND, COMPANY, action, customer

_ITSELF = "Dunwell"  # who says so where nobody does


def again(ws: Workspace, conn: Connection, keys: Sequence[str], now: datetime) -> dict[str, Again]:
    """As `again.again`, for what no policy decided."""
    found = conn.execute(sa.select(action).where(action.c.key.in_(keys))).mappings().all()
    on = ws.today(now)
    owed = overdue(conn, ws, on, [row["account"] for row in found])
    held = runs.hold(conn)
    old = 0 < ws.live.house.fresh < ledger_age(conn, on, now)
    zones = _zones(conn, [row["account"] for row in found])
    answers = {}
    for row in found:
        detail = orjson.loads(row["detail"])
        lists = owed.get(row["account"], Listed(0, row["currency"], [], []))
        zone = zone_of(zones.get(row["account"]), ws.settings.workspace.zone)
        reason, waits = _objection(conn, row, detail, lists, held or (Reason.STALE.value if old else ""))
        answers[row["key"]] = Again(row, detail, reason, lists, zone, waits=waits)
    return answers


def _objection(
    conn: Connection, row: RowMapping, detail: Mapping[str, Any], lists: Listed, unsure: str
) -> tuple[str, bool]:
    """(why it does not go, whether it only waits). `unsure`: why nobody can say what is owed."""
    if detail.get("lifts"):
        if not Kind(row["kind"]).restricts:
            return "", False  # the customer is told what was decided
        if lists.items and not detail.get("although"):
            return LATE_AGAIN, False
        one = restrictions.find(conn, int(detail["lifts"]), row["company"])
        return ("" if one and one.state is Standing.PROPOSED else sentences.RELEASED), False
    if _bound(conn, row["account"], row["company"]):
        return sentences.CONTRACT, False
    if detail.get("reason") != Why.DELINQUENCY:
        return "", False
    if unsure:
        return unsure, True
    if lists.items or (lists.aside and not row["amount"]):  # all was set aside when it was asked for
        return "", False
    return (SET_ASIDE[lists.aside[0][2]] if lists.aside else sentences.PAID), False


def overdue(conn: Connection, ws: Workspace, on: date, accounts: Sequence[str]) -> dict[str, Listed]:
    """What each account has overdue: its items, and apart from them those set aside; none where nothing is."""
    house = ws.live.house.currency
    items = net(open_items(Ask.of(conn, COMPANY, on, accounts), house), "account").filter(
        (pl.col("owed") > 0) & (pl.col("due") < on)
    )
    found = {}
    for (account,), rows in items.sort("account", "due", "item").group_by("account", maintain_order=True):
        free, aside = rows.filter(pl.col("aside").is_null()), rows.filter(pl.col("aside").is_not_null())
        single = free["currency"].n_unique() == 1
        base = (free["owed"] * free["rate"].fill_null(0.0)).round().cast(pl.Int64)
        found[str(account)] = Listed(
            int((free["owed"] if single else base).sum()),
            free["currency"][0] if single else house,
            pairs(free["item"], free["owed"]),
            pairs(aside["item"], aside["owed"], aside["aside"]),
        )
    return found


def settled(ws: Workspace, conn: Connection, told: Sequence[tuple[Row, Result]], at: datetime) -> None:
    """What follows the end of a message, beside the journal.

    A way back that was called off stays as it was. Terms or a hold that were announced and do not follow are somebody's
    task. The time to answer that a notice gave is kept with it.
    """
    today = ws.today(at)
    for row, result in told:
        if row.policy == BY_HAND and result.state == store.SENT and Kind(row.kind).written:
            answer_by = ws.calendar.next_open(today + timedelta(days=ws.live.house.answer))
            demand = sa.and_(action.c.key == row.key, action.c.day >= 0)
            conn.execute(sa.update(action).where(demand).values(respond_by=answer_by))
        if result.state not in (store.CANCELLED, store.FAILED) or not Kind(row.kind).restricts:
            continue
        found = conn.execute(sa.select(action).where(action.c.key == row.key)).mappings().one()
        restrictions.called_off(conn, row.key)
        if (
            not orjson.loads(found["detail"]).get("lifts")
            and result.sentence != sentences.PAID
            and store.announced(conn, [row.key])
        ):
            who = Who(_ITSELF, at, today, found["company"])
            what = sentences.announced_only(row.step, result.sentence)
            entry = tasks.add(
                ws, conn, row.account, sentences.ANNOUNCED_ONLY, row.id, what, who,
                amount=found["amount"], currency=found["currency"], role=ws.live.house.owner,
            )  # fmt: skip
            journal.append(conn, [entry], at)


def ledger_age(conn: Connection, on: date, now: datetime) -> int:
    """Hours since the newest ledger was true."""
    ask = Ask.of(conn, COMPANY, on)
    return age_of(ask.as_of, ask.imported, now)


def _bound(conn: Connection, account: str, company: str) -> bool:
    """Whether a contract obliges us to supply the account."""
    query = sa.select(customer.c.contract_supply).where(
        customer.c.company == company, customer.c.account == account
    )
    return bool(conn.execute(query).scalar())


def _zones(conn: Connection, accounts: Sequence[str]) -> dict[str, str | None]:
    query = sa.select(customer.c.account, customer.c.time_zone).where(
        customer.c.company == COMPANY, customer.c.account.in_(accounts)
    )
    return {account: zone for account, zone in conn.execute(query)}  # noqa: C416 - rows are no pairs to mypy
