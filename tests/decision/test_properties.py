"""What must hold for every policy book and every account: asked of random worlds, in which everything collides.

A world is made from its seed, so a failure can be repeated. `test_shares` says of how many accounts the hard cases are true.
"""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from engine.core import sentences
from engine.core.decision import questions
from engine.core.decision.allocate import Person, Room, allocate, ranked
from engine.core.decision.asked import asked
from engine.core.decision.case import cases
from engine.core.decision.choose import Choice, Verdict, choose, tone_rank
from engine.core.decision.decide import Decided, decide
from engine.core.decision.ladder import effect_bits
from engine.core.decision.plan import NOTHING_PAID, after, day_of, morning
from engine.core.decision.signature import NONE, Origin
from engine.core.decision.standing import stand
from engine.core.decision.state import State
from engine.core.decision.view import Day
from engine.core.language.policy import Kind, PolicyBook, Step, seniority
from engine.core.rules import PlainRules, evaluators
from engine.core.workdays import ALWAYS, calendar
from engine.jobs.listing import listed
from engine.store.queries import ITEM_MORE, MASTER
from tests.decision import worlds
from tests.decision.builder import LADDER, Desk, book, day
from tests.decision.conftest import Shares

ON = worlds.ON
THANKSGIVING = date(2026, 11, 26)
OPEN = calendar(ALWAYS)
SEEDS = st.integers(0, 2**32)


def examples(count: int) -> settings:
    """So many worlds, the same ones each time. A seed cannot be made simpler, so nothing is shrunk."""
    return settings(
        max_examples=count, deadline=None, derandomize=True, database=None, phases=[Phase.generate]
    )


def plain(rules: PolicyBook) -> PlainRules:
    return PlainRules(questions.rulesets(rules))


def unit_items(found: Decided) -> list[tuple[int, str | None]]:
    """(row, item under `each: invoice`) of each unit."""
    view = found.portfolio
    return [
        (int(row), None if index == NONE else view.items["item"][int(index)])
        for row, index in zip(view.unit_row, view.unit_item, strict=True)
    ]


# -- what is asked of a ledger -------------------------------------------------------------------------------------------


@examples(12)
@given(seed=SEEDS)
def test_a_run_looks_at_no_column_that_it_does_not_ask_for(seed: int) -> None:
    rng = random.Random(seed)
    rules = worlds.book(rng)
    state = worlds.state(rng, rules, 200)
    moment = replace(day_of(rules, OPEN, ON), holidays=True)
    looks = asked(rules)
    narrow = replace(
        state,
        accounts=state.accounts.drop(MASTER.keys() - looks.accounts),
        items=state.items.drop(ITEM_MORE.keys() - looks.items - {"item_terms"}),
    )
    whole, found = (
        decide(rules, known, moment, evaluators(questions.rulesets(rules))) for known in (state, narrow)
    )
    assert found.faults == ()
    assert (found.choices, found.signatures) == (whole.choices, whole.signatures)
    assert found.contacts.equals(whole.contacts)
    assert found.marks.equals(whole.marks)


@pytest.mark.parametrize(
    "line", ["segment: trade", "used: at least 90%", "age: under 10 days", "tags: [vip]"]
)
@pytest.mark.parametrize(
    "asks",
    ["for:\n  {}\n" + LADDER, LADDER.replace("call: supervisor", "call: supervisor\n    when:\n      - {}")],
)
def test_a_column_that_is_asked_and_was_not_read_is_an_error(asks: str, line: str) -> None:
    policy = asks.format(line)
    desk = Desk(book(policy)).owes("1", late=45)
    column = {"used": "limit", "age": "opened"}.get(name := line.partition(":")[0], name)
    state = desk.state()
    assert column in asked(desk.book).accounts
    with pytest.raises(pl.exceptions.ColumnNotFoundError, match=column):
        decide(desk.book, replace(state, accounts=state.accounts.drop(column)), Day(ON), desk.rules)


@pytest.mark.parametrize(
    ("column", "policy"),
    [
        ("date", LADDER.replace("due date", "invoice date")),
        ("date", LADDER.replace("due date", "end of month")),
        ("statement", LADDER.replace("due date", "statement date")),
        ("kind", "for:\n  unapplied: over 5\n" + LADDER),
    ],
)
def test_a_column_of_items_that_is_asked_and_was_not_read_is_an_error(column: str, policy: str) -> None:
    desk = Desk(book(policy)).owes("1", late=45)
    state = desk.state()
    assert column in asked(desk.book).items
    with pytest.raises(pl.exceptions.ColumnNotFoundError, match=column):
        decide(desk.book, replace(state, items=state.items.drop(column)), Day(ON), desk.rules)


