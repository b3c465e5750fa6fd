"""What the pages of what is agreed with a customer share: whose it is, what is owed, and a form that is taken or shown again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from starlette.responses import Response

from engine.errors import Refused
from engine.jobs.cases import must_know
from engine.jobs.people.rights import Right
from engine.store.owed import owed
from engine.store.promises import set_aside
from engine.store.tables import COMPANY, ActionState, customer
from engine.web.filled import Filled
from engine.web.pages.today import row_of
from engine.web.visit import Visit

PAGES = (
    ("promise", "Promise"),
    ("plan", "Payment plan"),
    ("dispute", "Dispute"),
    ("compromise", "Compromise"),
    ("terms", "Terms and holds"),
    ("reach", "How to reach them"),
)


@dataclass(frozen=True, slots=True)
class Owed:
    """An invoice that something can be agreed about. `aside` is what is agreed already; empty: nothing."""

    number: str
    due: date
    owed: int
    currency: str
    late: bool
    aside: str


def shown(
    visit: Visit,
    account: str,
    template: str,
    known: Callable[[Connection], Mapping[str, Any]],
    error: Refused | None = None,
) -> Response:
    """A page about an account; `known` is what it shows besides what is owed."""
    told = visit.could_not(error) if error else {}
    with visit.reading() as conn:
        must_know(conn, account)
        c = customer.c
        query = sa.select(c.name).where(c.company == COMPANY, c.account == account)
        name = conn.execute(query).scalar() or account
        aside = set_aside(conn, account)
        items = [
            Owed(row["item"], row["due"], row["owed"], row["currency"], row["due"] < visit.today, aside.get(row["item"], ""))
            for row in owed(conn, COMPANY, accounts=(account,)).sort("due", "item").iter_rows(named=True)
            if row["owed"] > 0
        ]  # fmt: skip
        waits = visit.worklist(conn, everything=True, account=account, state=ActionState.AWAITING_APPROVAL)
        values = known(conn)
    names = {id: one.name for id, one in visit.ws.settings.people.items()}
    return visit.page(
        template,
        account=account,
        name=name,
        items=items,
        ticked=visit.form.getlist("item"),
        pages=PAGES,
        waits=[row_of(visit, one) for one in waits.entries],
        names=names,
        works=visit.may(Right.WORK),
        **values,
        **told,
    )


def taken(
    visit: Visit,
    account: str,
    work: Callable[[Filled], str],
    again: Callable[[Refused], Response],
) -> Response:
    """What was filled in is done, and the account's page says so; or the form is shown `again` with what is in the way."""
    with visit.reading() as conn:
        must_know(conn, account)
    try:
        said = work(Filled(visit, account))
    except Refused as error:
        return again(error)
    return visit.go("account", account, said=said)
