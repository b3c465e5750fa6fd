"""What earlier runs have used of a day: the actions that take room in it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from engine.store.view import View, rows
from engine.store.words import COMPANY, OUTCOMES, TAKEN, ActionState

_STATES = TAKEN | {ActionState.SENDING, ActionState.PLANNED, ActionState.RETRY}
_TAKES_ROOM = ", ".join(f"'{state}'" for state in sorted(_STATES))
# What followed a call takes the room of the day on which it is due.
_USED = f"""SELECT kind, person, COUNT(*) FROM action WHERE company = :company AND state IN ({_TAKES_ROOM})
    AND CASE WHEN policy = '{OUTCOMES}' THEN COALESCE(not_before, "on") ELSE "on" END = :on
    GROUP BY kind, person"""  # noqa: S608


def used(view: View, on: date, company: str = COMPANY) -> Sequence[tuple[str, str | None, int]]:
    """How many actions of a kind, and of a person where they are on somebody's list, take room on a day."""
    return rows(view, _USED, company=company, on=on)