# -- (a) the evaluators agree ------------------------------------------------------------------------------------------


@examples(14)
@given(seed=SEEDS)
def test_columns_and_both_evaluators_agree_on_every_unit(seed: int, shares: Shares) -> None:
    rng = random.Random(seed)
    rules = worlds.book(rng)
    state = worlds.state(rng, rules, 200)
    both = evaluators(questions.rulesets(rules))
    moment = day_of(rules, OPEN, rng.choice([ON, THANKSGIVING]))
    moment = replace(moment, closed=rng.random() < 0.2, stale=rng.random() < 0.2, holidays=True)
    found = decide(rules, state, moment, both)
    assert found.faults == ()
    known = cases(state, range(state.accounts.height))
    for evaluator in both:
        answers = {
            (row, standing.item): standing.signature
            for row, case in known.items()
            for standing in stand(rules, case, moment, evaluator)
        }
        for unit, key in enumerate(unit_items(found)):
            assert found.portfolio.at(unit) == answers[key], (evaluator.name, key)
    count(shares, state, found)


def count(shares: Shares, state: State, found: Decided) -> None:
    view = found.portfolio
    several = state.items.filter(pl.col("open") > 0).group_by("row").len().filter(pl.col("len") > 1)
    held = np.array([choice.verdict is Verdict.HELD for choice in found.choices])[found.unit_class]
    beyond = np.array([int(mask).bit_count() > 1 for mask in view.due], dtype=bool)
    shares.accounts += state.accounts.height
    shares.found["several items"] += several.height
    shares.found["held"] += len(set(view.unit_row[held].tolist()))
    shares.found["caught up"] += len(set(view.items["row"].to_numpy()[beyond].tolist()))


def test_shares(shares: Shares) -> None:
    """At least a fifth of the accounts each: else the properties would be asked of the easy ones."""
    if not shares.accounts:
        pytest.skip("the worlds of this module have not been made in this process")
    assert min(shares.of().values()) >= 0.2, shares.of()


# -- (b) a class is decided as each of its members alone ---------------------------------------------------------------


def alone(state: State, row: int) -> State:
    """The state as if there were no other account."""
    zero = pl.lit(0, dtype=pl.UInt32).alias("row")
    frames = ("accounts", "items", "marks", "barred", "touches", "pending", "repeats")
    frames += ("calls", "wishes", "off")
    return replace(
        state,
        **{name: getattr(state, name).filter(pl.col("row") == row).with_columns(zero) for name in frames},
    )


@examples(5)
@given(seed=SEEDS)
def test_choosing_by_class_equals_choosing_each_alone(seed: int) -> None:
    rng = random.Random(seed)
    rules = worlds.book(rng)
    state = worlds.state(rng, rules, 70)
    people = (
        Person("jo", "Jo", ("collector", "supervisor"), {"calls": 2}),
        Person("al", "Al", ("collector",), {}),
    )
    capacity = {"calls": rng.randint(2, 8), "emails": rng.randint(1, 5)}
    stop = rng.choice([{}, {"actions": rng.randint(5, 60)}])
    house = replace(
        rules.house, capacity=capacity, stop=stop, score=rng.choice(["amount", "age", "amount and age"])
    )
    room, moment = Room(people, {"calls": 1}), day_of(rules, OPEN, ON)
    together = decide(replace(rules, house=house), state, moment, [plain(rules)], room)

    bare = replace(rules, house=replace(rules.house, capacity={}, stop={}))
    contacts, chosen = [together.contacts.clear().drop("goes", "person")], {}
    for row in range(state.accounts.height):
        found = decide(bare, alone(state, row), moment, [plain(rules)])
        contacts.append(found.contacts.with_columns(row=pl.lit(row, dtype=pl.UInt32)))
        for unit, (_, item) in enumerate(unit_items(found)):
            chosen[row, item] = found.choices[int(found.unit_class[unit])]
        for standing in stand(rules, cases(state, [row])[row], moment, plain(rules)):
            assert choose(rules, standing.signature) == chosen[row, standing.item]
    for unit, key in enumerate(unit_items(together)):
        assert together.choices[int(together.unit_class[unit])] == chosen[key]
    alone_all = pl.concat(
        [contacts[0], *(each for each in contacts[1:] if each.height)], how="diagonal_relaxed"
    )
    listed_alone = alone_all[ranked(alone_all, house)["at"]]
    keys = listed_alone.select("row", "own_item").rows()
    one_by_one = allocate(
        house,
        [chosen[key].actions for key in keys],
        np.arange(len(keys)),
        listed_alone["waiting_since"].is_null().to_numpy(),
        listed_alone["owner"].to_list(),
        room,
        sentences.safety_stop,
    )
    assert together.contacts.select("row", "own_item").rows() == keys
    assert tuple(together.contacts["goes"]) == one_by_one.go
    assert tuple(together.contacts["person"]) == one_by_one.person
    assert together.stopped == one_by_one.stopped


