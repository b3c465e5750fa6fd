"""Who of ours does not work, and when."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.core.decision.allocate import Away
from engine.store.tables import COMPANY, absence


def away(conn: Connection, on: date, company: str = COMPANY) -> tuple[Away, ...]:
    """Every absence that holds on a day or is still to come, by person and day."""
    query = (
        sa.select(absence.c.person, absence.c.from_day, absence.c.until, absence.c.because)
        .where(absence.c.company == company, absence.c.until >= on)
        .where(absence.c.until >= absence.c.from_day)  # one that was called off before it began
        .order_by(absence.c.person, absence.c.from_day, absence.c.id)
    )
    return tuple(Away(*row) for row in conn.execute(query))
