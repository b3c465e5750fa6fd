"""A payment plan: instalments are agreed on, what waits for a yes is shown, and a plan is ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from sqlalchemy.engine import Connection
from starlette.responses import Response

from engine.core.cases.plans import MONTHLY, read_every
from engine.errors import Refused
from engine.jobs import cases
from engine.store import plans as store
from engine.web.filled import Filled
from engine.web.pages.between import shown, taken
from engine.web.visit import Reader, Visit, Worker

router = APIRouter()
EVERY = ("month", "2 weeks", "week", "3 months")


@router.get("/plan/{account:path}")
def plan(visit: Reader, account: str) -> Response:
    return _page(visit, account)


@router.post("/plan/{account:path}")
def change(visit: Worker, account: str) -> Response:
    work = _ended if visit.typed("do") == "end" else _planned
    return taken(
        visit, account, lambda filled: work(visit, filled), lambda error: _page(visit, account, error)
    )


def _planned(visit: Visit, filled: Filled) -> str:
    count = filled.number("instalments")
    amount, currency = filled.money("amount")
    if count is None and amount is None and not filled.wrong:
        filled.wrong["instalments"] = "say how many payments, or how much each is"
    first = filled.day("first", "say when the first payment comes")
    every = read_every(filled.chosen("every", EVERY) or EVERY[0])
    filled.good()
    assert first is not None
    return cases.plan(
        visit.ws,
        visit.engine,
        filled.account,
        visit.who,
        first=first,
        count=count,
        amount=amount,
        currency=currency,
        every=every or MONTHLY,
        items=filled.items,
        spoken_with=filled.text("with"),
        because=filled.text("because"),
        agree=filled.ticked("agree"),
    )


def _ended(visit: Visit, filled: Filled) -> str:
    why = filled.text("why", "say why it ends")
    filled.good()
    return cases.end_plan(visit.engine, filled.account, visit.who, because=why, items=filled.items)


def _page(visit: Visit, account: str, error: Refused | None = None) -> Response:
    def known(conn: Connection) -> Mapping[str, Any]:
        found = store.plans(conn, account)
        live = (store.KEPT, store.AWAITING)
        return {
            "running": [one for one in found if one.state in live],
            "over": [one for one in found if one.state not in live],
            "every": EVERY,
            "awaiting": store.AWAITING,
        }

    return shown(visit, account, "plan.html", known, error)