# -- (c) a day twice is a day once -------------------------------------------------------------------------------------


@examples(10)
@given(seed=SEEDS)
def test_running_a_day_twice_asks_nobody_twice(seed: int) -> None:
    rng = random.Random(seed)
    rules = worlds.book(rng)
    state = worlds.state(rng, rules, 150)
    moment = day_of(rules, OPEN, ON)
    first = decide(rules, state, moment, [plain(rules)])
    again = decide(rules, state, moment, [plain(rules)])
    assert again.contacts.equals(first.contacts)
    assert again.marks.equals(first.marks)
    second = decide(rules, after(rules, state, first, OPEN), moment, [plain(rules)])
    asked = {(row, item) for row, item, choice in made(first) if reaches(rules, choice)}
    twice = {(row, item) for row, item, choice in made(second) if reaches(rules, choice)}
    assert not asked & twice
    keys = ["row", "item", "policy", "step", "event"]
    assert not set(marked(rules, first).select(keys).rows()) & set(marked(rules, second).select(keys).rows())


def made(found: Decided) -> list[tuple[int, str | None, Choice]]:
    goes = found.contacts.filter("goes")
    return [
        (row, item, found.choices[n]) for row, item, n in goes.select("row", "own_item", "class").iter_rows()
    ]


def step_of(rules: PolicyBook, choice: Choice) -> Step:
    policy = rules.policy(choice.policy)
    assert policy is not None
    step = policy.step(choice.step)
    assert step is not None
    return step


def reaches(rules: PolicyBook, choice: Choice) -> bool:
    """The customer is asked: a demand or a call."""
    return step_of(rules, choice).demand and any(action.kind.contact for action in choice.actions)


def marked(rules: PolicyBook, found: Decided) -> pl.DataFrame:
    """What was taken, but of steps that come again."""
    once = [step.name for policy in rules.policies for step in policy.steps if not step.repeat]
    return found.marks.filter(pl.col("step").is_in(once))


# -- (d) catching up ---------------------------------------------------------------------------------------------------


def timeless(rng: random.Random) -> PolicyBook:
    """A book in which nothing depends on the day but the steps' days: everything climbs."""
    steps = sorted(rng.choice([0, 3, 10, 20, 35]) for _ in range(rng.randint(2, 5)))
    acts = [
        "call: collector",
        "call: supervisor",
        "letter: reminder",
        "email: reminder",
        "task: supervisor, look",
    ]
    lines = []
    for number, at in enumerate(steps):
        lines.append(f"  - day: {at}\n    name: step {number}\n    {rng.choice(acts)}")
        if rng.random() < 0.3:
            lines.append("    approve: credit manager")
        if rng.random() < 0.3:
            lines.append(f"    when:\n      - amount: over {rng.choice([300, 700])}\n      - segment: key")
    clock = rng.choice(["due date", "invoice date", "end of month"])
    text = f"policy: P\nclock: {clock}\nsteps:\n" + "\n".join(lines)
    gap, limit = rng.choice([0, 5]), rng.choice(["", "contact: at most 2 in 10 days\n"])
    return book(text, house=f"gap: {gap} days\nanswer: 4 days\nminimum: 100\nlate: climb\n{limit}")


def taken(rules: PolicyBook, desk: Desk, first: int, last: int) -> dict[str, list[str]]:
    """account -> the steps that go, in their order."""
    found: dict[str, list[str]] = defaultdict(list)
    state = desk.state()
    for number in range(first, last + 1):
        state = morning(state, day(number), NOTHING_PAID)
        decided = decide(rules, state, day_of(rules, OPEN, day(number)), [plain(rules)])
        for account, step in decided.contacts.filter("goes").select("account", "step").iter_rows():
            found[account].append(step)
        state = after(rules, state, decided, OPEN)
    return found


