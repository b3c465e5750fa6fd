"""How a customer, or one person there, wants to be reached: rules about contact, written down and ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter
from sqlalchemy.engine import Connection
from starlette.responses import Response

from engine.core.cases.guards import WRITTEN_BY_HAND, Wish
from engine.errors import Refused
from engine.jobs.cases import wishes
from engine.store import wishes as store
from engine.store.tables import COMPANY, contact
from engine.web.filled import Filled
from engine.web.pages.between import shown, taken
from engine.web.visit import Reader, Visit, Worker

router = APIRouter()


@router.get("/reach/{account:path}")
def reach(visit: Reader, account: str) -> Response:
    return _page(visit, account)


@router.post("/reach/{account:path}")
def change(visit: Worker, account: str) -> Response:
    work = _ended if visit.typed("do") == "end" else _wished
    return taken(
        visit, account, lambda filled: work(visit, filled), lambda error: _page(visit, account, error)
    )


def _wished(visit: Visit, filled: Filled) -> str:
    rule = filled.chosen("rule", [one.value for one in WRITTEN_BY_HAND], "say what they asked for")
    because = filled.text("because", "say how we know: whoever looks at it later wants to know")
    until = filled.day("until")
    filled.good()
    return wishes.wish(
        visit.engine,
        filled.account,
        rule,
        visit.who,
        because=because,
        whom=filled.text("whom"),
        until=until,
    )


def _ended(visit: Visit, filled: Filled) -> str:
    rule = filled.chosen("rule", [one.value for one in Wish], "say which rule ends")
    why = filled.text("why", "say whose word it is" if rule == Wish.CONFIRM else "")
    filled.good()
    return wishes.lift_wish(
        visit.engine, filled.account, rule, visit.who, whom=filled.text("whom"), because=why
    )


def _page(visit: Visit, account: str, error: Refused | None = None) -> Response:
    def known(conn: Connection) -> Mapping[str, Any]:
        c = contact.c
        mine = (c.company == COMPANY, c.account == account)
        query = sa.select(c.name, c.role, c.email, c.phone, c.email_ok).where(*mine).order_by(c.role, c.name)
        return {
            "running": store.of_account(conn, account, visit.today),
            "contacts": conn.execute(query).all(),
            "rules": [one.value for one in WRITTEN_BY_HAND],
        }

    return shown(visit, account, "reach.html", known, error)
