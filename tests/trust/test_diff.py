"""What a change of the policies changes: in words, and for a ledger over the coming days."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from engine.core.decision import questions
from engine.core.decision.allocate import Person, Room
from engine.core.decision.plan import NOTHING_PAID, plan
from engine.core.decision.state import ACCOUNTS, BARRED, ITEMS, MARKS, PENDING, REPEATS, TOUCHES, State
from engine.core.language.check import check
from engine.core.language.known import Known, TemplateHead
from engine.core.language.policy import Kind, PolicyBook, Tone
from engine.core.problem import Place
from engine.core.rules import PlainRules
from engine.core.trust.course import Course, course
from engine.core.trust.impact import Impact, impact
from engine.core.trust.wording import changed
from engine.core.workdays import calendar
from tests.decision import worlds

MONDAY = date(2026, 11, 23)  # Thursday is Thanksgiving
US = calendar("US", (0, 1, 2, 3, 4))
HOUSE = """
order: [key, standard]
calendar: US
gap: 2 days
"""
KEY = """
policy: Key
for: {segment: key}
clock: due date
steps:
  - day: 20
    call: supervisor
"""
STANDARD = """
policy: Standard
for:
  segment: [trade, retail]
clock: due date
steps:
  - day: 5
    email: reminder
  - day: 10
    call: collector
"""
OUTCOMES = """
angry:
  cool: 1 open day
  then: call peer
