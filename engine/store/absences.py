"""Who of ours does not work, and when."""

from __future__ import annotations

from datetime import date

from engine.core.decision.allocate import Away
from engine.store.view import View, day, rows
from engine.store.words import COMPANY

# Without one that was called off before it began.
_AWAY = """SELECT person, from_day, until, because FROM absence
    WHERE company = :company AND until >= :on AND until >= from_day ORDER BY person, from_day, id"""


def away(view: View, on: date, company: str = COMPANY) -> tuple[Away, ...]:
    """Every absence that holds on a day or is still to come, by person and day."""
    return tuple(
        Away(person, day(first), day(last), because)
        for person, first, last, because in rows(view, _AWAY, company=company, on=on)
    )