@examples(2)
@given(seed=SEEDS)
def test_with_one_item_day_by_day_equals_catching_up_but_for_the_dates(seed: int) -> None:
    rng = random.Random(seed)
    rules = timeless(rng)
    slow, late = Desk(rules), Desk(rules)
    for number in range(40):
        name, amount = f"A{number:02}", rng.choice([50, 200, 500, 900])
        segment, terms = rng.choice(["key", "trade"]), rng.choice([0, 14, 30])
        for desk, overdue in ((slow, 0), (late, 110)):
            desk.account(name, segment=segment).owes("1", overdue, amount, name, terms)
    in_time = taken(rules, slow, 0, 95)
    assert in_time == taken(rules, late, 0, 55)
    assert any(len(steps) > 1 for steps in in_time.values())


@examples(4)
@given(seed=SEEDS)
def test_with_several_items_nothing_is_too_high_nor_softens_nor_comes_twice(seed: int) -> None:
    rng = random.Random(seed)
    rules = worlds.book(rng)
    rules = replace(rules, house=replace(rules.house, never=(), minimum=0))
    state = worlds.fresh(worlds.state(rng, rules, 120))
    tones: dict[int, int] = defaultdict(int)
    seniors: dict[int, int] = defaultdict(int)
    seen: set[tuple[object, ...]] = set()
    for number in range(35):
        on = ON + (day(number) - day(0))
        state = morning(state, on, NOTHING_PAID)
        moment = day_of(rules, OPEN, on)
        found = decide(rules, state, moment, [plain(rules)])
        known = cases(state, found.contacts["row"].to_list())
        tone_before, senior_before = (
            tones.copy(),
            seniors.copy(),
        )  # under `each: invoice` a day may bring several
        for row, item, choice in made(found):
            step = step_of(rules, choice)
            standing = next(
                each for each in stand(rules, known[row], moment, plain(rules)) if each.item == item
            )
            if standing.signature.origin == Origin.FREE:
                free = [each.row["item"] for each in standing.items if each.free]
                assert step.index <= max(due.index for name in free for due in standing.due[name])
            for action in choice.actions:
                if action.kind.written and tone_rank(rules, action.value):
                    if effect_bits(step.actions):
                        continue  # the notice of a hold or of new terms says what nothing else may: it sets no tone
                    assert tone_rank(rules, action.value) >= tone_before[row]
                    tones[row] = max(tones[row], tone_rank(rules, action.value))
                elif action.kind is Kind.CALL and seniority(action.value):
                    assert seniority(action.value) >= senior_before[row]
                    seniors[row] = max(seniors[row], seniority(action.value))
        taken_today = marked(rules, found).select("row", "item", "policy", "step", "event").rows()
        assert not seen & set(taken_today)
        assert len(set(taken_today)) == len(taken_today)
        seen |= set(taken_today)
        state = after(rules, state, found, OPEN)


# -- (e) nothing is asked that is not owed -----------------------------------------------------------------------------


@examples(14)
@given(seed=SEEDS)
def test_nothing_is_asked_that_is_not_owed(seed: int) -> None:
    rng = random.Random(seed)
    rules = worlds.book(rng)
    state = worlds.state(rng, rules, 200)
    found = decide(rules, state, day_of(rules, OPEN, ON), [plain(rules)])
    debt: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    credit: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row, due, amount, currency in state.items.select("row", "due", "open", "currency").iter_rows():
        if amount < 0:
            credit[row][currency] -= amount
        elif due < ON:
            debt[row][currency] += amount
    overdue = {
        row: {code: max(0, amount - credit[row][code]) for code, amount in debt[row].items()} for row in debt
    }
    items = {
        (row, item): rest
        for row, item, *rest in state.items.select("row", "item", "due", "open", "currency").rows()
    }
    acting = np.zeros(len(found.unit_class), dtype=bool)
    acting[found.contacts["unit"].to_numpy()] = True
    lists = listed(rules, found, acting)
    for unit, row, number in found.contacts.select("unit", "row", "class").iter_rows():
        demand = step_of(rules, found.choices[number]).demand
        asked: dict[str, int] = defaultdict(int)
        for item, amount in lists[unit].items:
            due, open_amount, currency = items[row, item]
            assert 0 < amount <= open_amount
            assert (due < ON) is demand
            asked[currency] += amount
        assert asked, "a contact that asks for nothing"
        if demand:
            assert all(amount <= overdue[row][currency] for currency, amount in asked.items())
        else:
            assert not any(overdue.get(row, {}).values())
