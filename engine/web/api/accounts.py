"""Accounts: found, and each with what it owes, where it stands on its ladder and why, and what has happened."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from engine.errors import Refused
from engine.exports.values import amount
from engine.jobs.brief import brief
from engine.jobs.cases import must_know
from engine.jobs.explain import explained
from engine.screen.brief import brief_value
from engine.screen.explain import explanation_value
from engine.store import finding
from engine.store.history import history as happened
from engine.store.history import kinds_named
from engine.web.api.caller import Reads

router = APIRouter(tags=["Accounts"])
_Day = date  # where a field is called date itself
Money = Annotated[
    str, Field(examples=["1200.00"], description="A decimal number, in the currency beside it.")
]


class Found(BaseModel):
    """An account, by what it was found, and what is past due in each currency."""

    account: str
    name: str
    by: str
    overdue: dict[str, Money]


class Item(BaseModel):
    """An open item. `owed` is what is left of it after credits; `aside` why it is set aside: disputed, promised, planned."""

    number: str
    kind: str
    date: _Day | None
    due: _Day
    days_late: int
    open: Money
    owed: Money
    currency: str
    po: str | None
    aside: str | None


class Agreed(BaseModel):
    """What stands between us: a promise, dispute, plan, compromise, pause, terms or hold."""

    kind: str
    state: str
    on: date
    until: date | None
    amount: Money | None
    currency: str | None
    what: str
    who: str


class Route(BaseModel):
    policy: str
    fits: bool
    sentence: str
    line: str | None


class Rung(BaseModel):
    """A step of the ladder. `mark` is done, passed, due, held or ahead."""

    day: int
    what: str
    mark: str
    sentence: str
    line: str | None


class Gate(BaseModel):
    """Whether the step may go out, as far as this goes."""

    ok: bool
    sentence: str
    line: str | None


class Stands(BaseModel):
    """Where the account stands and why, each answer with the line that gives it; `verdict` is what it comes to."""

    policies: list[Route]
    steps: list[Rung]
    gates: list[Gate]
    verdict: list[str]
    policies_hash: str


class Account(BaseModel):
    """An account today. `totals` has overdue, set aside, not yet due and credits by currency; `stop` why not to call at all.

    `stands` is null where the policies or the ledger cannot say, and `cannot_say` tells why.
    """

    account: str
    name: str
    on: date
    facts: dict[str, str]
    totals: dict[str, dict[str, Money]]
    items: list[Item]
    agreed: list[Agreed]
    stop: list[str]
    reason: str | None = Field(description="Why payment has not been made, as it is on record.")
    stands: Stands | None
    cannot_say: str = ""


class Happened(BaseModel):
    on: date
    kind: str
    text: str
    by: str
    item: str


@router.get("/accounts")
def accounts(
    caller: Reads,
    find: Annotated[
        str, Query(max_length=200, description="A number, name, invoice, order, person or telephone.")
    ] = "",
) -> list[Found]:
    """Accounts that fit, the surest first; without `find` those that owe most of what is past due."""
    with caller.reading() as conn:
        found = finding.accounts(conn, find) if find.strip() else finding.largest(conn, caller.today)
    return [
        Found(
            account=one.account,
            name=one.name,
            by=one.by,
            overdue={code: amount(minor, code) for code, minor in one.amounts},
        )
        for one in found
    ]


@router.get("/account/{account:path}", response_model=Account)
def account(caller: Reads, account: str) -> Any:
    """What an account owes, what is agreed with it, where it stands on its ladder and why."""
    with caller.reading() as conn:
        found = brief_value(brief(caller.ws, conn, account, on=caller.today, now=caller.now))
        try:
            told = explained(caller.live, conn, account, on=caller.today, now=caller.now)
            return {**found, "stands": explanation_value(told)}
        except Refused as error:
            return {**found, "stands": None, "cannot_say": error.sentence}


@router.get("/history/{account:path}")
def history(
    caller: Reads,
    account: str,
    since: Annotated[date | None, Query(description="From this day on.")] = None,
    kind: Annotated[list[str] | None, Query(description="Only these, such as call or promise.")] = None,
) -> list[Happened]:
    """All that has happened with an account, the oldest first."""
    wanted = kinds_named(kind or ())
    with caller.reading() as conn:
        must_know(conn, account)
        found = happened(conn, account, since=since, kinds=wanted)
    return [Happened(on=one.on, kind=one.kind, text=one.text, by=one.by, item=one.item) for one in found]
