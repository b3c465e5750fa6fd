"""`split`: accounts are drawn to two policies by lot, for good, and in like number among those alike."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import polars as pl
import pytest

from engine.core.cases.guards import consumer
from engine.core.decision import questions
from engine.core.decision.case import cases
from engine.core.decision.choose import Verdict
from engine.core.decision.decide import Decided, decide
from engine.core.decision.draw import Lot, block, with_lots
from engine.core.decision.plan import after, day_of
from engine.core.decision.portfolio import drawn
from engine.core.decision.signature import NONE
from engine.core.decision.standing import stand
from engine.core.decision.state import State
from engine.core.language.policy import HOLDOUT as HOLDOUT_SIDE
from engine.core.language.policy import PolicyBook, Split
from engine.core.problem import Place
from engine.core.rules import evaluators
from engine.core.sentences import Gate, Reason
from engine.core.workdays import ALWAYS, calendar
from tests.decision import worlds
from tests.decision.builder import Desk, Seen, book, day

NOW = "policy: Now\nclock: due date\nsteps:\n  - day: 10\n    call: collector\n  - day: 20\n    letter: reminder\n"
EARLY = NOW.replace("Now", "Early").replace("day: 10", "day: 3")
SPLIT = """split:
  earlier-call:
    shares: {{now: {now}%, early: {early}%}}
    alike: [segment]
    until: 2026-12-31
    because: is money in sooner?
"""
HOLDOUT = """split:
  is-it-worth-it:
    shares: {now: 80%, holdout: 20%}
    holdout: 14 days
    until: 2026-12-31
    because: what does a contact bring?
