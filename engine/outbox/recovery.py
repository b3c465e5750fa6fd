"""After a crash: what the dead sender had in hand is tried again, found delivered, or put to a person."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from sqlalchemy.engine import Connection

from engine.channels.receipt import Outcome, Receipt
from engine.outbox.delivery import Delivery, Result, Round, next_attempt
from engine.store import outbox as store
from engine.store import sending
from engine.store.database import reading, writing
from engine.store.evidence import Trace
from engine.store.outbox import Row


async def recover(delivery: Delivery, gone: Callable[[str], bool]) -> Round:
    """Settle each message that is `sending` by an owner of whom `gone(owner)` proves that it has ended.

    Before the point of no return: `retry`. At or after it the sender looks outside; what it cannot see is
    `uncertain`. Nothing goes back to `pending` as if it had never begun. Two recoveries at once settle a row
    once.
    """
    round_ = Round()
    with reading(delivery.engine) as conn:
        rows = store.under_way(conn)
    for row in rows:
        if row.owner is None or row.owner == delivery.owner or not gone(row.owner):
            continue
        receipt = await _found(delivery, row)
        result = await asyncio.to_thread(_settle, delivery, row, receipt)
        if result is not None:
            round_.results.append(result)
    return round_


async def _found(delivery: Delivery, row: Row) -> Receipt:
    stage = row.stage or sending.CLAIMED
    if stage == sending.CLAIMED:
        return Receipt(Outcome.RETRY, stage, "the program ended before the message was sent")
    sender = delivery.senders.get(row.channel)
    seen = await sender.found(row.payload.get("evidence", {})) if sender is not None else None
    return seen or Receipt(
        Outcome.UNCERTAIN,
        stage,
        "the program ended while the message was being handed over: it may have arrived",
    )


def _settle(delivery: Delivery, row: Row, receipt: Receipt) -> Result | None:
    at = delivery.now()
    with writing(delivery.engine) as conn:
        return _write(delivery, conn, row, receipt, at)


def _write(delivery: Delivery, conn: Connection, row: Row, receipt: Receipt, at: datetime) -> Result | None:
    state, sentence, not_before = receipt.state.value, receipt.sentence, None
    if receipt.state is Outcome.RETRY:
        not_before = next_attempt(row.attempt, at, delivery.rng)
        if not_before is None:
            state, sentence = store.FAILED, f"given up after {row.attempt} tries; the last time {sentence}"
    payload = {**row.payload, "evidence": {**row.payload.get("evidence", {}), **receipt.evidence}}
    if not sending.settle(conn, row, state, reason=sentence, at=at, payload=payload, not_before=not_before):
        return None
    if state == store.SENT and not row.payload.get("reached"):
        delivery.taken(conn, row.key, at)
    result = Result(row.key, row.account, row.channel, state, sentence)
    delivery.settled(conn, row, result, at)
    delivery.remember(conn, [Trace.of(row, state, at)])
    return result
