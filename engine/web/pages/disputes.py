"""Disputes: opened, with who answers by when, and closed for one side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from sqlalchemy.engine import Connection
from starlette.responses import Response

from engine.errors import Refused
from engine.jobs import cases
from engine.jobs.cases.disputes import reasons
from engine.store import disputes as store
from engine.web.filled import Filled
from engine.web.pages.between import shown, taken
from engine.web.visit import Reader, Visit, Worker

router = APIRouter()
SIDES = {"customer": "the customer", "us": "us"}


@router.get("/dispute/{account:path}")
def dispute(visit: Reader, account: str) -> Response:
    return _page(visit, account)


@router.post("/dispute/{account:path}")
def change(visit: Worker, account: str) -> Response:
    work = _closed if visit.typed("do") == "close" else _opened
    return taken(
        visit, account, lambda filled: work(visit, filled), lambda error: _page(visit, account, error)
    )


def _opened(visit: Visit, filled: Filled) -> str:
    reason = filled.chosen("reason", [one.name for one in reasons()], "say what is disputed")
    owner = filled.chosen("owner", visit.ws.known.somebody)
    amount, currency = filled.money("amount")
    days = filled.number("answer_in", least=0)
    if not filled.items:
        filled.wrong["item"] = "tick the invoices that are disputed"
    elif amount is not None and len(filled.items) > 1:
        filled.wrong["amount"] = "an amount is contested of one invoice: tick one alone"
    filled.good()
    first, *more = filled.items
    return cases.open_dispute(
        visit.engine,
        filled.account,
        first,
        reason,
        visit.who,
        *more,
        ws=visit.ws,
        amount=amount,
        currency=currency,
        owner=owner,
        answer_in=days,
        said=filled.text("said"),
        expected=filled.text("expect"),
    )


def _closed(visit: Visit, filled: Filled) -> str:
    side = filled.chosen("for", SIDES, "say in whose favour it is closed")
    if not filled.items:
        filled.wrong["item"] = "say which dispute is meant"
    filled.good()
    first, *more = filled.items
    return cases.close_dispute(
        visit.engine, filled.account, first, visit.who, *more, closed_for=side, result=filled.text("result")
    )


def _page(visit: Visit, account: str, error: Refused | None = None) -> Response:
    def known(conn: Connection) -> Mapping[str, Any]:
        found = store.disputes(conn, account)
        return {
            "running": [one for one in found if one.closed is None],
            "over": [one for one in found if one.closed is not None],
            "reasons": [one.name for one in reasons()],
            "owners": sorted(visit.ws.known.somebody),
            "sides": SIDES,
        }

    return shown(visit, account, "dispute.html", known, error)