"""
IN = {"sides": ["is-it-worth-it/holdout"]}


def compared(now: int = 50, early: int = 50, house: str = "") -> PolicyBook:
    return book(now=NOW, early=EARLY, house=SPLIT.format(now=now, early=early) + house)


def crowd(rules: PolicyBook, count: int, late: int = 1, **known: object) -> Desk:
    found = Desk(rules)
    for number in range(count):
        found.account(f"A{number}", **known).owes(f"I{number}", late, account=f"A{number}")
    return found


def lots(found: Desk, state: State | None = None, on: int = 0) -> tuple[Lot, ...]:
    return drawn(found.book, state or found.state(), day_of(found.book, found.calendar, day(on)))


def seen(found: Desk, on: int = 0) -> Seen:
    """The day as a run decides it: who is drawn is drawn first."""
    state = with_lots(found.state(), lots(found, on=on))
    return found._see(state, on)


# -- the lot -------------------------------------------------------------------------------------------------------------


def test_each_block_has_every_side_as_often_as_its_share_says() -> None:
    (split,) = compared(70, 30).house.splits
    blocks = [block(split, "trade", number) for number in range(20)]
    assert all(Counter(sides) == {"now": 7, "early": 3} for sides in blocks)
    assert len(set(blocks)) > 10
    assert block(split, "retail", 0) != block(split, "trade", 0)
    (halves,) = compared(50, 50).house.splits
    assert Counter(block(halves, "trade", 0)) == {"now": 2, "early": 2}  # a block of two would be foreseen


def test_the_sides_are_alike_in_what_they_are_balanced_in() -> None:
    found = Desk(compared())
    for number in range(120):
        name = f"A{number}"
        found.account(name, segment=("trade", "retail", None)[number % 3]).owes(f"I{number}", 1, account=name)
    counted = Counter((lot.stratum, lot.side) for lot in lots(found))
    assert set(counted) == {(urn, side) for urn in ("trade", "retail", "–") for side in ("now", "early")}
    assert set(counted.values()) == {20}


def test_one_who_comes_or_goes_moves_nobody() -> None:
    found = crowd(compared(), 30)
    first = {lot.account: lot.side for lot in lots(found)}
    state = with_lots(found.state(), lots(found))
    later = crowd(compared(), 45)
    known = pl.Series("sides", [*state.accounts["sides"].to_list(), *[None] * 15], dtype=pl.List(pl.String()))
    more = later.state()
    more = replace(more, accounts=more.accounts.with_columns(known), strata=state.strata)
    new = lots(later, more)
    assert {lot.account for lot in new} == {f"A{n}" for n in range(30, 45)}
    both = Counter([*first.values(), *(lot.side for lot in new)])
    assert abs(both["now"] - both["early"]) <= 2
    again = crowd(compared(), 30)
    assert {lot.account: lot.side for lot in lots(again)} == first


def test_only_an_episode_that_begins_is_drawn() -> None:
    rules = compared()
    assert lots(Desk(rules).account("A", since=day(-9), home="now").owes("1", 10)) == ()
    assert lots(Desk(rules).account("A").owes("1", -3)) == ()
    assert len(lots(Desk(rules).account("A", since=day(-9)).owes("1", 10))) == 1
    assert lots(Desk(rules).account("A", sides=["earlier-call/early"]).owes("1", 10)) == ()
    assert len(lots(Desk(rules).account("A", sides=["another/early"]).owes("1", 10))) == 1
    assert lots(Desk(rules).account("A").owes("1", 10), on=400) == ()  # its last day is over


@pytest.mark.parametrize(
    ("known", "house"),
    [
        ({"insolvent": True}, ""),
        ({"attorney": True}, ""),
        ({"status": "with the court"}, "never:\n  - status: with the court\n"),
    ],
)
def test_whom_a_guard_leaves_to_people_is_not_drawn(known: dict[str, object], house: str) -> None:
    assert lots(Desk(compared(house=house)).account("A", **known).owes("1", 10)) == ()
    assert len(lots(Desk(compared(house=house)).account("A").owes("1", 10))) == 1


# -- which policy --------------------------------------------------------------------------------------------------------


def test_each_side_has_its_own_ladder_and_both_evaluators_say_so() -> None:
    found = crowd(compared(), 20, late=5)
    sides = {lot.account: lot.side for lot in lots(found)}
    said = seen(found)
    for account, side in sides.items():
        assert said.of(account) == ("call collector" if side == "early" else "nothing, because nothing due")


def test_an_episode_that_runs_stays_with_its_policy() -> None:
    before = Desk(compared()).account("A", since=day(-9), home="now").owes("1", 10)
    assert before.on().choices()[0].policy == "now"
    drawn_since = {"since": day(-9), "home": "now", "sides": ["earlier-call/early"]}
    assert Desk(compared()).account("A", **drawn_since).owes("1", 10).on().choices()[0].policy == "now"


def test_after_its_last_day_a_comparison_keeps_only_what_runs() -> None:
    over = Desk(compared()).account("A", sides=["earlier-call/early"]).owes("1", -390)
    assert over.on(400).choices()[0].policy == "now"
    runs = {"since": date(2026, 12, 1), "home": "early", "sides": ["earlier-call/early"]}
    assert Desk(compared()).account("A", **runs).owes("1", -390).on(400).choices()[0].policy == "early"


def test_days_that_are_only_looked_ahead_to_draw_as_the_runs_will() -> None:
    found = Desk(compared())
    for number in range(16):
        found.account(f"A{number}").owes(f"I{number}", -number // 4, account=f"A{number}")
    state = found.state()
    told = {}
    for number in range(8):
        on = day_of(found.book, found.calendar, day(number))
        today = drawn(found.book, state, on)
        told |= {lot.account: lot.side for lot in today}
        state = with_lots(state, today)
        decided = decide(found.book, state, on, evaluators(questions.rulesets(found.book)))
        assert decided.faults == ()
        state = after(found.book, state, decided, found.calendar)
    assert len(told) == 16
    assert Counter(told.values()) == {"now": 8, "early": 8}
    homes = dict(state.accounts.select("account", "home").iter_rows())
    assert homes == told


# -- the holdout ---------------------------------------------------------------------------------------------------------


def held_out(text: str = NOW, house: str = "", **known: object) -> Desk:
    """An account of the holdout whose first step has fallen due."""
    return Desk(book(now=text, house=HOLDOUT + house)).account("A", **(IN | known)).owes("1", 12)


def test_a_holdout_waits_so_many_days_and_then_climbs_as_everybody_does() -> None:
    found = held_out(since=day(-11), home="now")
    assert found.on().of() == "nothing, because held out"
    assert found.on().waits() == "call collector, policies/house.yaml:3"
    assert found.calendar_of(0, 12) == {3: "call collector", 8: "letter reminder"}


def test_a_holdout_ends_with_the_first_contact_and_with_the_comparison() -> None:
    assert held_out(since=day(-11), home="now", last_contact=day(-2)).on().of() == "call collector"
    ended = replace(held_out(since=day(-11), home="now").book.house.splits[0], until=day(-1))
    found = held_out(since=day(-11), home="now")
    found.book = replace(found.book, house=replace(found.book.house, splits=(ended,)))
    assert found.on().of() == "call collector"


def test_nobody_whom_consumer_law_may_protect_is_held_out() -> None:
    for who in ({"natural_person": True}, {"legal_form": "sole trader"}):
        assert held_out(since=day(-11), home="now", **who).on().of() == "call collector"
        alone = Desk(book(now=NOW, house=HOLDOUT)).account("A", **who).owes("1", 1)
        assert lots(alone) == ()
    assert len(lots(Desk(book(now=NOW, house=HOLDOUT)).account("A").owes("1", 1))) == 1


def test_a_courtesy_and_our_own_tasks_go_on() -> None:
    courtesy = "policy: P\nclock: due date\nsteps:\n  - day: -5\n    email: statement\n  - day: 10\n    call: collector\n"
    found = Desk(book(now=courtesy, house=HOLDOUT)).account("A", **IN).owes("1", -5)
    assert found.on().of() == "email statement"
    task = "policy: P\nclock: due date\nsteps:\n  - day: 10\n    task: account owner, visit\n"
    assert held_out(task, since=day(-11), home="now").on().of() == "task account owner"


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        ({"insolvent": True}, "left to people"),
        ({"attorney": True}, "left to people"),
        ({"paused_until": day(9)}, "paused"),
    ],
)
def test_a_guard_that_holds_a_step_holds_it_in_the_holdout_too_and_gives_the_reason(
    known: dict[str, object], reason: str
) -> None:
    found = held_out(since=day(-11), home="now", **known)
    assert found.on().of() == f"nothing, because {reason}"
    assert found.on(3).of() == f"nothing, because {reason}"


# -- whatever the policies and the accounts ------------------------------------------------------------------------------


def _of_a_world(seed: int) -> tuple[PolicyBook, State]:
    """Policies and accounts in which everything collides, with a comparison of two of the policies and a holdout."""
    rng, free = random.Random(seed), list[str]()
    while not free:
        rules = worlds.book(rng)
        free = [policy.id for policy in rules.policies if policy.start is None]
    shares = dict(zip([*rng.sample(free, min(2, len(free))), HOLDOUT_SIDE], (40, 40, 20), strict=False))
    until = worlds.ON + timedelta(days=rng.choice([-1, 90]))
    split = Split("trial", shares, until, "to see", Place("house"), holdout=rng.randint(5, 40))
    state = worlds.state(rng, rules, 120)
    sides = [
        rng.choice([None, *([split.mark(side)] for side in shares)]) for _ in range(state.accounts.height)
    ]
    column = pl.Series("sides", sides, dtype=pl.List(pl.String()))
    state = replace(state, accounts=state.accounts.with_columns(column))
    return replace(rules, house=replace(rules.house, splits=(split,))), state


@pytest.mark.parametrize("seed", range(10))
def test_columns_and_both_evaluators_agree_on_every_side(seed: int) -> None:
    rules, state = _of_a_world(seed)
    moment = day_of(rules, calendar(ALWAYS), worlds.ON)
    both = evaluators(questions.rulesets(rules))
    found = decide(rules, state, moment, both)
    assert found.faults == ()
    for row, case in cases(state, range(state.accounts.height)).items():
        for standing in stand(rules, case, moment, both[0]):
            units = [
                unit for unit, (at, item) in enumerate(_units(found)) if (at, item) == (row, standing.item)
            ]
            assert [found.portfolio.at(unit) for unit in units] == [standing.signature]


def test_a_holdout_lets_nothing_go_that_would_not_have_gone() -> None:
    """It can only wait: every guard that holds a step without it holds the step with it, for the same reason."""
    held_out = 0
    for seed in range(12):
        rules, state = _of_a_world(seed)
        (split,) = rules.house.splits
        every = pl.lit([split.mark(HOLDOUT_SIDE)], dtype=pl.List(pl.String()))
        none = pl.lit(None, dtype=pl.Date)
        state = replace(
            state, accounts=state.accounts.with_columns(sides=every, last_contact=none, since=none)
        )
        split = replace(split, until=worlds.ON + timedelta(days=90))
        moment = day_of(rules, calendar(ALWAYS), worlds.ON)
        plain = evaluators(questions.rulesets(rules))[:1]
        with_it, without = (
            decide(replace(rules, house=replace(rules.house, splits=(each,))), state, moment, plain)
            for each in (split, replace(split, holdout=0))
        )
        assert with_it.faults == ()
        for unit, row in enumerate(without.portfolio.unit_row.tolist()):
            held, free = (each.choices[int(each.unit_class[unit])] for each in (with_it, without))
            if (held.verdict, held.reason, held.gate) == (free.verdict, free.reason, free.gate):
                continue
            held_out += 1
            assert (held.verdict, held.reason) == (Verdict.HELD, Reason.HELD_OUT)
            assert free.gate not in (Gate.NEVER, Gate.MINIMUM, Gate.ASIDE)
            account = state.accounts.row(row, named=True)
            assert not consumer(account["natural_person"], account["legal_form"])
    assert held_out > 50


def _units(found: Decided) -> list[tuple[int, str | None]]:
    view = found.portfolio
    return [
        (int(row), None if index == NONE else view.items["item"][int(index)])
        for row, index in zip(view.unit_row, view.unit_item, strict=True)
    ]
