"""What else decides the accounts of `benchmarks.decide`: queries written by hand, rule engines, Python made from the rules.

Each maker gives the question to be timed; what an engine needs beside it (tables, compiled rules) is ready before.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from tempfile import TemporaryDirectory
from typing import Any

import orjson
import polars as pl

from engine.core.decision.state import State

ON = date(2026, 11, 25)
DAYS = {
    "key": (10, 40, 60, 75, 95),
    "public": (5, 20, 40, 60, 90),
    "retail": (3, 12, 25, 45, 70),
    "trade": (5, 15, 30, 60, 80),
}
MINIMUM = 5_000
LEAST = 20_000  # a step's `when`: overdue at least this, for the last step of each policy


def polars_query(known: State) -> Callable[[], pl.Series]:
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


def duckdb_query(known: State) -> Callable[[], pl.Series]:
    """The same in SQL, on tables of DuckDB's own."""
    import duckdb as library

    base = library.connect()
    with TemporaryDirectory() as folder:
        for name in ("accounts", "items", "marks"):
            file = f"{folder}/{name}.parquet"
            getattr(known, name).write_parquet(file)
            base.execute(f"CREATE TABLE {name} AS SELECT * FROM '{file}'")
    days = " ".join(
        f"WHEN segment = '{segment}' AND level = {index} THEN {day}" for index, segment, day, _ in _rules()
    )
    asked = f"""
        WITH levels AS (SELECT "row", item, count(*) AS level FROM marks GROUP BY ALL),
        late AS (
            SELECT "row", segment, insolvent, aside, open, DATE '{ON}' - due AS day, coalesce(level, 0) AS level
            FROM accounts LEFT JOIN items USING ("row") LEFT JOIN levels USING ("row", item)
        ),
        sums AS (
            SELECT "row", any_value(segment) AS segment, any_value(insolvent) AS insolvent,
                sum(open) FILTER (day > 0) AS overdue,
                sum(open) FILTER (day > 0 AND aside IS NULL) AS free,
                max(level) FILTER (fits AND level < 4) AS step,
                bool_or(fits AND level = 4) AS last
            FROM (SELECT *, aside IS NULL AND day > 0 AND day >= CASE {days} END AS fits FROM late)
            GROUP BY "row"
        )
        SELECT CASE
            WHEN insolvent OR free < {MINIMUM} THEN NULL
            WHEN last AND overdue >= {LEAST} THEN segment || ' 4'
            ELSE segment || ' ' || step
        END AS answer
        FROM sums ORDER BY "row"
    """

    def ask() -> pl.Series:
        return pl.DataFrame(base.sql(asked))["answer"]

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


def _higher(found: dict[int, tuple[int, str]], row: int, index: int, segment: str) -> None:
    """Keep the highest step of an account."""
    if row not in found or found[row][0] < index:
        found[row] = (index, segment)


def _answers(found: dict[int, tuple[int, str]], accounts: int) -> list[str | None]:
    return [f"{found[row][1]} {found[row][0]}" if row in found else None for row in range(accounts)]


def durable_manual(given: list[dict[str, Any]], accounts: int) -> Callable[[], list[str | None]]:
    """durable-rules as its manual shows it: `ruleset`, `when_all`, `post`, and a callback a rule."""
    from durable.lang import m, post, ruleset, when_all  # noqa: TID251

    found: dict[int, tuple[int, str]] = {}
    made: dict[str, bool] = {}

    def hit(index: int, segment: str) -> Callable[[Any], None]:
        def keep(c: Any) -> None:
            _higher(found, c.m.row, index, segment)

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


def durable_c(given: list[dict[str, Any]], accounts: int) -> Callable[[], list[str | None]]:
    """Its C module as `engine/core/rules.py` asks it: a session of our own, each fact asserted, drained and taken back."""
    import durable_rules_engine as library

    told: dict[str, Any] = {}
    for number, (index, segment, day, least) in enumerate(_rules()):
        tests = [
            {"t": "a"}, {"$eq": {"segment": segment}}, {"$eq": {"level": index}}, {"$gte": {"day": day}},
            {"$eq": {"aside": 0}}, {"$eq": {"insolvent": 0}}, {"$gte": {"free": MINIMUM}}, {"$gte": {"overdue": least}},
        ]  # fmt: skip
        told[f"{index} {segment}"] = {"all": [{"m": {"$and": tests}}], "pri": number}
    told["end"] = {"all": [{"m": {"t": "a"}}], "pri": 65535}
    handle = library.create_ruleset("direct", orjson.dumps(told).decode())
    there = {"t": "a", "id": "x"}

    def ask() -> list[str | None]:
        found: dict[int, tuple[int, str]] = {}
        for fact in given:
            if fact["day"] <= 0:
                continue
            error, offset = library.assert_fact(handle, orjson.dumps(fact | there).decode())
            assert not error
            message = library.start_action_for_state(handle, offset)[1]
            while (name := message[2 : message.index('"', 2)]) != "end":
                _higher(found, fact["row"], int(name[0]), name[2:])
                message = library.complete_and_start_action(handle, offset)
            assert library.complete_and_start_action(handle, offset) is None
            error, _ = library.retract_fact(handle, '{"id":"x"}')
            assert not error
        return _answers(found, accounts)

    return ask


def generated(given: list[dict[str, Any]], accounts: int) -> Callable[[], list[str | None]]:
    """Python written out from the rules and compiled: ifs in ifs, the segment first."""
    lines = [
        "def choose(fact):",
        f' if fact["day"] <= 0 or fact["aside"] or fact["insolvent"] or fact["free"] < {MINIMUM}: return None',
        ' segment, level, day = fact["segment"], fact["level"], fact["day"]',
    ]
    for segment in DAYS:
        lines.append(f" if segment == {segment!r}:")
        for index, its, day, least in _rules():
            if its == segment:
                lines.append(
                    f'  if level == {index}: return {index} if day >= {day} and fact["overdue"] >= {least} else None'
                )
    made: dict[str, Any] = {}
    exec(compile("\n".join(lines), "the rules", "exec"), made)
    choose = made["choose"]

    def ask() -> list[str | None]:
        found: dict[int, tuple[int, str]] = {}
        for fact in given:
            if (index := choose(fact)) is not None:
                _higher(found, fact["row"], index, fact["segment"])
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
                    _higher(found, fact["row"], index, segment)
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
                _higher(found, fact["row"], int(out), fact["segment"])
        return _answers(found, accounts)

    return ask


@dataclass(frozen=True, slots=True)
class Peer:
    """Another way to decide, the package it needs, and the key of its ratio: `whole` ones decide all accounts at once."""

    name: str
    needs: str
    key: str
    make: Callable[..., Callable[[], Any]]
    whole: bool = False


PEERS = (
    Peer("a query by hand, Polars", "polars", "vs_polars", polars_query, whole=True),
    Peer("a query by hand, DuckDB", "duckdb", "vs_duckdb", duckdb_query, whole=True),
    Peer("durable-rules, as its manual", "durable", "vs_durable_manual", durable_manual),
    Peer("durable-rules, its C module", "durable_rules_engine", "vs_durable_c", durable_c),
    Peer("Python made from the rules", "builtins", "vs_generated", generated),
    Peer("rule-engine", "rule_engine", "vs_rule_engine", rule_engine),
    Peer("zen-engine", "zen", "vs_zen", zen),
)
