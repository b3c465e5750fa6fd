"""Accounts at rest are not looked at, and it makes no difference: days with them are compared with days that look at all."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from engine.core.decision import plan, questions
from engine.core.decision.plan import NOTHING_PAID, PROMISES_KEPT
from engine.core.decision.state import State
from engine.core.language.policy import PolicyBook
from engine.core.rules import PlainRules
from engine.core.trust.course import Course, course
from engine.core.workdays import ALWAYS, calendar
from tests.decision import worlds
from tests.decision.builder import LADDER, Desk, book, day

DAYS = 25
US, OPEN = calendar("US", (0, 1, 2, 3, 4)), calendar(ALWAYS)


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many accounts each day was decided for."""
    counts: list[int] = []
    decide = plan.decide

    def counted(of: PolicyBook, state: State, *more: Any) -> Any:
        counts.append(state.accounts.height)
        return decide(of, state, *more)

    monkeypatch.setattr(plan, "decide", counted)
    return counts


def walked(of: PolicyBook, state: State, *, all_of_them: bool, seed: int) -> Course:
    days = [worlds.ON + timedelta(days=n) for n in range(DAYS)]
    return course(
        of,
        state,
        days,
        US if seed % 2 else OPEN,
        (PlainRules(questions.rulesets(of)),),
        assumes=PROMISES_KEPT if seed % 3 == 0 else NOTHING_PAID,
        overnight=(lambda known, on: known) if all_of_them else None,
    )


def world(seed: int) -> tuple[PolicyBook, State]:
    """Many an item is not yet due, and some that are set aside come back."""
    rng = random.Random(seed)
    of = worlds.book(rng)
    state = worlds.state(rng, of, 80)
    until = [
        rng.choice([None, worlds.ON + timedelta(rng.randint(-1, 25))]) for _ in range(state.items.height)
    ]
    later = [rng.choice([0, 30, 60]) for _ in until]
    items = state.items.with_columns(
        pl.Series("aside_until", until, dtype=pl.Date),
        *((pl.col(name) + pl.duration(days=pl.Series(later))).alias(name) for name in ("date", "due")),
    )
    known = replace(state, items=items.sort("row", "due", "item"))
    return replace(of, house=replace(of.house, capacity={"calls": 5})), known


def test_days_with_accounts_at_rest_are_the_days_of_all(looked: list[int]) -> None:
    rested = asked = gone = 0
    for seed in range(5):
        of, state = world(seed)
        some = walked(of, state, all_of_them=False, seed=seed)
        asked += sum(looked)
        looked.clear()
        every = walked(of, state, all_of_them=True, seed=seed)
        rested += sum(looked)
        looked.clear()
        assert some.days == every.days, seed
        assert some.deeds == every.deeds, seed
        for name in ("contacts", "touched", "asked", "overdue"):
            assert getattr(some, name).equals(getattr(every, name)), (seed, name)
        assert all(np.array_equal(one, other) for one, other in zip(some.routes, every.routes, strict=True))
        gone += some.contacts.height
    assert gone > 100
    assert asked < rested * 0.75  # else hardly anybody rests


def test_one_account_is_looked_at_when_a_number_is_reached(looked: list[int]) -> None:
    """Not yet due, past due, a step's day, the morning after it; and the day on which another policy begins to fit."""
    two_steps, _, _ = LADDER.partition("  - day: 40")
    old = "policy: Old\nfor: {oldest: over 30}\nclock: due date\nsteps:\n  - day: 50\n    call: supervisor\n"
    rules = book(old=old, ladder=two_steps, house="gap: 2 days")
    state = Desk(rules).owes("1", late=-3).state()
    days = [day(n) for n in range(60)]
    found = course(rules, state, days, OPEN, (PlainRules(questions.rulesets(rules)),))
    gone = [
        (day, found.deeds[number].step) for day, number in found.contacts.select("day", "deed").iter_rows()
    ]
    assert gone == [
        (13, "call collector"),
        (23, "letter reminder"),
        (31, "ladder finished"),  # once the time to answer the letter is over: it waits for that day by day
        (53, "call supervisor"),
    ]
    asked = [n for n, accounts in enumerate(looked) if accounts]
    assert asked == [0, 4, 13, 14, 23, *range(24, 32), 33, 34, 53, 54]


def test_who_is_held_after_a_contact_is_looked_at_when_that_is_over(looked: list[int]) -> None:
    """A letter two days after a call waits for the gap; the next call for the time to answer, on a day known before."""
    steps = "".join(
        f"  - day: {day}\n    {does}\n"
        for day, does in ((10, "call: collector"), (12, "letter: reminder"), (14, "call: supervisor"))
    )
    ladder = f"policy: Ladder\nfor: {{overdue: over 0}}\nclock: due date\nsteps:\n{steps}"
    rules = book(ladder=ladder, house="gap: 6 days\nanswer: 9 days")
    state = Desk(rules).owes("1", late=1).state()
    found = course(rules, state, [day(n) for n in range(30)], OPEN, (PlainRules(questions.rulesets(rules)),))
    gone = [
        (day, found.deeds[number].step) for day, number in found.contacts.select("day", "deed").iter_rows()
    ]
    assert gone == [
        (9, "call collector"),
        (15, "letter reminder"),
        (25, "call supervisor"),
        (26, "ladder finished"),
    ]
    assert [n for n, accounts in enumerate(looked) if accounts] == [0, 9, 10, 11, 13, 15, 16, 21, 25, 26]
