"""What is agreed with a customer: promises, payment plans, disputes and their end."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Body
from pydantic import Field

from engine.core.cases.plans import read_every
from engine.core.cases.promises import Kind
from engine.jobs import cases
from engine.web.api.asked import Asked, Code, Day, Decimals, Items, Name, Text, about, minor
from engine.web.api.caller import Caller, Done, Works
from engine.web.api.problems import Mistake, wrong

router = APIRouter(tags=["Agreements"])
Why = Annotated[str, Field(min_length=1, max_length=10_000, description="Why.")]


class Promise(Asked):
    """A promise to pay. Without `amount` all that the items owe; without `items` all that is overdue and not set aside."""

    pays_on: Day
    amount: Decimals | None = None
    currency: Code | None = None
    items: Items = Field(default_factory=list)
    said: Text = ""
    spoken_with: Annotated[str, Field(max_length=200)] = ""
    check: Annotated[str, Field(max_length=200, description="The number of a cheque that it comes by.")] = ""


class Plan(Asked):
    """A payment plan: `instalments` of them, of `amount` each, or both; the last takes the rest.

    `agree`: though it asks for more a month than the account has paid.
    """

    first: Day
    instalments: Annotated[int, Field(ge=2, le=36)] | None = None
    amount: Decimals | None = None
    currency: Code | None = None
    every: Annotated[str, Field(max_length=30, examples=["month", "2 weeks"])] = "month"
    items: Items = Field(default_factory=list)
    spoken_with: Annotated[str, Field(max_length=200)] = ""
    because: Text = ""
    agree: bool = False


class Dispute(Asked):
    """Invoices that the customer contests: `amount` of one, else all of it. `expect` is the number that settles it."""

    items: Annotated[list[Name], Field(min_length=1, max_length=1000)]
    reason: Name
    amount: Decimals | None = None
    currency: Code | None = None
    owner: Annotated[str, Field(max_length=200, description="The role that answers.")] = ""
    answer_in: Annotated[int, Field(ge=0, le=366, description="Open days to answer in.")] | None = None
    said: Text = ""
    expect: Annotated[str, Field(max_length=200)] = ""


class Closed(Asked):
    """A dispute that is settled, and in whose favour."""

    items: Annotated[list[Name], Field(min_length=1, max_length=1000)]
    closed_for: Literal["us", "customer"]
    result: Text = ""


class TakenBack(Asked):
    """A promise or plan that is taken back. Where there are several, `items` says which."""

    because: Why
    items: Items = Field(default_factory=list)


def _amount(caller: Caller, asked: Promise | Plan | Dispute) -> tuple[int | None, str | None]:
    """Minor units, where an amount is said, and the currency where one is named."""
    if asked.amount is None:
        return None, asked.currency
    return minor(caller, asked, asked.amount, asked.currency, asked.items)


_PROMISE = {
    "summary": "All that is overdue, by Friday",
    "value": {"account": "ACC1", "pays_on": "2026-10-16", "spoken_with": "Ana Reyes"},
}
_PLAN = {
    "summary": "Four months",
    "value": {"account": "ACC1", "first": "2026-11-02", "instalments": 4, "because": "a slow season"},
}
_DISPUTE = {
    "summary": "A short shipment",
    "value": {
        "account": "ACC1",
        "items": ["I1"],
        "reason": "short shipment",
        "said": "two pallets of three came",
    },
}


@router.post("/promises")
def promise(asked: Annotated[Promise, Body(openapi_examples={"all": _PROMISE})], caller: Works) -> Done:
    """Write down a promise to pay: what it covers waits, and starts again if it is broken."""
    who = about(caller, asked, asked.items)
    amount, currency = _amount(caller, asked)
    return caller.done(
        cases.promise(
            caller.engine,
            asked.account,
            asked.pays_on,
            who,
            caller.live.calendar,
            amount=amount,
            currency=currency,
            items=asked.items,
            said=asked.said,
            kind=Kind.CHECK if asked.check else Kind.PAYMENT,
            spoken_with=asked.spoken_with,
            check_number=asked.check,
        )
    )


@router.post("/promises/withdraw")
def withdraw(asked: TakenBack, caller: Works) -> Done:
    """Take back a promise that was written down: it counts neither as kept nor as broken."""
    who = about(caller, asked)
    return caller.done(
        cases.withdraw(caller.engine, asked.account, who, because=asked.because, items=asked.items)
    )


@router.post("/plans")
def plan(asked: Annotated[Plan, Body(openapi_examples={"months": _PLAN})], caller: Works) -> Done:
    """Agree on instalments: their invoices wait while each comes in time. What goes too far waits for somebody's yes."""
    who = about(caller, asked, asked.items)
    every = read_every(asked.every)
    if every is None:
        said, hint = f"“{asked.every}” is no length of time", "write it as month, week or 2 weeks"
        raise wrong([Mistake(part="body", pointer="/every", detail=said, suggestion=hint)])
    amount, currency = _amount(caller, asked)
    return caller.done(
        cases.plan(
            caller.live,
            caller.engine,
            asked.account,
            who,
            first=asked.first,
            count=asked.instalments,
            amount=amount,
            currency=currency,
            every=every,
            items=asked.items,
            spoken_with=asked.spoken_with,
            because=asked.because,
            agree=asked.agree,
        )
    )


@router.post("/plans/end")
def end_plan(asked: TakenBack, caller: Works) -> Done:
    """End a plan that runs, or take back one that waits for a yes."""
    who = about(caller, asked)
    return caller.done(
        cases.end_plan(caller.engine, asked.account, who, because=asked.because, items=asked.items)
    )


@router.post("/disputes")
def dispute(asked: Annotated[Dispute, Body(openapi_examples={"short": _DISPUTE})], caller: Works) -> Done:
    """Set invoices aside because the customer contests them; somebody has to answer."""
    who = about(caller, asked, asked.items)
    if asked.amount is not None and len(asked.items) > 1:
        said = "an amount is contested of one invoice"
        raise wrong([Mistake(part="body", pointer="/amount", detail=said, suggestion="send them one by one")])
    amount, currency = _amount(caller, asked)
    first, *more = asked.items
    return caller.done(
        cases.open_dispute(
            caller.engine,
            asked.account,
            first,
            asked.reason,
            who,
            *more,
            ws=caller.live,
            amount=amount,
            currency=currency,
            owner=asked.owner,
            answer_in=asked.answer_in,
            said=asked.said,
            expected=asked.expect,
        )
    )


@router.post("/disputes/close")
def close_dispute(asked: Closed, caller: Works) -> Done:
    """A dispute is settled for the customer, whose days it took are taken off, or for us."""
    who = about(caller, asked)
    first, *more = asked.items
    return caller.done(
        cases.close_dispute(
            caller.engine, asked.account, first, who, *more, closed_for=asked.closed_for, result=asked.result
        )
    )
