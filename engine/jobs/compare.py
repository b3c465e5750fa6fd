"""What followed on each side of the house's comparisons. Changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from sqlalchemy.engine import Connection

from engine.core.money import digits
from engine.core.trust.compare import DAYS, Comparison, compared
from engine.errors import NotFound, Refused
from engine.jobs.report import house
from engine.jobs.workspace import Workspace
from engine.store import compare as store
from engine.store import figures

# What is reckoned with where the house says nothing, in units of its currency.
USUAL_COSTS: Mapping[str, float] = {"calls": 6, "letters": 1.5, "emails": 0, "statements": 0}


@dataclass(frozen=True, slots=True)
class Compared:
    """The comparisons that were asked for. `assumed` are the costs that the house does not state."""

    found: tuple[Comparison, ...]
    assumed: tuple[str, ...]


def compare(ws: Workspace, conn: Connection, name: str = "", days: int = DAYS) -> Compared:
    """One comparison, or all of them: those of the house, and those that it had. NotFound for one that never was."""
    splits = {split.name: split for split in ws.book.house.splits} if ws.book is not None else {}
    known = list(dict.fromkeys((*splits, *store.names(conn))))
    if not known:
        raise Refused(
            "no policies are compared",
            "write  split:  into house.yaml; “dunwell help compare” shows how",
        )
    if name and name not in known:
        raise NotFound("comparison", name, tuple(get_close_matches(name, known, 2, 0.5)) or tuple(known))
    records = figures.records(conn)
    if records.as_of is None:
        raise Refused("there is no ledger yet", "“dunwell import FILE” brings one in")
    currency = house(ws)
    stated = ws.book.house.costs if ws.book is not None else {}
    unit = 10 ** digits(currency)
    costs = {kind: stated.get(kind, round(cost * unit)) for kind, cost in USUAL_COSTS.items()}
    found = tuple(
        compared(
            each, splits.get(each), store.lots(conn, each), records, records.as_of, costs, currency, days
        )
        for each in ([name] if name else known)
    )
    return Compared(found, tuple(kind for kind in USUAL_COSTS if kind not in stated))
