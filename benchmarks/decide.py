"""Deciding a million accounts: Dunwell beside queries written by hand and beside rule engines, all with the same answer.

    python -m benchmarks.decide [--accounts 1000000] [--engines 20000]

Account and item rows are as stored; for Dunwell and for the queries the reduction from items to accounts, masks, gates and the
join are timed, for Dunwell also both evaluators. The rule engines are asked about the items of the first `--engines` accounts,
reduced before; their callers keep the highest step of an account. Of a query the ratio is the time it takes, of the others how
many times quicker Dunwell is. Ratios are of one run on one machine.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from importlib.util import find_spec
from typing import Any

import numpy as np
import polars as pl

from benchmarks.deciders import DAYS, LEAST, MINIMUM, ON, PEERS, facts
from engine.core.decision import questions
from engine.core.decision.choose import Verdict
from engine.core.decision.decide import decide
from engine.core.decision.portfolio import portfolio
from engine.core.decision.state import ACCOUNTS, BARRED, ITEMS, MARKS, PENDING, REPEATS, TOUCHES, State
from engine.core.decision.view import Day
from engine.core.language.condition import Clause, Op, Test
from engine.core.language.policy import Action, Clock, House, Kind, Policy, PolicyBook, Step
from engine.core.problem import Place
from engine.core.rules import evaluators

PLACE = Place("benchmark.yaml")
SEGMENTS = ("key", "public", "retail", "trade")


def book() -> PolicyBook:
    """Four policies of five steps: twenty rules."""
    policies = []
    for segment in SEGMENTS:
        steps = []
        for index, day in enumerate(DAYS[segment]):
            when = None
            if index == 4:
                test = Test("overdue", Op.AT_LEAST, (LEAST,), False, "", PLACE)
                when = questions.Condition((Clause((test,), PLACE),), PLACE)
            action = Action(Kind.CALL, "collector", PLACE)
            steps.append(Step(f"{segment} {index}", day, index, (action,), PLACE, when=when))
        fits = Clause((Test("segment", Op.IS, (segment,), False, "", PLACE),), PLACE)
        policies.append(Policy(segment, segment, fits, Clock.DUE_DATE, tuple(steps), PLACE))
    never = (Clause((Test("insolvent", Op.IS, (True,), False, "", PLACE),), PLACE),)
    house = House(order=SEGMENTS, minimum=MINIMUM, never=never)
    return PolicyBook(house, tuple(policies), {}, {}, "benchmark", {})


def state(accounts: int, seed: int = 7) -> State:
    """Accounts as stored. A tenth each, and more, have several items, a history of steps taken, items set aside."""
    rng = np.random.default_rng(seed)
    several = rng.random(accounts) < 0.30
    counts = np.where(several, rng.integers(2, 5, accounts), 1)
    rows = np.repeat(np.arange(accounts, dtype=np.uint32), counts)
    size = len(rows)
    due = np.datetime64(ON) - rng.integers(-30, 120, size)
    order = np.lexsort((due, rows))
    due = due[order]
    first = np.concatenate(([True], rows[1:] != rows[:-1]))
    within = np.arange(size) - np.repeat(np.flatnonzero(first), counts)
    aside = np.where(rng.random(size) < 0.05, "disputed", "")
    amount = rng.integers(100, 400_000, size)
    items = pl.DataFrame(
        {
            "row": rows,
            "item": pl.Series(within).cast(pl.String),
            "due": due,
            "amount": amount,
            "open": amount,
            "aside": aside,
        }
    ).with_columns(
        aside=pl.when(pl.col("aside") != "").then("aside"),
        date=pl.col("due") - timedelta(days=30),
        kind=pl.lit("invoice"),
        currency=pl.lit("USD"),
        rate=pl.lit(1.0),
        days_off=pl.lit(0, dtype=pl.Int32),
        statement=None,
        aside_since=None,
        aside_until=None,
    )
    frame = pl.DataFrame(
        {
            "row": np.arange(accounts, dtype=np.uint32),
            "segment": np.array(SEGMENTS)[rng.integers(0, 4, accounts)],
            "insolvent": rng.random(accounts) < 0.01,
        }
    ).with_columns(
        account=pl.format("A{}", "row"),
        name=pl.format("Account {}", "row"),
        addresses=pl.lit(31),
        episode=pl.lit(1),
    )
    missing = [
        pl.lit(None, dtype=kind).alias(name) for name, kind in ACCOUNTS.items() if name not in frame.columns
    ]
    frame = frame.with_columns(missing).select(pl.col(name).cast(kind) for name, kind in ACCOUNTS.items())
    items = items.select(pl.col(name).cast(kind) for name, kind in ITEMS.items())
    level = np.where(rng.random(size) < 0.2, rng.integers(1, 5, size), 0)
    taken = np.flatnonzero(level)
    repeated = np.repeat(taken, level[taken])
    number = np.arange(len(repeated)) - np.repeat(np.cumsum(level[taken]) - level[taken], level[taken])
    segment = frame["segment"].gather(rows[repeated])
    marks = pl.DataFrame(
        {"row": rows[repeated], "item": items["item"].gather(repeated), "policy": segment, "number": number}
    ).with_columns(step=pl.format("{} {}", "policy", "number"), event=pl.lit(None, dtype=pl.Date))
    marks = marks.select(pl.col(name).cast(kind) for name, kind in MARKS.items())
    empty = pl.DataFrame
    return State(
        frame,
        items,
        marks,
        empty(schema=BARRED),
        empty(schema=TOUCHES),
        empty(schema=PENDING),
        empty(schema=REPEATS),
    )


def dunwell(rules: PolicyBook, known: State) -> Callable[[], pl.Series]:
    """The whole decision, both evaluators included. The answer: account -> the step that goes."""
    both = evaluators(questions.rulesets(rules))

    def ask() -> list[str | None]:
        decided = decide(rules, known, Day(ON), both)
        assert not decided.faults
        names = [choice.step if choice.verdict is Verdict.GO else None for choice in decided.choices]
        return _gather(names, decided)

    return ask


def _gather(names: Sequence[str | None], decided: Any) -> Any:
    return pl.Series(names, dtype=pl.String).gather(decided.unit_class)


def by_turns(asks: Mapping[str, Callable[[], Any]], runs: int) -> dict[str, tuple[float, Any]]:
    """The best time of each in seconds, and its answer. Asked by turns, so that all meet whatever else the machine does."""
    best: dict[str, tuple[float, Any]] = {}
    for _ in range(runs):
        for name, ask in asks.items():
            begun = time.perf_counter()
            answer = ask()
            seconds = time.perf_counter() - begun
            best[name] = min(seconds, best.get(name, (seconds,))[0]), answer
    return best


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=1_000_000)
    parser.add_argument("--engines", type=int, default=20_000)
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    rules, known = book(), state(given.accounts)
    few = min(given.engines, given.accounts)
    print(
        f"{given.accounts:,} accounts, {known.items.height:,} items, {known.marks.height:,} steps taken, 20 rules"
    )
    handed = facts(known, few)
    there = [peer for peer in PEERS if find_spec(peer.needs) is not None]
    asks = {"Dunwell": dunwell(rules, known)}
    asks |= {peer.name: peer.make(known) if peer.whole else peer.make(handed, few) for peer in there}
    best = by_turns(asks, given.runs)
    seconds, ours = best["Dunwell"]
    want, speed = ours[:few].to_list(), given.accounts / seconds
    print(f"  {'Dunwell':30} {speed:>12,.0f} accounts/s")
    result: dict[str, Any] = {"accounts_per_s": round(speed)} | {peer.key: None for peer in PEERS}
    equal = True
    for peer in PEERS:
        if peer not in there:
            print(f"  {peer.name:30} is not installed")
            continue
        taken, answer = best[peer.name]
        theirs = (given.accounts if peer.whole else few) / taken
        same = ours.equals(answer) if peer.whole else answer == want
        equal &= same
        result[peer.key] = round(theirs / speed if peer.whole else speed / theirs, 2)
        print(f"  {peer.name:30} {theirs:>12,.0f} accounts/s   {'equal' if same else 'DIFFERENT'}")
    classes = len(portfolio(rules, known, Day(ON)).first)
    print(f"\n{classes} classes among {given.accounts:,} accounts")
    result |= {"equal": equal, "classes": classes}
    result |= {"peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)}
    print(json.dumps(result))
    return 0 if equal else 1


if __name__ == "__main__":
    sys.exit(main())
