"""A preview of one policy or one account: its numbers are those of what is left."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date

from engine.core.decision.held import Why, groups
from engine.core.decision.summary import Preview
from engine.core.language.policy import Kind


def narrowed(view: Preview) -> Preview:
    """`view`, whose actions and held steps are a part already, with everything else counted again."""
    counts: dict[date, Counter[Kind]] = {day.on: Counter() for day in view.days}
    for action in view.actions:
        counts[action.on][action.kind] += 1
    days = tuple(replace(day, counts=dict(counts[day.on]), moved=0, moved_to=None) for day in view.days)
    found: dict[Why, dict[str, int]] = {}
    for step in view.held:
        found.setdefault((step.reason, step.place), {})[step.account] = step.amount
    accounts = {action.account for action in view.actions} | {step.account for step in view.held}
    return replace(
        view,
        days=days,
        groups=groups(found),
        workload=(),
        accounts=len(accounts),
        no_policy=0,
    )
