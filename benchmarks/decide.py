"""Deciding a million accounts: Dunwell beside a hand-written Polars query and beside rule engines, all with the same answer.

    python -m benchmarks.decide [--accounts 1000000] [--engines 20000]

Account and item rows are as stored; for Dunwell and for the query the reduction from items to accounts, masks, gates and the
join are timed, for Dunwell also both evaluators. The rule engines are asked about the items of the first `--engines` accounts,
each as its manual shows; their callers keep the highest step of an account. Ratios are of one run on one machine.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl

from engine.core.decision import questions
from engine.core.decision.choose import Verdict
from engine.core.decision.decide import decide
from engine.core.decision.portfolio import portfolio
from engine.core.decision.state import ACCOUNTS, BARRED, ITEMS, MARKS, PENDING, REPEATS, TOUCHES, State
from engine.core.decision.view import Day
from engine.core.language.condition import Clause, Op, Test
from engine.core.language.policy import Action, Clock, House, Kind, Policy, PolicyBook, Step
from engine.core.problem import Place
from engine.core.rules import AVAILABLE, evaluators

ON = date(2026, 11, 25)
PLACE = Place("benchmark.yaml")
SEGMENTS = ("key", "public", "retail", "trade")
DAYS = {
    "key": (10, 40, 60, 75, 95),
    "public": (5, 20, 40, 60, 90),
    "retail": (3, 12, 25, 45, 70),
    "trade": (5, 15, 30, 60, 80),
}
MINIMUM = 5_000
LEAST = 20_000  # a step's `when`: overdue at least this, for the last step of each policy


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


def query(known: State) -> Callable[[], pl.Series]:
    """What somebody who knows Polars would write for this book alone."""

    def ask() -> pl.Series:
        marks = known.marks.group_by("row", "item").agg(level=pl.len().cast(pl.Int64))
        items = (
            known.items.lazy()
            .join(marks.lazy(), on=["row", "item"], how="left")
            .with_columns(
                late=(pl.lit(ON) - pl.col("due")).dt.total_days(), level=pl.col("level").fill_null(0)
            )
            .join(known.accounts.lazy().select("row", "segment"), on="row", how="left")
            .with_columns(
                overdue=pl.when(pl.col("late") > 0).then("open").otherwise(0),
            )
        )
        sums = items.group_by("row").agg(
            overdue=pl.col("overdue").sum(),
            free=pl.col("overdue").filter(pl.col("aside").is_null()).sum(),
        )
        day = pl.coalesce(
            *(
                pl.when((pl.col("segment") == segment) & (pl.col("level") == index)).then(day)
                for segment, days in DAYS.items()
                for index, day in enumerate(days)
            )
        )
        offers = (
            items.join(sums.select("row", total="overdue"), on="row")
            .filter(pl.col("aside").is_null() & (pl.col("late") > 0) & (pl.col("level") < 5))
            .filter(pl.col("late") >= day)
            .filter((pl.col("level") < 4) | (pl.col("total") >= LEAST))
            .group_by("row")
            .agg(step=pl.col("level").max())
        )
        answer = (
            known.accounts.lazy()
            .select("row", "segment", "insolvent")
            .join(sums, on="row", how="left")
            .join(offers, on="row", how="left")
            .with_columns(
                answer=pl.when(
                    ~pl.col("insolvent") & (pl.col("free") >= MINIMUM) & pl.col("step").is_not_null()
                ).then(pl.format("{} {}", "segment", "step"))
            )
            .sort("row")
            .select("answer")
            .collect()
        )
        return answer["answer"]

    return ask


def facts(known: State, accounts: int) -> list[dict[str, Any]]:
    """One fact an item, reduced by hand: what the rule engines are given."""
    items = known.items.filter(pl.col("row") < accounts)
    marks = known.marks.group_by("row", "item").agg(level=pl.len())
    late = (pl.lit(ON) - pl.col("due")).dt.total_days()
    overdue = pl.when(late > 0).then("open").otherwise(0)
    frame = (
        items.join(marks, on=["row", "item"], how="left", maintain_order="left")
        .join(
            known.accounts.select("row", "segment", "insolvent"), on="row", how="left", maintain_order="left"
        )
        .with_columns(
            day=late,
            level=pl.col("level").fill_null(0),
            aside=pl.col("aside").is_not_null().cast(pl.Int8),
            insolvent=pl.col("insolvent").cast(pl.Int8),
            overdue=overdue.sum().over("row"),
            free=overdue.filter(pl.col("aside").is_null()).sum().over("row").fill_null(0),
        )
        .select("row", "segment", "insolvent", "day", "level", "aside", "overdue", "free")
    )
    return frame.to_dicts()


def _rules() -> list[tuple[int, str, int, int]]:
    """(level, segment, day, overdue at least) of the twenty rules."""
    return [
        (index, segment, day, LEAST if index == 4 else 0)
        for segment, days in DAYS.items()
        for index, day in enumerate(days)
    ]


def _answers(found: dict[int, tuple[int, str]], accounts: int) -> list[str | None]:
    return [f"{found[row][1]} {found[row][0]}" if row in found else None for row in range(accounts)]


def durable_manual(given: list[dict[str, Any]], accounts: int) -> Callable[[], list[str | None]]:
    """durable-rules as its manual shows it: `ruleset`, `when_all`, `post`, and a callback a rule."""
    from durable.lang import m, post, ruleset, when_all  # noqa: TID251

    found: dict[int, tuple[int, str]] = {}
    made: dict[str, bool] = {}

    def hit(index: int, segment: str) -> Callable[[Any], None]:
        def keep(c: Any) -> None:
            row = c.m.row
            if row not in found or found[row][0] < index:
                found[row] = (index, segment)

        return keep

    def define(name: str) -> None:
        with ruleset(name):
            for index, segment, day, least in _rules():
                when_all(
                    (m.segment == segment)
                    & (m.level == index)
                    & (m.day >= day)
                    & (m.aside == 0)
                    & (m.insolvent == 0)
                    & (m.free >= MINIMUM)
                    & (m.overdue >= least)
                )(hit(index, segment))

            @when_all(+m.row)
            def rest(c: Any) -> None:
                """Every fact meets a rule, or `post` raises."""

    def ask() -> list[str | None]:
        found.clear()
        name = f"manual{len(made)}"
        made[name] = True
        define(name)
        for number, fact in enumerate(given):
            if fact["day"] > 0:
                post(name, {**fact, "id": number})
        return _answers(found, accounts)

    return ask


def rule_engine(given: list[dict[str, Any]], accounts: int) -> Callable[[], list[str | None]]:
    """rule-engine: an expression a rule, asked of each fact until one matches."""
    import rule_engine as library

    rules = [
        (
            index,
            segment,
            library.Rule(
                f'segment == "{segment}" and level == {index} and day >= {day} and day > 0 and aside == 0 '
                f"and insolvent == 0 and free >= {MINIMUM} and overdue >= {least}"
            ),
        )
        for index, segment, day, least in _rules()
    ]

    def ask() -> list[str | None]:
        found: dict[int, tuple[int, str]] = {}
        for fact in given:
            for index, segment, rule in rules:
                if rule.matches(fact):
                    row = fact["row"]
                    if row not in found or found[row][0] < index:
                        found[row] = (index, segment)
                    break
        return _answers(found, accounts)

    return ask


def zen(given: list[dict[str, Any]], accounts: int) -> Callable[[], list[str | None]]:
    """zen-engine: a decision table of twenty rows, first hit."""
    import zen as library

    fields = ("segment", "level", "day", "aside", "insolvent", "free", "overdue")
    rows = [
        {
            "_id": f"r{number}", "segment": f'"{segment}"', "level": str(index), "day": f">= {day}", "aside": "0",
            "insolvent": "0", "free": f">= {MINIMUM}", "overdue": f">= {least}", "out": str(index),
        }
        for number, (index, segment, day, least) in enumerate(_rules())
    ]  # fmt: skip
    content = {
        "hitPolicy": "first",
        "inputs": [{"id": name, "name": name, "field": name} for name in fields],
        "outputs": [{"id": "out", "name": "out", "field": "out"}],
        "rules": rows,
    }
    nodes = [
        {"id": "in", "name": "in", "type": "inputNode"},
        {"id": "table", "name": "table", "type": "decisionTableNode", "content": content},
        {"id": "end", "name": "end", "type": "outputNode"},
    ]
    edges = [
        {"id": "a", "type": "edge", "sourceId": "in", "targetId": "table"},
        {"id": "b", "type": "edge", "sourceId": "table", "targetId": "end"},
    ]
    decision = library.ZenEngine().create_decision(json.dumps({"nodes": nodes, "edges": edges}))

    def ask() -> list[str | None]:
        found: dict[int, tuple[int, str]] = {}
        for fact in given:
            if fact["day"] <= 0:
                continue
            out = decision.evaluate(fact)["result"].get("out")
            if out is not None:
                row = fact["row"]
                if row not in found or found[row][0] < out:
                    found[row] = (int(out), fact["segment"])
        return _answers(found, accounts)

    return ask


def timed(ask: Callable[[], Any], runs: int) -> tuple[float, Any]:
    """The best of some runs in seconds, and the answer."""
    best, answer = float("inf"), None
    for _ in range(runs):
        begun = time.perf_counter()
        answer = ask()
        best = min(best, time.perf_counter() - begun)
    return best, answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=1_000_000)
    parser.add_argument("--engines", type=int, default=20_000)
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    rules, known = book(), state(given.accounts)
    few = min(given.engines, given.accounts)
    seconds, ours = timed(dunwell(rules, known), given.runs)
    query_seconds, theirs = timed(query(known), given.runs)
    rows = [
        ("Dunwell", given.accounts / seconds, True),
        ("Polars, by hand", given.accounts / query_seconds, ours.equals(theirs)),
    ]
    want = ours[:few].to_list()
    handed = facts(known, few)
    durable_speed = 0.0
    makers = [("rule-engine", rule_engine), ("zen-engine", zen)]
    if AVAILABLE:
        makers.insert(0, ("durable-rules, as its manual", durable_manual))
    for name, make in makers:
        taken, answer = timed(make(handed, few), given.runs)
        rows.append((name, few / taken, answer == want))
        if name.startswith("durable"):
            durable_speed = few / taken
    print(
        f"{given.accounts:,} accounts, {known.items.height:,} items, {known.marks.height:,} steps taken, 20 rules"
    )
    for name, speed, equal in rows:
        print(f"  {name:30} {speed:>12,.0f} accounts/s   {'equal' if equal else 'DIFFERENT'}")
    speed = given.accounts / seconds
    classes = len(portfolio(rules, known, Day(ON)).first)
    print(f"\n{classes} classes among {given.accounts:,} accounts")
    result = {
        "accounts_per_s": round(speed),
        "classes": classes,
        "vs_durable_manual": round(speed / durable_speed, 1) if durable_speed else None,
        "vs_polars": round(seconds / query_seconds, 2),
        "equal": all(equal for _, _, equal in rows),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
