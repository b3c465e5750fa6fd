"""A preview of one policy or one account: its numbers are those of what is left."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date

from engine.core.decision.summary import HeldGroup, HeldStep, Preview
from engine.core.language.policy import Kind
from engine.core.problem import Place
from engine.core.sentences import Reason


def narrowed(view: Preview) -> Preview:
    """`view`, whose actions and held steps are a part already, with everything else counted again."""
    counts: dict[date, Counter[Kind]] = {day.on: Counter() for day in view.days}
    for action in view.actions:
        counts[action.on][action.kind] += 1
    days = tuple(replace(day, counts=dict(counts[day.on]), moved=0, moved_to=None) for day in view.days)
    found: dict[tuple[Reason, Place | None], dict[str, HeldStep]] = {}
    for step in view.held:
        found.setdefault((step.reason, step.place), {})[step.account] = step
    groups = [
        HeldGroup(reason, place, len(steps), sum(step.amount for step in steps.values()))
        for (reason, place), steps in found.items()
    ]
    accounts = {action.account for action in view.actions} | {step.account for step in view.held}
    return replace(
        view,
        days=days,
        groups=tuple(sorted(groups, key=lambda group: -group.accounts)),
        workload=(),
        accounts=len(accounts),
        no_policy=0,
    )
