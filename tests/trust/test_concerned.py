"""Who is left out of a look at some days makes no difference to it: looks in parts are compared with looks at everybody."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from engine.core.decision import questions
from engine.core.decision.allocate import Person, Room
from engine.core.decision.concerned import concerned
from engine.core.decision.plan import NOTHING_PAID, PROMISES_KEPT, plan
from engine.core.decision.signature import Signature
from engine.core.decision.state import BY_ROW, State
from engine.core.decision.summary import Preview, summarize
from engine.core.language.policy import PolicyBook
from engine.core.rules import PlainRules, Rules
from engine.core.workdays import ALWAYS, Calendar, calendar
from tests.decision import worlds
from tests.decision.builder import LADDER, Desk, book, day
from tests.rules.test_disagreement import Liar
from tests.trust.test_rest import world

US, OPEN = calendar("US", (0, 1, 2, 3, 4)), calendar(ALWAYS)
ROOM = Room((Person("jo", "Jo", ("collector", "supervisor"), {"calls": 2}),))


def rules(of: PolicyBook) -> tuple[Rules, ...]:
    return (PlainRules(questions.rulesets(of)),)


def seen(
    of: PolicyBook, state: State, days: Sequence[date], by: Calendar, assumes: str, since: date
) -> Preview:
    planned = plan(of, state, days, by, rules(of), room=ROOM, assumes=assumes, since=since)
    return summarize(of, state, planned, ROOM, by)


def parted(state: State, sizes: Sequence[int]) -> list[State]:
    """The accounts in parts of these sizes, with the rest of them as the last."""
    ends = np.cumsum([0, *sizes])
    rows = np.arange(state.accounts.height)
    cut = [rows[start:end] for start, end in zip(ends, [*ends[1:], len(rows)], strict=True)]
    return [state.part(part) for part in cut if len(part)]


@pytest.mark.parametrize("seed", range(12))
def test_a_look_in_parts_is_the_look_at_everybody(seed: int) -> None:
    of, state = world(seed)
    of = replace(of, house=replace(of.house, stop={"actions": 60} if seed % 4 == 3 else {}))
    by = US if seed % 2 else OPEN
    assumes = PROMISES_KEPT if seed % 3 == 0 else NOTHING_PAID
    days = [worlds.ON + timedelta(days=n) for n in range(random.Random(seed).randint(1, 9))]
    since = days[len(days) // 3]
    few, accounts, no_policy = [], 0, 0
    agreed: set[Signature] = set()
    for part in parted(state, (7, 31, 2, 20)):
        found = concerned(of, part, days, by, rules(of), assumes, agreed, since)
        assert found.agreed
        few.append(part.part(found.rows))
        accounts, no_policy = accounts + part.accounts.height, no_policy + found.no_policy
    joined = State.joined(few[::-1])
    assert joined.accounts["row"].to_list() == list(range(joined.accounts.height))
    look = replace(seen(of, joined, days, by, assumes, since), accounts=accounts, no_policy=no_policy)
    assert look == seen(of, state, days, by, assumes, since)
    assert joined.accounts.height < state.accounts.height


def test_parts_that_are_joined_are_what_they_were() -> None:
    _, state = world(3)
    joined = State.joined(parted(state, (1, 50, 9))[::-1])
    for name in BY_ROW:
        was, now = getattr(state, name), getattr(joined, name)
        assert now.sort(now.columns).equals(was.sort(was.columns)), name
    assert joined.items.equals(state.items)
    assert joined.accounts.equals(state.accounts)


def test_who_comes_to_it_on_the_last_day_is_not_left_out() -> None:
    """The step's day is the fourth; nobody else is asked of, and a look of three days finds nobody."""
    of = book(ladder=LADDER.replace("day: 10", "day: 4"))
    state = Desk(of).owes("1", late=1).state()
    for many, rows in ((3, []), (4, [0])):
        found = concerned(of, state, [day(n) for n in range(many)], OPEN, rules(of), NOTHING_PAID, set())
        assert found.rows.tolist() == rows


def test_where_the_evaluators_disagree_nobody_may_be_left_out() -> None:
    of = book(ladder=LADDER)
    state = Desk(of).owes("1", late=40).state()
    plain = PlainRules(questions.rulesets(of))
    liar = Liar(plain, state.accounts["account"][0])
    found = concerned(of, state, [day(0)], OPEN, (plain, liar), NOTHING_PAID, set())
    assert not found.agreed
