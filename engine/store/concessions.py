"""What each side gave for a solution, in the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.store.tables import COMPANY, concession

AGREED = "agreed"
AWAITING = "awaiting approval"
DECLINED = "declined"
OURS, THEIRS = "ours", "theirs"


@dataclass(frozen=True, slots=True)
class Gave:
    """One thing that a side gave. `amount` is minor units; `state` is agreed, awaiting approval or declined."""

    number: int
    account: str
    side: str
    kind: str
    amount: int | None
    currency: str
    days: int | None
    text: str
    state: str
    on: date
    by: str
    approved_by: str
    call: int | None


def concessions(conn: Connection, account: str, company: str = COMPANY) -> list[Gave]:
    """All that was given and asked for with an account, the latest first."""
    query = sa.select(concession).where(concession.c.company == company, concession.c.account == account)
    return [
        Gave(
            number=row.id, account=row.account, side=row.side, kind=row.kind, amount=row.amount,
            currency=row.currency or "", days=row.days, text=row.text, state=row.state, on=row.on, by=row.by,
            approved_by=row.approved_by or "", call=row.call,
        )
        for row in conn.execute(query.order_by(concession.c.on.desc(), concession.c.id.desc()))
    ]  # fmt: skip