"""
Owed = tuple[str, str, str, date, int, str]  # account, segment, item, due, amount in minor units, currency


def book(tones: dict[str, Tone] | None = None, **texts: str) -> PolicyBook:
    files = {"house": HOUSE, "key": KEY, "standard": STANDARD, "outcomes": OUTCOMES} | texts
    heads = tuple(
        TemplateHead(name, "message", tone, ("en",), Place(f"templates/{name}.md"))
        for name, tone in ({"reminder": Tone.COURTEOUS} | (tones or {})).items()
    )
    named = {f"policies/{name}.yaml": text.encode() for name, text in files.items() if text}
    found = check(named, Known(templates=heads))
    assert found.book is not None, [f"{problem.place}: {problem.sentence}" for problem in found.problems]
    return found.book


# -- in words ---------------------------------------------------------------------------------------------------------


def words(new: PolicyBook, old: PolicyBook | None = None) -> list[str]:
    return [change.sentence for change in changed(old or book(), new)]


WORDS: dict[str, tuple[dict[str, str], list[str]]] = {
    "nothing": ({}, []),
    "a comment, and how it is spaced": (
        {"standard": "# a word\n" + STANDARD.replace("[trade, retail]", "[ trade,  retail ]")},
        [],
    ),
    "a day": (
        {"standard": STANDARD.replace("day: 10", "day: 12")},
        ["standard: call collector on day 12, no longer on day 10"],
    ),
    "a step more, a step less": (
        {"standard": STANDARD.replace("day: 10\n    call: collector", "day: 15\n    call: supervisor")},
        ["standard: day 15 is new: call supervisor", "standard: day 10 is gone: call collector"],
    ),
    "an action under a name": (
        {"standard": STANDARD.replace("call: collector", "name: call collector\n    call: supervisor")},
        ["standard: day 10, call collector: call is supervisor; it was collector"],
    ),
    "a word within a step": (
        {"standard": STANDARD + "    approve: supervisor\n"},
        ["standard: day 10, call collector: approve is supervisor; nothing was said of it before"],
    ),
    "whom it is for": (
        {"standard": STANDARD.replace("[trade, retail]", "[trade, farm]")},
        ["standard: for segment: new is farm; gone is retail"],
    ),
    "one line more": (
        {"standard": STANDARD.replace("  segment:", "  overdue: over 100\n  segment:")},
        ["standard: for overdue is over 100; nothing was said of it before"],
    ),
    "the house": (
        {"house": HOUSE.replace("gap: 2 days", "minimum: 50\nnever:\n  - insolvent: yes")},
        [
            "house: never is insolvent yes; nothing was said of it before",
            "house: minimum is 50; nothing was said of it before",
            "house: nothing is said of gap any more; it was 2 days",
        ],
    ),
    "the order": (
        {"house": HOUSE.replace("[key, standard]", "[standard, key]")},
        ["the order is now standard, key"],
    ),
    "a policy more, a policy less": (
        {"house": HOUSE.replace("key", "farm"), "key": "", "farm": KEY.replace("key", "farm")},
        ["farm: a new policy, with 1 step", "key: this policy is gone"],
    ),
    "an outcome": (
        {"outcomes": OUTCOMES.replace("cool: 1 open day", "cool: 2 open days")},
        ["outcomes: angry cool is 2 open days; it was 1 open day"],
    ),
}


@pytest.mark.parametrize("about", WORDS)
def test_a_change_is_said_in_the_words_of_the_files(about: str) -> None:
    texts, said = WORDS[about]
    assert words(book(**texts)) == said


def test_a_firmer_message_is_a_change_and_every_change_has_its_line() -> None:
    assert words(book({"reminder": Tone.FIRM})) == ["message reminder: tone is firm; it was courteous"]
    new = book(standard=STANDARD.replace("day: 10", "day: 12"), house=HOUSE.replace("gap: 2", "gap: 3"))
    places = [str(change.place) for change in changed(book(), new)]
    assert places == ["policies/standard.yaml:9:5", "policies/house.yaml:4:6"]


# -- the days ---------------------------------------------------------------------------------------------------------


def rules(of: PolicyBook) -> tuple[PlainRules]:
    return (PlainRules(questions.rulesets(of)),)


def gone_by_plan(of: PolicyBook, state: State, days: list[date], room: Room) -> list[tuple[Any, ...]]:
    planned = plan(of, state, days, US, rules(of), room=room)
    found = []
    for number, day in enumerate(planned.days):
        for row, kind in day.decided.contacts.filter("goes").select("row", "class").iter_rows():
            choice = day.decided.choices[kind]
            found.append((number, row, choice.policy, choice.step, choice.actions))
    return sorted(found, key=repr)


def gone_by_course(of: Course) -> list[tuple[Any, ...]]:
    found = []
    for day, row, number in of.contacts.select("day", "row", "deed").iter_rows():
        deed = of.deeds[number]
        if deed.step != "ladder finished":
            found.append((day, row, deed.policy, deed.step, deed.actions))
    return sorted(found, key=repr)


def test_a_course_is_the_plan_of_its_days() -> None:
    """Days at rest, and classes that are asked once, make no difference: compared over random worlds, with little room."""
    days = [MONDAY + timedelta(n) for n in range(7)]
    contacts = rests = 0
    for seed in range(4):
        rng = random.Random(seed)
        of = worlds.book(rng)
        state = worlds.state(rng, of, 150)
        of = replace(of, house=replace(of.house, stop={}, capacity={"calls": 4} if seed % 2 else {}))
        room = Room((Person("jo", "Jo", ("collector", "supervisor"), {"calls": 2}),))
        walked = course(of, state, days, US, rules(of), room=room)
        assert gone_by_course(walked) == gone_by_plan(of, state, days, room)
        assert walked.faults == ()
        contacts += walked.contacts.height
        rests += sum(not day.used and bool(day.closed) for day in walked.days)
    assert contacts > 40
    assert rests > 4


# -- whom it touches --------------------------------------------------------------------------------------------------


def owing(*items: Owed, rate: float = 1.0) -> State:
    """Accounts that can be reached by every way; `rate` is what one of another currency is in dollars."""
    names = list(dict.fromkeys(item[0] for item in items))
    accounts = [
        {"row": row, "account": name, "name": f"{name} Inc.", "addresses": 31}
        | {"segment": next(item[1] for item in items if item[0] == name)}
        for row, name in enumerate(names)
    ]
    open_items = [
        {
            "row": names.index(account),
            "item": item,
            "kind": "invoice",
            "date": due - timedelta(30),
            "due": due,
        }
        | {"amount": amount, "open": amount, "currency": currency, "days_off": 0}
        | {"rate": 1.0 if currency == "USD" else rate}
        for account, _, item, due, amount, currency in items
    ]
    empty = [pl.DataFrame(schema=schema) for schema in (MARKS, BARRED, TOUCHES, PENDING, REPEATS)]
    frame = _frame(open_items, ITEMS).sort("row", "due", "item")
    return State(_frame(accounts, ACCOUNTS), frame, *empty, as_of=MONDAY)


def _frame(rows: list[dict[str, Any]], schema: dict[str, pl.DataType]) -> pl.DataFrame:
    """Rows with the columns of a schema; what they do not say is unknown."""
    return pl.DataFrame([dict.fromkeys(schema) | row for row in rows], schema=schema)


def compared(
    old: PolicyBook, new: PolicyBook, state: State, days: int = 14, room: Room | None = None
) -> Impact:
    coming = [MONDAY + timedelta(n) for n in range(days)]
    before, after = (course(of, state, coming, US, rules(of), room=room) for of in (old, new))
    return impact(state, before, after, room=room, assumes=NOTHING_PAID)


def late(days: int) -> date:
    return MONDAY - timedelta(days)


SOME = owing(
    ("ACME", "trade", "A1", late(3), 120_000, "USD"),
    ("ACME", "trade", "A2", late(3), 30_000, "EUR"),
    ("BOLT", "key", "B1", late(12), 500_000, "USD"),
    ("CORK", "farm", "C1", late(30), 70_000, "USD"),
    rate=1.2,
)


def test_nothing_that_decides_changes_nothing() -> None:
    found = compared(book(), book(outcomes=OUTCOMES.replace("1 open day", "2 open days")), SOME)
    assert found.nothing
    assert found.accounts == 3
    assert found.jump.total_before == found.jump.total_after == 0
    assert {kind.kind: (kind.before, kind.after) for kind in found.kinds} == {
        Kind.CALL: (2, 2),
        Kind.EMAIL: (1, 1),
        Kind.TASK: (2, 2),  # two ladders are finished, and the owner is told
    }


def test_a_day_moved_is_neither_gained_nor_lost() -> None:
    found = compared(book(), book(standard=STANDARD.replace("day: 10", "day: 15")), SOME, days=16)
    calls = next(kind for kind in found.kinds if kind.kind is Kind.CALL)
    assert (calls.before, calls.after) == (2, 2)
    assert (calls.gained, calls.lost, calls.earlier, calls.later) == (0, 0, 0, 1)
    calls_by_day = [(day.on.day, day.before.get(Kind.CALL), day.after.get(Kind.CALL)) for day in found.days]
    assert [each for each in calls_by_day if each[1] != each[2]] == [(3, 1, None), (7, None, 1)]
    assert found.otherwise == 1
    assert found.newly.accounts == found.no_longer.accounts == 0
    assert not found.nothing


def test_whoever_is_newly_contacted_is_named_with_what_is_asked_in_each_currency() -> None:
    """The farm has no policy, and gets one; what is asked is never added up over currencies."""
    state = owing(
        ("ACME", "farm", "A1", late(6), 120_000, "USD"),
        ("ACME", "farm", "A2", late(6), 30_000, "EUR"),
        ("BOLT", "farm", "B1", late(6), 500_000, "USD"),
        ("CORK", "trade", "C1", late(6), 70_000, "USD"),
        rate=1.2,
    )
    found = compared(book(), book(standard=STANDARD.replace("retail", "farm")), state)
    assert found.newly.accounts == 2
    assert dict(found.newly.money) == {"USD": 620_000, "EUR": 30_000}
    first, second = found.newly.largest
    assert (first.account, dict(first.money), first.on) == ("BOLT", {"USD": 500_000}, MONDAY)
    assert (second.account, dict(second.money)) == ("ACME", {"USD": 120_000, "EUR": 30_000})
    assert (first.step, str(first.place)) == ("email reminder", "policies/standard.yaml:7:5")
    assert [(move.before, move.after, move.accounts, dict(move.money)) for move in found.moves] == [
        ("", "standard", 2, {"USD": 620_000, "EUR": 30_000})
    ]
    assert found.moves[0].examples == ("BOLT", "ACME")
    assert (found.jump.on, found.jump.total_before, found.jump.total_after) == (MONDAY, 1, 3)
    back = compared(book(standard=STANDARD.replace("retail", "farm")), book(), state)
    assert (back.no_longer, back.newly.accounts) == (found.newly, 0)
    assert (back.moves[0].before, back.moves[0].after) == ("standard", "")


def test_a_task_touches_no_customer() -> None:
    tasks = STANDARD.replace("call: collector", "task: credit manager, look at it")
    found = compared(book(standard=tasks), book(standard=tasks.replace("day: 5", "day: 90")), SOME, days=7)
    assert found.no_longer.accounts == 1
    alone = STANDARD.replace("email: reminder", "task: credit manager, look at it")
    found = compared(book(standard=alone), book(standard=alone.replace("day: 5", "day: 9")), SOME, days=7)
    assert (found.no_longer.accounts, found.otherwise) == (0, 1)


def crowd(number: int) -> State:
    return owing(*(
        (f"C{n:03}", "trade", f"I{n:03}", late(4), 100_000 + n, "USD") for n in range(number)
    ))  # fmt: skip


def test_the_safety_stop_is_foretold_and_the_days_go_on_as_if_somebody_agreed() -> None:
    old, new = (book(house=HOUSE + f"stop: {{actions: {most}}}\n") for most in (100, 10))
    found = compared(old, new, crowd(30))
    tuesday = found.days[1]
    assert tuesday.stopped_before == ""
    assert tuesday.stopped_after.startswith("The run wants 30 actions; the house allows 10 a run.")
    assert tuesday.before == tuesday.after == {Kind.EMAIL: 30}
    assert not found.nothing


def test_a_smaller_day_is_held_against_what_it_can_take() -> None:
    old = book(
        house=HOUSE + "capacity: {calls: 40}\n",
        standard=STANDARD.replace("email: reminder", "call: credit manager"),
    )
    new = book(
        house=HOUSE + "capacity: {calls: 12}\n",
        standard=STANDARD.replace("email: reminder", "call: credit manager"),
    )
    room = Room((Person("jo", "Jo", ("credit manager",), {}),))
    loads = compared(old, new, crowd(30), days=6, room=room).workload
    house = next(load for load in loads if not load.person)
    assert (house.kind, house.capacity_before, house.capacity) == ("calls", 40, 12)
    assert (max(house.before), max(house.after)) == (30, 12)
    assert (house.full(after=False), house.full(after=True)) == (
        0,
        2,
    )  # Tuesday and Wednesday; Thursday is closed
    assert (house.waiting_before, house.waiting_after) == (0, 18)
    jo = next(load for load in loads if load.person)
    assert (jo.name, jo.capacity, sum(jo.before), sum(jo.after)) == ("Jo", None, 30, 30)


def test_a_yes_that_is_asked_for_is_a_difference() -> None:
    found = compared(book(), book(standard=STANDARD + "    approve: supervisor\n"), SOME)
    assert (found.approvals_before, found.approvals_after) == (0, 1)
    assert not found.nothing
    assert all(not kind.differs for kind in found.kinds)
