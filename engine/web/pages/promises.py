"""A promise to pay: written down, and taken back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from sqlalchemy.engine import Connection
from starlette.responses import Response

from engine.core.cases.promises import Kind, check_comes
from engine.errors import Refused
from engine.jobs import cases
from engine.store import promises as store
from engine.web.filled import Filled
from engine.web.pages.between import shown, taken
from engine.web.visit import Reader, Visit, Worker

router = APIRouter()


@router.get("/promise/{account:path}")
def promise(visit: Reader, account: str) -> Response:
    return _page(visit, account)


@router.post("/promise/{account:path}")
def change(visit: Worker, account: str) -> Response:
    work = _withdrawn if visit.typed("do") == "withdraw" else _promised
    return taken(
        visit, account, lambda filled: work(visit, filled), lambda error: _page(visit, account, error)
    )


def _promised(visit: Visit, filled: Filled) -> str:
    amount, currency = filled.money("amount")
    mailed = filled.day("mailed", past=True)
    check = filled.text("check")
    needed = (
        "" if mailed else "say when the money is to come" + ", or when the cheque was mailed" * bool(check)
    )
    pays = filled.day("pays", needed)
    filled.good()
    who = visit.who
    return cases.promise(
        visit.engine,
        filled.account,
        pays or check_comes(mailed or who.on, who.on),
        who,
        visit.ws.calendar,
        amount=amount,
        currency=currency,
        items=filled.items,
        said=filled.text("said"),
        kind=Kind.CHECK if check or mailed else Kind.PAYMENT,
        spoken_with=filled.text("with"),
        check_number=check,
        mailed_on=mailed,
    )


def _withdrawn(visit: Visit, filled: Filled) -> str:
    because = filled.text("because", "say why: it counts neither as kept nor as broken")
    filled.good()
    return cases.withdraw(visit.engine, filled.account, visit.who, because=because, items=filled.items)


def _page(visit: Visit, account: str, error: Refused | None = None) -> Response:
    def known(conn: Connection) -> Mapping[str, Any]:
        found = [one for one in store.promises(conn, account) if one.plan is None]
        return {
            "running": [one for one in found if one.state == "open"],
            "over": [one for one in found if one.state != "open"],
        }

    return shown(visit, account, "promise.html", known, error)
