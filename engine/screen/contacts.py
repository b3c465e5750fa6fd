"""Who cannot be reached, and what is missing there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from engine.screen.lines import fitted
from engine.screen.written import clean, count, listed, money

if TYPE_CHECKING:
    from engine.jobs.contacts import Gap


def gaps_drawn(
    gaps: Sequence[Gap], meaning: Mapping[str, str], wanted: str | None, *, width: int = 100
) -> RenderableType:
    """The accounts with a gap, or with the one that is wanted; above them how many there are of each."""
    shown = [gap for gap in gaps if wanted is None or wanted in gap.missing]
    if not shown:
        what = meaning[wanted] if wanted else "nothing missing"
        return Text(
            f"No account that owes something has {what}." if wanted else "Every account can be reached."
        )
    if wanted is None:
        numbers = Counter(name for gap in gaps for name in gap.missing)
        kinds = [
            (Text(f"{numbers[name]:,}"), Text(says), Text(f"dunwell contacts --missing “{name}”", "dim"))
            for name, says in meaning.items()
            if numbers[name]
        ]
        head = Text(f"{count(len(shown), 'account')} with something missing", "bold")
        return Group(head, fitted(kinds, width, right=(0,), elastic=(2,)))
    rows = [
        (
            Text(clean(gap.account), "bold"),
            Text(clean(gap.name)),
            Text(listed(money(amount, code) for code, amount in gap.overdue)),
            Text(listed(gap.missing), "yellow"),
        )
        for gap in shown
    ]
    head = Text(f"{count(len(shown), 'account')}: {meaning[wanted]}", "bold")
    return Group(head, fitted(rows, width, right=(2,), elastic=(1, 3)))


def gaps_value(gaps: Sequence[Gap], wanted: str | None) -> list[dict[str, object]]:
    """What `contacts --json` writes."""
    from engine.exports.values import amount

    return [
        {
            "account": gap.account,
            "name": gap.name,
            "missing": list(gap.missing),
            "overdue": {code: amount(minor, code) for code, minor in gap.overdue},
        }
        for gap in gaps
        if wanted is None or wanted in gap.missing
    ]
