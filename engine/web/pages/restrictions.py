"""Terms, holds and less service: asked for, given back, and seen in the ledger system."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import APIRouter
from sqlalchemy.engine import Connection
from starlette.responses import Response

from engine.core import sentences
from engine.core.cases.restrictions import HOLDS, Standing, What, Why
from engine.errors import Refused
from engine.jobs.cases import asking, restoring
from engine.jobs.cases import restrictions as jobs
from engine.jobs.cases.listing import listed
from engine.store import restrictions as store
from engine.web.filled import Filled
from engine.web.pages.between import shown, taken
from engine.web.visit import Reader, Visit, Worker

router = APIRouter()


@router.get("/terms/{account:path}")
def terms(visit: Reader, account: str) -> Response:
    return _page(visit, account)


@router.post("/terms/{account:path}")
def change(visit: Worker, account: str) -> Response:
    does: Mapping[str, Callable[[Visit, Filled], str]] = {"back": _given_back, "seen": _seen}
    work = does.get(visit.typed("do"), _asked)
    return taken(
        visit, account, lambda filled: work(visit, filled), lambda error: _page(visit, account, error)
    )


def _asked(visit: Visit, filled: Filled) -> str:
    what = filled.chosen("what", [one.value for one in What], "say what is to change")
    value = filled.text("value", "say to what")
    because = filled.text("because", "say why: whoever agrees wants to know")
    reason = filled.chosen("reason", [one.value for one in Why])
    first, review = filled.day("from"), filled.day("review")
    if what and value and "what" not in filled.wrong:
        try:
            value = asking.read_value(What(what), value)
        except Refused as error:
            filled.wrong["value"] = f"{error.sentence}; {error.hint}" if error.hint else error.sentence
    filled.good()
    return asking.ask(
        visit.ws,
        visit.engine,
        filled.account,
        What(what),
        value,
        visit.who,
        because=because,
        reason=reason,
        review=review,
        from_day=first,
        told=filled.text("told"),
    )


def _given_back(visit: Visit, filled: Filled) -> str:
    which = filled.chosen("which", [one.value for one in What])
    why = filled.text("why", "say why it is given back")
    filled.good()
    return restoring.restore(
        visit.engine,
        filled.account,
        visit.who,
        because=why,
        what=which,
        terms=filled.text("to"),
        although=filled.ticked("although"),
    )


def _seen(visit: Visit, filled: Filled) -> str:
    which = filled.chosen("which", [one.value for one in What])
    filled.good()
    return jobs.confirm(visit.engine, filled.account, visit.who, because=filled.text("where"), what=which)


def _page(visit: Visit, account: str, error: Refused | None = None) -> Response:
    def known(conn: Connection) -> Mapping[str, Any]:
        found = store.of_account(conn, account)
        return {
            "to_come": [one for one in listed(conn, account=account) if one.number is None],
            "running": [one for one in found if one.state in (*_RUNNING, Standing.RELEASING)],
            "over": [one for one in found if one.state in (Standing.ENDED, Standing.REFUSED)],
            "back": _RUNNING,
            "unseen": (Standing.REQUESTED, Standing.RELEASING),
            "whats": [one.value for one in What],
            "reasons": [one.value for one in Why],
            "holds": HOLDS,
            "on": sentences.restricted,
        }

    return shown(visit, account, "terms.html", known, error)


_RUNNING = (Standing.REQUESTED, Standing.IN_FORCE, Standing.PROPOSED)
