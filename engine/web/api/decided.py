"""What was decided, what came of it, and the journal of all that was done."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel

from engine.core.language.policy import Kind
from engine.exports.values import amount
from engine.jobs.cases import must_know
from engine.store import decided, told
from engine.store.decided import Act
from engine.store.tables import ActionState
from engine.web.api.accounts import Money
from engine.web.api.caller import Reads

router = APIRouter(tags=["Decisions"])
Most = Annotated[int, Query(ge=1, le=1000)]


class Run(BaseModel):
    """A day that was decided. `policies` is the hash of those that decided, `ledger` the day of the ledger."""

    on: date
    state: str
    times: int
    ledger: date | None
    policies: str
    counts: dict[str, Any]


class Decision(BaseModel):
    """What was decided of the account on a day, and why. `gate` held a step back; `line` is the place that decided."""

    on: date
    time: int
    item: str | None
    policy: str | None
    step: str | None
    verdict: str
    reason: str
    gate: str | None
    line: str | None


class Action(BaseModel):
    """A call, message, task or change that was decided. `since` is the first day of its state, `taken_on` when it was done."""

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
    amount: Money
    currency: str
    role: str
    person: str | None


class Entry(BaseModel):
    """An entry of the journal."""

    number: int
    at: datetime
    kind: str
    account: str
    by: str
    body: dict[str, Any]


@router.get("/runs")
def runs(caller: Reads, most: Most = 30) -> list[Run]:
    """The days that were decided, the newest first."""
    with caller.reading() as conn:
        found = decided.runs(conn, most)
    return [
        Run(
            on=one.on,
            state=one.state,
            times=one.times,
            ledger=one.as_of,
            policies=one.book,
            counts=one.counts,
        )
        for one in found
    ]


@router.get("/decisions/{account:path}")
def decisions(caller: Reads, account: str, most: Most = 100) -> list[Decision]:
    """What was decided of an account, the newest first; that nothing was done is a decision too."""
    with caller.reading() as conn:
        must_know(conn, account)
        found = decided.decisions(conn, account, most)
    return [
        Decision(
            on=one.on,
            time=one.time,
            item=one.item or None,
            policy=one.policy,
            step=one.step,
            verdict=one.verdict,
            reason=one.reason,
            gate=one.gate,
            line=one.place,
        )
        for one in found
    ]


@router.get("/actions")
def actions(
    caller: Reads,
    account: Annotated[
        str, Query(max_length=200, description="All of this account; else what is under way.")
    ] = "",
    state: Annotated[list[ActionState] | None, Query()] = None,
    kind: Annotated[list[Kind] | None, Query()] = None,
    after: Annotated[str, Query(max_length=1000, description="The last key of the page before.")] = "",
    most: Most = 100,
) -> list[Action]:
    """Actions by their key: all of an account, or those of everybody that are under way."""
    with caller.reading() as conn:
        if account:
            must_know(conn, account)
        found = decided.actions(conn, account, state or (), kind or (), after, most)
    return [_action(one) for one in found]


@router.get("/journal")
def journal(
    caller: Reads,
    kind: Annotated[str, Query(max_length=100)] = "",
    account: Annotated[str, Query(max_length=200)] = "",
    by: Annotated[str, Query(max_length=200)] = "",
    before: Annotated[
        int | None, Query(ge=1, lt=2**53, description="The last number of the page before.")
    ] = None,
    after: Annotated[
        int | None,
        Query(
            ge=0, lt=2**53, description="Those after this number, the oldest first: to follow what happens."
        ),
    ] = None,
    most: Most = 100,
) -> list[Entry]:
    """All that was decided, said and done, by whom and when, the newest first."""
    with caller.reading() as conn:
        found = told.told(conn, kind=kind, account=account, by=by, before=before, after=after, most=most)
    return [
        Entry(number=one.seq, at=one.at, kind=one.kind, account=one.account, by=one.by, body=dict(one.body))
        for one in found
    ]


def _action(one: Act) -> Action:
    same = {name: getattr(one, name) for name in one.__slots__}
    return Action(**same | {"amount": amount(one.amount, one.currency)})
