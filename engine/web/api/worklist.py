"""What people have to do today."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from pydantic import BaseModel

from engine.errors import NotFound
from engine.jobs.cases.who import near
from engine.jobs.worklist import worklist as listed
from engine.screen.worklist import worklist_value
from engine.web.api.accounts import Money
from engine.web.api.caller import Reads

router = APIRouter(tags=["Work"])


class Sums(BaseModel):
    """How many, and how much in each currency."""

    number: int
    amounts: dict[str, Money]


class Work(BaseModel):
    """One thing to do. `person` does it today, `instead_of` is away; `at` is a call's time; `role` must approve."""

    key: str
    account: str
    name: str
    kind: str
    step: str
    state: str
    role: str
    person: str | None
    instead_of: str | None
    at: str | None
    since: date
    amount: Money
    currency: str
    tries: int
    script: str | None
    score: float
    today: bool


class Worklist(BaseModel):
    """A day's list, in its order. `not_today` is what a day does not take."""

    on: date
    today: Sums
    not_today: Sums
    no_room: Sums
    work: list[Work]


@router.get("/worklist", response_model=Worklist)
def worklist(
    caller: Reads,
    person: Annotated[
        str, Query(max_length=200, description="Of one person, by id; else of everybody.")
    ] = "",
    everything: Annotated[bool, Query(description="With what does not fit today.")] = False,
    most: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Any:
    """The calls, tasks and approvals that wait, by the house's score."""
    known = caller.ws.settings.people
    if person and person not in known:
        raise NotFound("person", person, near(person, list(known)))
    with caller.reading() as conn:
        shared = caller.desk.today.shared(conn, caller.ws, caller.today)
        found = listed(
            caller.ws,
            conn,
            on=caller.today,
            person=person or None,
            everything=everything,
            most=most,
            shared=shared,
        )
    return worklist_value(found, ZoneInfo(caller.ws.settings.workspace.zone))
