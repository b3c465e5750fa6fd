"""Small records by hand, for figures whose value can be worked out on paper."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import polars as pl

from engine.core.figures.facts import Facts, facts, look_back
from engine.core.figures.periods import Period
from engine.core.figures.records import FRAMES, Rate, Records, Shown, gathered, scopes, uncounted
from engine.core.workdays import calendar

OPEN_DAYS = calendar("none")
_USUAL: Mapping[str, Mapping[str, Any]] = {
    "documents": {"account": "A", "kind": "invoice", "currency": "USD", "first_seen": None, "vanished_on": None},
    "payments": {"account": "A", "currency": "USD", "days_late": None, "presumed": False},
    "episodes": {"account": "A", "number": 1, "ended": None},
    "calls": {
        "account": "A", "action": None, "outcome": "information only", "reached": True, "right_party": False,
        "spoken_with": None, "follows": None, "by": "joe",
    },
    "promises": {
        "account": "A", "currency": "USD", "paid": 0, "settled_on": None, "kind": "payment", "plan": None,
        "instalments": None, "call": None,
    },
    "plans": {"account": "A", "state": "kept", "currency": "USD", "ended_on": None},
    "disputes": {"account": "A", "closed": None, "amount": None, "reason": "pricing error"},
    "actions": {
        "account": "A", "episode": 1, "policy": "standard", "kind": "email", "day": 5, "tone": 1, "state": "sent",
        "amount": 0, "currency": "USD",
    },
    "stands": {"account": "A", "until": None},
}  # fmt: skip


def day(text: str) -> date:
    """`05-31` of 2026, or a whole date."""
    return date.fromisoformat(text if len(text) > 5 else f"2026-{text}")


def rows(name: str, given: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    """A frame of records; days may be written as text."""
    schema = FRAMES[name]
    made = []
    for number, row in enumerate(given):
        whole = {**_USUAL[name], **row}
        if name == "documents":
            whole = {"item": f"I{number}", "open": whole["amount"], **whole}
        if name == "calls":
            whole = {"id": number, "at": f"{day(whole['on'])}T{12:02}:{number:02}:00", **whole}
        if name == "promises":
            whole = {"id": number, "pays_on": whole["breaks_on"], "made_on": whole["breaks_on"], **whole}
        if name == "actions":
            whole = {
                "key": f"K{number}",
                "step": "email",
                "on": whole["taken_on"],
                "since": whole["taken_on"],
                **whole,
            }
        for column, kind in schema.items():
            if isinstance(kind, pl.Date) and isinstance(whole[column], str):
                whole[column] = day(whole[column])
        made.append({column: whole[column] for column in schema})
    return pl.DataFrame(made, schema=dict(schema))


def known(
    as_of: str = "05-31",
    *,
    since: str = "2025-01-01",
    rates: Mapping[str, tuple[Rate, ...]] | None = None,
    **given: Sequence[Mapping[str, Any]],
) -> Records:
    """Records with a ledger of `since` and one of `as_of`, so that every day between can be told."""
    frames = {name: rows(name, one) for name, one in given.items()}
    ledgers = (Shown(day(since), {"USD": 1}), Shown(day(as_of), {}))
    return gathered(frames, ledgers, rates)


def in_period(
    records: Records, first: str, last: str, *, counting: bool = False, netted: bool = False
) -> Facts:
    """The facts of these days in the first currency; with `counting` of all currencies side by side."""
    period = Period(day(first), day(last))
    scope = uncounted(records, "USD") if counting else scopes(records, "USD", period.last)[0]
    return facts(look_back(records, [period]), [period], scope, OPEN_DAYS, netted=netted)[0]
