"""Accounts on other terms, on hold or with less service, as a list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from engine.core import sentences
from engine.screen.lines import fitted
from engine.screen.written import clean, count, day_month

if TYPE_CHECKING:
    from engine.jobs.cases.listing import Listed

_COLOURS = {"needs approval": "yellow", "requested": "yellow", "release requested": "yellow"}


def restrictions_drawn(
    found: Sequence[Listed], names: Mapping[str, str], *, width: int = 100
) -> RenderableType:
    """One a line: who, what, where it stands, since when, why and by whom, and when somebody looks again."""
    if not found:
        return Text("No account is on other terms, on hold or with less service.")
    rows = []
    for one in found:
        sure = f", confirmed {day_month(one.confirmed)}" if one.confirmed else ""
        review = f"review {day_month(one.review)}" if one.review else ""
        by = names.get(one.by, one.by)
        agreed = f", agreed by {names.get(one.approved_by, one.approved_by)}" if one.approved_by else ""
        rows.append(
            (
                Text(clean(one.account), "bold"),
                Text(clean(one.name)),
                Text(clean(sentences.restricted(one.kind.value, one.value))),
                Text(f"{one.state} {day_month(one.since)}{sure}", _COLOURS.get(one.state, "")),
                Text(clean(f"{one.reason.value}: {by}{agreed}")),
                Text(review, "dim"),
            )
        )
    hints = ["  To give back:  dunwell reinstate ACCOUNT --because TEXT"]
    if any(one.number is not None and one.confirmed is None for one in found):
        hints.append("  Seen in the ledger system:  dunwell in-force ACCOUNT")
    if any(one.reason.may_need_notice for one in found):
        hints.append(
            "  Reasons other than delinquency may need a notice of adverse action (US Regulation B)."
        )
    head = Text(count(len(found), "restriction"), "bold")
    lines = fitted(rows, width, elastic=(1, 4))
    return Group(head, lines, Text(), *(Text(hint, "dim") for hint in hints))


def restrictions_value(found: Sequence[Listed]) -> list[dict[str, object]]:
    days = ("since", "confirmed", "review")
    return [
        {
            "id": one.number,
            "account": one.account,
            "name": one.name,
            "kind": one.kind.value,
            "value": one.value,
            "before": one.before or None,
            "reason": one.reason.value,
            "may_need_notice": one.reason.may_need_notice,
            "state": one.state,
            **{name: day.isoformat() if (day := getattr(one, name)) else None for name in days},
            "by": one.by,
            "approved_by": one.approved_by or None,
        }
        for one in found
    ]
