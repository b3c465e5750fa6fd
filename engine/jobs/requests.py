"""What the ledger system is asked for, made from what was decided: the same bytes on every try, also days later."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from engine.channels.request import Request
from engine.core.cases.restrictions import Why
from engine.core.language.policy import Kind
from engine.outbox import Row
from engine.store.tables import action, outbox

REQUEST = (
    "request"  # the way out of terms, holds and hand-offs: a webhook where one takes them, else a folder
)
_WEBHOOK = "webhook "


def made(row: Row, found: RowMapping, detail: Mapping[str, Any], version: int) -> Request:
    """The request of an action (`found` is its row). Nothing in it depends on when it is made."""
    hook = row.channel.startswith(_WEBHOOK)
    facts = {"amount": found["amount"], "currency": found["currency"], "items": detail.get("items", [])}
    if not hook and Kind(row.kind).restricts:
        facts["reason"] = detail.get("reason", Why.DELINQUENCY.value)
        facts |= {name: detail[name] for name in ("effective", "lifted") if name in detail}
    return Request(
        key=row.key,
        account=row.account,
        what=row.channel.removeprefix(_WEBHOOK) if hook else row.kind,
        desired=str(detail.get("value", "")),
        version=version,
        day=found["on"],
        because=f"{row.policy}: {row.step}",
        facts=facts,
    )


def version(conn: Connection, row: Row) -> int:
    """How many requests of the account this one makes, so that a receiver can tell an old request that comes late."""
    earlier = sa.select(sa.func.count()).select_from(outbox.join(action, action.c.key == outbox.c.action))
    query = earlier.where(
        action.c.account == row.account, outbox.c.id <= row.id, outbox.c.channel == row.channel
    )
    return int(conn.execute(query).scalar_one())
