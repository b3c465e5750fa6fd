"""The plain evaluator, which is the definition; and what is told where it decides alone."""

from __future__ import annotations

import pytest

from engine.core import rules
from engine.core.language.condition import Clause, Condition, Op, Test
from engine.core.problem import Place
from engine.core.rules import EngineFault, PlainRules, Rule

P = Place("rules.yaml")


def line(field: str, op: Op, *values: int | str | bool, negated: bool = False) -> Test:
    return Test(field, op, values, negated, "", P)


def rule(name: str, *clauses: tuple[Test, ...]) -> Rule:
    return Rule(name, Condition(tuple(Clause(tests, P) for tests in clauses), P))


def test_a_line_means_and_a_dash_means_or() -> None:
    both = (line("a", Op.OVER, 5), line("b", Op.IS, "x"))
    plain = PlainRules({"set": [rule("r", both, (line("a", Op.UNDER, 0),))]})
    assert plain.match("set", {"a": 6, "b": "x"}) == {"r"}
    assert plain.match("set", {"a": 6, "b": "y"}) == frozenset()
    assert plain.match("set", {"a": -1}) == {"r"}


def test_no_condition_always_holds() -> None:
    assert PlainRules({"set": [rule("r")]}).match("set", {}) == {"r"}


@pytest.mark.parametrize(
    ("test", "holds"),
    [
        (line("a", Op.OVER, 5), False),
        (line("a", Op.OVER, 5, negated=True), True),
        (line("a", Op.BETWEEN, 1, 9), False),
        (line("a", Op.IS, "x", negated=True), True),
        (line("tags", Op.IS, "x"), False),
    ],
)
def test_a_missing_value_satisfies_only_not(test: Test, holds: bool) -> None:
    plain = PlainRules({"set": [rule("r", (test,))]})
    assert (plain.match("set", {}) == {"r"}) is holds
    assert (plain.match("set", {test.field: None}) == {"r"}) is holds


def test_without_durable_rules_the_plain_evaluator_decides_alone_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rules, "_durable", None)
    monkeypatch.setattr(rules, "AVAILABLE", False)
    assert [each.name for each in rules.evaluators({"set": []})] == ["plain"]
    with pytest.raises(EngineFault, match="durable-rules is not installed"):
        rules.DurableRules({"set": []})


def test_the_evaluators_are_those_that_can_be_imported() -> None:
    names = [each.name for each in rules.evaluators({"set": []})]
    assert names == (["plain", "durable-rules"] if rules.AVAILABLE else ["plain"])
