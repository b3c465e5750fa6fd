"""Random books and accounts for properties: small enough that everything collides, seeded so that a failure can be repeated."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta

import polars as pl

from engine.core.cases import guards
from engine.core.decision.state import (
    ACCOUNTS,
    BARRED,
    CALLS,
    ITEMS,
    MARKS,
    OFF,
    PENDING,
    REPEATS,
    TOUCHES,
    WISHES,
    Pending,
    State,
)
from engine.core.language.condition import Clause, Condition, Op, Test
from engine.core.language.policy import (
    Action,
    Approval,
    Clock,
    Event,
    GuardRules,
    House,
    Kind,
    Late,
    Limit,
    Pause,
    Policy,
    PolicyBook,
    Repeat,
    Step,
    Tone,
)
from engine.core.problem import Place

P = Place("random.yaml")
ON = date(2026, 11, 25)
SEGMENTS = ["trade", "retail", "key"]
TEMPLATES = {"hello": Tone.COURTEOUS, "firm": Tone.FIRM, "final": Tone.FINAL}
LAW = {"law": Tone.LEGAL}
ROLES = ["collector", "supervisor", "account owner"]


def _test(rng: random.Random, item: bool = False) -> Test:
    negated = rng.random() < 0.25
    choice = rng.random()
    if item and choice < 0.5:
        field, low = rng.choice([("amount", 50_000), ("days_overdue", 20)])
    elif choice < 0.4:
        return Test("segment", Op.IS, tuple(rng.sample(SEGMENTS, rng.randint(1, 2))), negated, "", P)
    elif choice < 0.5:
        return Test("tags", Op.IS, ("vip",), negated, "", P)
    elif choice < 0.6:
        return Test("strategic", Op.IS, (True,), negated, "", P)
    else:
        field, low = rng.choice(
            [
                ("overdue", 80_000),
                ("balance", 100_000),
                ("used", 5_000),
                ("oldest", 30),
                ("invoices", 2),
                ("since_contact", 9),
                ("largest", 60_000),
                ("disputed_amount", 0),
                ("unapplied", 100),
            ]
        )
    op = rng.choice([Op.OVER, Op.UNDER, Op.AT_LEAST, Op.AT_MOST, Op.BETWEEN])
    return Test(field, op, (low, low * 2) if op is Op.BETWEEN else (low,), negated, "", P)


def _clause(rng: random.Random, most: int = 2, item: bool = False) -> Clause:
    return Clause(tuple(_test(rng, item) for _ in range(rng.randint(1, most))), P)


def _actions(rng: random.Random, courtesy: bool) -> tuple[Action, ...]:
    if courtesy:
        return (Action(Kind.EMAIL, "hello", P),)
    kinds = rng.choice(
        [
            ("call",),
            ("email",),
            ("letter",),
            ("call",),
            ("email",),
            ("terms", "email"),
            ("hold", "call"),
            ("task",),
            ("statement",),
        ]
    )
    made = []
    for word in kinds:
        kind = Kind(word)
        value = (
            rng.choice(ROLES)
            if kind is Kind.CALL
            else rng.choice([*TEMPLATES, *(LAW if rng.random() < 0.2 else ())])
            if kind.written
            else "cash on delivery"
        )
        made.append(Action(kind, value, P))
    return tuple(made)


def policy(rng: random.Random, number: int) -> Policy:
    start = rng.choice([None, None, None, Event.PROMISE_BROKEN])
    clock = rng.choice(list(Clock))
    days = sorted(rng.choice([-5, 0, 3, 10, 20, 35, 45, 60, 90]) for _ in range(rng.randint(1, 5)))
    if clock is not Clock.DUE_DATE or start:
        days = [max(day, 0) for day in days]
    steps = []
    for index, day in enumerate(days):
        actions = _actions(rng, day < 0)
        when = (
            Condition(tuple(_clause(rng, item=True) for _ in range(rng.randint(1, 2))), P)
            if rng.random() < 0.3
            else None
        )
        approve = (
            Approval("credit manager", Condition((_clause(rng),), P) if rng.random() < 0.5 else None, P)
            if rng.random() < 0.25
            else None
        )
        repeat = Repeat(7, 3) if rng.random() < 0.2 and day >= 0 else None
        steps.append(
            Step(
                f"s{rng.randint(0, 2)}-{index}" if rng.random() < 0.5 else f"step {index}",
                day,
                index,
                actions,
                P,
                approve=approve,
                when=when,
                repeat=repeat,
                to=rng.choice(["accounts payable", "principal"]),
            )
        )
    late = rng.choice([None, Late("climb"), Late("latest"), Late("skip", 7)])
    fits = Clause(tuple(_test(rng) for _ in range(rng.choice([0, 0, 1, 2]))), P)
    return Policy(
        f"p{number}",
        f"P{number}",
        fits,
        clock,
        tuple(steps),
        P,
        start=start,
        each_invoice=rng.random() < 0.2,
        late=late,
        gap=rng.choice([None, 3]),
        answer=7,
    )


def book(rng: random.Random) -> PolicyBook:
    policies = tuple(policy(rng, number) for number in range(rng.randint(1, 4)))
    house = House(
        order=tuple(p.id for p in policies),
        never=tuple(_clause(rng) for _ in range(rng.randint(0, 1))),
        pause=tuple(Pause(_clause(rng), rng.choice([(), (Kind.LETTER,)])) for _ in range(rng.randint(0, 1)))
        + ((Pause(Clause((), P), (Kind.EMAIL,), ((11, 20), (1, 5))),) if rng.random() < 0.2 else ()),
        minimum=rng.choice([0, 5_000]),
        gap=rng.choice([0, 5]),
        contact=rng.choice([None, Limit(2, 10)]),
        late=rng.choice([Late("climb"), Late("latest")]),
        guards=GuardRules(calls=rng.choice([Limit(3, 7), Limit(1, 3)]), persons=Limit(2, 7)),
    )
    return PolicyBook(house, policies, {}, TEMPLATES | LAW, "hash", {})


def state(rng: random.Random, b: PolicyBook, accounts: int, on: date = ON) -> State:
    rows, items, marks, barred, touches, pending, repeats = [], [], [], [], [], [], []
    calls, wishes, off = [], [], []
    ids = [p.id for p in b.policies]
    names = [(p.id, s.name) for p in b.policies for s in p.steps]
    for row in range(accounts):
        back = lambda most: on - timedelta(days=rng.randint(0, most))  # noqa: E731
        maybe = lambda value, share=0.5: value if rng.random() < share else None  # noqa: E731
        account = dict.fromkeys(ACCOUNTS)
        in_episode = rng.random() < 0.5
        tone_of = rng.choice(names)
        several = f"{on}\tletter\n{on + timedelta(days=1)}\tstep {tone_of[1]}"
        account |= {
            "row": row,
            "account": f"A{row:05d}",
            "name": f"Account {row}",
            "segment": maybe(rng.choice(SEGMENTS), 0.9),
            "tags": maybe(["vip"] if rng.random() < 0.5 else [], 0.8),
            "strategic": maybe(rng.random() < 0.5),
            "contract_supply": maybe(rng.random() < 0.3),
            "limit": maybe(150_000),
            "addresses": rng.choice([31, 31, 31, 0, 8, 3]),
            "last_contact": maybe(back(20)),
            "opened": back(900),
            "promise_broken": maybe(back(30), 0.4),
            "episode": 1 if in_episode else None,
            "since": back(60) if in_episode else None,
            "home": rng.choice([*ids, None, "gone"]) if in_episode else None,
            "effects": rng.choice([0, 0, 0, 1, 2]),
            "tone": rng.choice([0, 0, 1, 2, 3]),
            "tone_step": "/".join(tone_of),
            "reached": maybe(rng.choice(ROLES), 0.3),
            "answer_by": maybe(on + timedelta(days=rng.randint(-5, 5)), 0.2),
            "answer_day": rng.choice([3, 35]),
            "paused_until": maybe(on + timedelta(days=rng.randint(-2, 2)), 0.1),
            "paused_kinds": rng.choice([None, "letter, email", f"step {tone_of[1]}", several]),
            "finished": maybe(back(50), 0.3),
            "stepped": maybe(on - timedelta(days=rng.randint(0, 3)), 0.2),
            "natural_person": maybe(rng.random() < 0.5, 0.4),
            "legal_form": maybe(rng.choice(["sole trader", "gmbh"]), 0.3),
            "insolvent": maybe(rng.random() < 0.1),
            "attorney": maybe(rng.random() < 0.1),
            "country": maybe(rng.choice(["us", "de", "gb", "xx"])),
        }
        rows.append(account)
        for _ in range(rng.choice([0, 0, 1, 3])):
            calls.append({"row": row, "on": back(9), "spoke": rng.random() < 0.4})
        for _ in range(rng.choice([0, 0, 0, 1, 2])):
            wish = rng.randrange(len(guards.WISHES))
            opens = guards.EMAILS if rng.random() < 0.3 else 0
            closes = guards.CLOSES[guards.WISHES[wish]] & ~opens & rng.choice([31, 31, 1])
            until = maybe(on + timedelta(days=rng.randint(-2, 2)))
            wishes.append({"row": row, "wish": wish, "closes": closes, "opens": opens, "until": until})
        if rng.random() < 0.15:
            until = on + timedelta(days=rng.randint(-1, 2))
            off.append({"row": row, "guard": rng.choice(guards.REMOVABLE), "until": until})
        mine = []
        for number in range(rng.choice([0, 1, 1, 2, 2, 3, 4])):
            opened = back(130)
            credit = rng.random() < 0.12
            mine.append(
                {
                    "row": row,
                    "item": f"I{number}",
                    "kind": rng.choice(["payment", "credit_note"]) if credit else "invoice",
                    "date": opened,
                    "due": opened + timedelta(days=rng.choice([0, 14, 30, 60])),
                    "statement": maybe(opened + timedelta(days=5), 0.2),
                    "amount": 100_000,
                    "open": rng.choice([100, 4_900, 30_000, 100_000]) * (-1 if credit else 1),
                    "currency": rng.choice(["USD", "USD", "USD", "EUR"]),
                    "rate": 1.0,
                    "aside": rng.choice([None, None, None, "disputed", "promised", "planned"]),
                    "aside_since": on,
                    "aside_until": None,
                    "days_off": rng.choice([0, 0, 0, 7]),
                }
            )
        for item in mine:
            if item["currency"] == "EUR":
                item["rate"] = rng.choice([1.1, 1.1, 1.1, None])
        items += sorted(mine, key=lambda item: (item["due"], item["item"]))
        for item in mine:
            if rng.random() < 0.25:
                policy_id, step = rng.choice(names)
                marks.append(
                    {
                        "row": row,
                        "item": item["item"],
                        "policy": policy_id,
                        "step": step,
                        "event": rng.choice([None, account["promise_broken"]]),
                    }
                )
        if rng.random() < 0.08:
            barred.append(dict(zip(BARRED, (row, *rng.choice(names)), strict=True)))
        for _ in range(rng.choice([0, 0, 1, 2])):
            touches.append({"row": row, "item": maybe("I0", 0.3), "on": back(15)})
        if rng.random() < 0.3:
            policy_id, step = rng.choice(names)
            kind = rng.choice(list(Pending))
            pending.append(
                {
                    "row": row,
                    "item": maybe("I0", 0.5),
                    "policy": policy_id,
                    "step": step,
                    "state": kind.value,
                    "since": back(10),
                    "not_before": on + timedelta(days=rng.randint(-1, 1)) if kind is Pending.AGAIN else None,
                    "attempts": 1,
                }
            )
        if rng.random() < 0.2:
            policy_id, step = rng.choice(names)
            repeats.append(
                {"row": row, "policy": policy_id, "step": step, "times": rng.randint(1, 4), "last": back(12)}
            )
    frame = lambda data, schema: pl.DataFrame(data, schema=schema)  # noqa: E731
    return State(
        frame(rows, ACCOUNTS),
        frame(items, ITEMS),
        frame(marks, MARKS),
        frame(barred, BARRED),
        frame(touches, TOUCHES),
        frame(pending, PENDING),
        frame(repeats, REPEATS),
        calls=frame(calls, CALLS),
        wishes=frame(wishes, WISHES),
        off=frame(off, OFF),
    )


def fresh(known: State) -> State:
    """The same accounts with nothing done yet: no history, nothing under way."""
    empty = {"home": None, "since": None, "effects": 0, "tone": 0, "tone_step": None, "reached": None}
    empty |= {"answer_by": None, "answer_day": None, "finished": None, "stepped": None}
    columns = [pl.lit(value, dtype=ACCOUNTS[name]).alias(name) for name, value in empty.items()]
    return replace(
        known,
        accounts=known.accounts.with_columns(columns),
        marks=known.marks.clear(),
        barred=known.barred.clear(),
        touches=known.touches.clear(),
        pending=known.pending.clear(),
        repeats=known.repeats.clear(),
    )
