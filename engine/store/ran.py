"""Which runs were made, and what they counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import orjson

from engine.store.view import View, day, rows
from engine.store.words import COMPANY

_RUN = """SELECT id, policy_set, business_date, state, book, as_of, times, counts FROM run
    WHERE company = :company AND policy_set = :policy_set AND business_date = :on"""
_USUAL = """SELECT counts FROM run WHERE company = :company AND policy_set = :policy_set
    AND business_date < :before AND state = 'done' ORDER BY business_date DESC LIMIT 30"""


@dataclass(frozen=True, slots=True)
class Run:
    """A run that was made."""

    id: int
    policy_set: str
    business_date: date
    state: str
    book: str
    as_of: date | None
    times: int
    counts: Mapping[str, int]


def run_of(view: View, on: date, policy_set: str = "main", company: str = COMPANY) -> Run | None:
    """The run of a day, or None where it has not been made."""
    found = rows(view, _RUN, company=company, policy_set=policy_set, on=on)
    if not found:
        return None
    id, name, _, state, book, as_of, times, counts = found[0]
    return Run(id, name, on, state, book, day(as_of), times, orjson.loads(counts))


def usual(
    view: View, before: date, policy_set: str = "main", company: str = COMPANY
) -> list[Mapping[str, int]]:
    """The counts of the last thirty runs before a day, the newest first: what is usual."""
    found = rows(view, _USUAL, company=company, policy_set=policy_set, before=before)
    return [orjson.loads(counts) for (counts,) in found]
