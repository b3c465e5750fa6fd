"""Messages: what waits, was sent, failed, is in doubt."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel

from engine import outbox as desk
from engine.exports.values import amount
from engine.store import outbox as store
from engine.store import posted
from engine.web.api.accounts import Money
from engine.web.api.caller import Reads

router = APIRouter(tags=["Outbox"])


class MessageState(StrEnum):
    PENDING = store.PENDING
    SENDING = store.SENDING
    RETRY = store.RETRY
    SENT = store.SENT
    FAILED = store.FAILED
    UNCERTAIN = store.UNCERTAIN
    CANCELLED = store.CANCELLED


class Posted(BaseModel):
    """A message and what has become of it. In state `uncertain` nobody can know whether it arrived: a person has to say."""

    key: str
    account: str
    name: str
    kind: str
    policy: str
    step: str
    on: date
    channel: str
    state: MessageState
    reason: str
    tries: int
    not_before: datetime | None
    changed_at: datetime | None
    amount: Money
    currency: str
    edited: bool


class PostedInFull(Posted):
    """With what the receiving side said of it."""

    evidence: dict[str, Any]


@router.get("/outbox")
def outbox(
    caller: Reads,
    state: Annotated[list[MessageState] | None, Query()] = None,
    find: Annotated[str, Query(max_length=200, description="Words in account, name or step.")] = "",
    most: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> list[Posted]:
    """The newest messages first."""
    with caller.reading() as conn:
        found = posted.searched(conn, tuple(state or ()), find, most)
    return [Posted(**_values(one)) for one in found]


@router.get("/outbox/{key:path}")
def message(caller: Reads, key: str) -> PostedInFull:
    """One message with all that is known of it."""
    with caller.reading() as conn:
        row = desk.show(conn, key)
        (one,) = posted.searched(conn, key=key)
    return PostedInFull(**_values(one), evidence=dict(row.payload.get("evidence", {})))


def _values(one: posted.Listed) -> dict[str, Any]:
    row = one.row
    same = {
        name: getattr(row, name) for name in ("key", "account", "kind", "policy", "step", "on", "channel")
    }
    more = {name: getattr(row, name) for name in ("state", "not_before", "changed_at")}
    return {
        **same,
        **more,
        "name": one.name,
        "reason": row.reason or "",
        "tries": row.attempt,
        "amount": amount(one.amount, one.currency),
        "currency": one.currency,
        "edited": one.edited,
    }
