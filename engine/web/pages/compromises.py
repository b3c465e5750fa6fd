"""A compromise: what we give, what they give for it; within what one's role may give at once, else with somebody's yes."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from engine.core.money import read_share
from engine.errors import Refused
from engine.jobs import cases
from engine.web.filled import Filled
from engine.web.pages.between import shown, taken
from engine.web.visit import Reader, Visit, Worker

router = APIRouter()


@router.get("/compromise/{account:path}")
def compromise(visit: Reader, account: str) -> Response:
    return _page(visit, account)


@router.post("/compromise/{account:path}")
def concede(visit: Worker, account: str) -> Response:
    return taken(
        visit, account, lambda filled: _conceded(visit, filled), lambda error: _page(visit, account, error)
    )


def _conceded(visit: Visit, filled: Filled) -> str:
    share, amount, code = 0, None, None
    written = filled.text("discount")
    if written.endswith("%"):
        try:
            share = read_share(written)
        except ValueError as error:
            filled.wrong["discount"] = str(error)
    else:
        amount, code = filled.money("discount")
    days = filled.number("days")
    waive, other = filled.money("waive")
    because = filled.text("because", "say why: whoever looks at it later wants to know")
    if not filled.wrong and not (written or days or waive):
        filled.wrong["discount"] = (
            "a compromise gives something: a discount, more days, or charges we do not ask for"
        )
    theirs = [line.strip() for line in filled.text("theirs").splitlines() if line.strip()]
    filled.good()
    give = cases.Give(
        share=share, amount=amount or 0, days=days or 0, waive=waive or 0, currency=code or other
    )
    return cases.concede(
        visit.ws,
        visit.engine,
        filled.account,
        visit.who,
        give,
        because=because,
        theirs=theirs,
        items=filled.items,
        spoken_with=filled.text("with"),
    )


def _page(visit: Visit, account: str, error: Refused | None = None) -> Response:
    return shown(visit, account, "compromise.html", lambda conn: {}, error)
