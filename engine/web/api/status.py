"""How the service is, and how fresh the ledger is."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from engine.jobs.status import status as seen
from engine.screen.status import status_value
from engine.store import feeds, ledger
from engine.web.api.caller import Watches

router = APIRouter(tags=["Status"])


class Service(BaseModel):
    """The process that does the day. `silent`: it lives, and has not looked for two minutes."""

    works: bool
    silent: bool
    since: datetime | None
    doing: str


class LastRun(BaseModel):
    on: date
    at: datetime | None
    state: str
    counts: dict[str, Any]


class Halt(BaseModel):
    """Everything stands still."""

    kind: str
    because: str
    by: str
    at: datetime


class Waiting(BaseModel):
    """How many messages of a way out are in a state."""

    channel: str
    state: str
    count: int


class Alarm(BaseModel):
    kind: str
    about: str
    sentence: str
    first_at: datetime


class Status(BaseModel):
    """`well`: nothing needs a person. `asks_first`: why the next run waits for a yes; empty where it does not."""

    well: bool
    service: Service
    last_run: LastRun | None
    next_run: datetime
    asks_first: str
    halts: list[Halt]
    policies: list[str]
    messages: list[Waiting]
    alarms: list[Alarm]


class Feed(BaseModel):
    """Where ledgers come from by themselves. `failed`: times in a row."""

    name: str
    taken_at: datetime | None
    as_of: date | None
    failed: int
    sentence: str


class Freshness(BaseModel):
    """The day the ledger is of, and when that came in; `days_old` on the office's calendar."""

    as_of: date | None
    imported_at: datetime | None
    days_old: int | None
    feeds: list[Feed]


@router.get("/status", response_model=Status)
def status(caller: Watches) -> Any:
    """How the service is: who works, what was done last, what comes next, what stands still or is wrong."""
    with caller.reading() as conn:
        return status_value(seen(conn, caller.ws.files, caller.now))


@router.get("/freshness")
def freshness(caller: Watches) -> Freshness:
    """How fresh the ledger is. A ledger that is too old is decided on with nothing that asks for money."""
    with caller.reading() as conn:
        newest = ledger.newest(conn)
        last = ledger.last(conn, "ledger")
        known = feeds.states(conn)
    mine = [known.get(name, feeds.FeedState(name)) for name in caller.ws.settings.feeds]
    return Freshness(
        as_of=newest,
        imported_at=last.imported_at if last else None,
        days_old=(caller.today - newest).days if newest else None,
        feeds=[
            Feed(
                name=one.name,
                taken_at=one.taken_at,
                as_of=one.as_of,
                failed=one.failed,
                sentence=one.sentence,
            )
            for one in mine
        ],
    )
