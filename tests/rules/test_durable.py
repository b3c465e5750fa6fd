"""durable-rules inside its narrow mode: always the plain evaluator's answer, or a fault that leaves it usable."""

from __future__ import annotations

import random
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core import rules
from engine.core.language.condition import Clause, Condition, Op, Test, Value
from engine.core.rules import DurableRules, EngineFault, PlainRules, Rule, evaluators
from tests.rules.test_plain import P, line, rule

pytestmark = pytest.mark.skipif(not rules.AVAILABLE, reason="durable-rules cannot be imported")

Facts = Mapping[str, Value | None]
# Names that durable-rules gives a meaning of its own, and words that need care on their way into it.
FIELDS = ("amount", "id", "sid", "t", "a", "$m", "segment", "größe", "type", "s")
WORDS = ("trade", "retail", "Ærø", "日本", 'a "quoted" \\ word', "line\nbreak", "", "x" * 900, "$and", "🙂")
NUMBERS = (-(2**63), -1, 0, 1, 50, 51, 2**31, 2**53 + 1, 2**63 - 1)


def random_test(rng: random.Random) -> Test:
    negated = rng.random() < 0.4
    field = rng.choice(FIELDS)
    if rng.random() < 0.15:
        return line("tags", Op.IS, *rng.sample(WORDS, rng.randint(1, 3)), negated=negated)
    if field in ("segment", "größe", "type", "s"):
        return line(field, Op.IS, *rng.sample(WORDS, rng.randint(1, 6)), negated=negated)
    if field == "$m":
        return line(field, Op.IS, rng.random() < 0.5, negated=negated)
    op = rng.choice([Op.OVER, Op.UNDER, Op.AT_LEAST, Op.AT_MOST, Op.BETWEEN])
    values = sorted(rng.sample(NUMBERS, 2 if op is Op.BETWEEN else 1))
    return line(field, op, *values, negated=negated)


def random_rules(rng: random.Random, most: int) -> list[Rule]:
    made = []
    for number in range(rng.randint(1, most)):
        clauses = tuple(
            Clause(tuple(random_test(rng) for _ in range(rng.randint(0, 3))), P)
            for _ in range(rng.randint(0, 3))
        )
        made.append(Rule(f"rule {number}", Condition(clauses, P)))
    return made


def random_facts(rng: random.Random) -> Facts:
    facts: dict[str, Value | None] = {}
    for field in FIELDS:
        kind = rng.random()
        if kind < 0.2:
            continue
        if kind < 0.3:
            facts[field] = None
        elif field in ("segment", "größe", "type", "s"):
            facts[field] = rng.choice(WORDS)
        elif field == "$m":
            facts[field] = rng.random() < 0.5
        else:
            facts[field] = rng.choice(NUMBERS)
    if rng.random() < 0.7:
        facts["tags"] = frozenset(rng.sample(WORDS, rng.randint(0, 3)))
    return facts


@given(st.integers(0, 10**9))
@settings(max_examples=150, deadline=None)
def test_random_rules_hold_alike(seed: int) -> None:
    rng = random.Random(seed)
    sets = {"one": random_rules(rng, 12), "two": random_rules(rng, 3)}
    plain, durable = PlainRules(sets), DurableRules(sets)
    try:
        for _ in range(25):
            facts = random_facts(rng)
            for name in sets:
                assert durable.match(name, facts) == plain.match(name, facts), facts
    finally:
        durable.close()


def agree(made: Sequence[Rule], *facts: Facts) -> list[frozenset[str]]:
    """The plain answers, after durable-rules has given the same."""
    plain, durable = PlainRules({"set": made}), DurableRules({"set": made})
    try:
        said = [durable.match("set", fact) for fact in facts]
        assert said == [plain.match("set", fact) for fact in facts]
        return said
    finally:
        durable.close()


@pytest.mark.parametrize("name", ["t", "id", "sid", "a", "m", "f_a", "d0", "end", "$and", "$ex"])
def test_a_field_may_have_any_name(name: str) -> None:
    made = [
        rule("number", (line(name, Op.OVER, 5),)),
        rule("missing", (line(name, Op.OVER, 5, negated=True),)),
    ]
    assert agree(made, {name: 6}, {name: 5}, {}) == [{"number"}, {"missing"}, {"missing"}]


def test_more_paths_than_a_ruleset_may_have() -> None:
    made = [rule(f"r{n}", (line("a", Op.AT_LEAST, n),), (line("b", Op.IS, f"w{n}"),)) for n in range(70)]
    said = agree(made, {"a": 69, "b": "w3"}, {"a": 10, "b": "w50"}, {"a": -1})
    assert [len(names) for names in said] == [70, 12, 0]


def test_more_than_64_rules_that_hold() -> None:
    made = [rule(f"r{n}", (line("a", Op.OVER, 0),)) for n in range(300)]
    assert len(agree(made, {"a": 1})[0]) == 300


def test_rules_that_share_a_path_are_told_apart() -> None:
    made = [rule(f"r{n}", (line("a", Op.IS, "x"), line("b", Op.OVER, 1))) for n in range(5)]
    assert agree(made, {"a": "x", "b": 2}, {"a": "x", "b": 1}) == [{f"r{n}" for n in range(5)}, frozenset()]


def test_words_beyond_ascii() -> None:
    words = ("Ærø", "日本", "🙂", "ß", "e\u0301", "é")
    made = [rule(word, (line("w", Op.IS, word),)) for word in words]
    assert agree(made, *({"w": word} for word in words)) == [{word} for word in words]


@pytest.mark.parametrize("value", [2**63 - 1, -(2**63), 2**53 + 1, 0, -1])
def test_whole_numbers_to_their_limits(value: int) -> None:
    made = [rule("is", (line("a", Op.BETWEEN, value, value),)), rule("over", (line("a", Op.OVER, 2**53),))]
    agree(made, {"a": value}, {"a": 0}, {})


@pytest.mark.parametrize(
    "facts",
    [
        {"a": 2**63},
        {"a": -(2**63) - 1},
        {"w": "x" * 1001},
        {"w": frozenset({"a"})},
    ],
)
def test_what_the_engine_cannot_take_is_a_fault_and_leaves_it_usable(facts: Facts) -> None:
    made = [rule("a", (line("a", Op.OVER, 0),)), rule("w", (line("w", Op.IS, "x"),))]
    durable = DurableRules({"set": made})
    try:
        for _ in range(3):
            with pytest.raises(EngineFault):
                durable.match("set", facts)
            assert durable.match("set", {"a": 1, "w": "x"}) == {"a", "w"}
    finally:
        durable.close()


def test_a_refusal_in_the_middle_leaves_it_usable() -> None:
    durable = DurableRules({"set": [rule("a", (line("a", Op.OVER, 0),))]})
    try:
        with pytest.raises(EngineFault):
            durable.match("set", {"a": 10**40})
        assert [durable.match("set", {"a": n}) for n in (1, 0, 2)] == [{"a"}, frozenset(), {"a"}]
    finally:
        durable.close()


def test_lists_longer_than_three() -> None:
    words = tuple(f"w{n}" for n in range(40))
    made = [rule("in", (line("w", Op.IS, *words),)), rule("out", (line("w", Op.IS, *words, negated=True),))]
    assert agree(made, {"w": "w39"}, {"w": "other"}, {}) == [{"in"}, {"out"}, {"out"}]


def test_tags() -> None:
    made = [
        rule("has", (line("tags", Op.IS, "vip", "seasonal"),)),
        rule("has not", (line("tags", Op.IS, "vip", negated=True),)),
    ]
    said = agree(
        made, {"tags": frozenset({"vip"})}, {"tags": frozenset()}, {"tags": frozenset({"seasonal"})}, {}
    )
    assert said == [{"has"}, {"has not"}, {"has", "has not"}, {"has not"}]


def test_yes_and_no_and_not() -> None:
    made = [
        rule("yes", (line("f", Op.IS, True),)),
        rule("no", (line("f", Op.IS, False),)),
        rule("not yes", (line("f", Op.IS, True, negated=True),)),
    ]
    assert agree(made, {"f": True}, {"f": False}, {}) == [{"yes"}, {"no", "not yes"}, {"not yes"}]


def test_a_session_remembers_nothing_of_earlier_facts() -> None:
    made = [rule("a", (line("a", Op.OVER, 0),)), rule("none", (line("a", Op.OVER, 0, negated=True),))]
    said = agree(made, *([{"a": 1}, {}] * 200))
    assert said == [{"a"}, {"none"}] * 200


def test_two_sets_do_not_disturb_each_other() -> None:
    durable = DurableRules(
        {"one": [rule("r", (line("a", Op.OVER, 0),))], "two": [rule("r", (line("a", Op.UNDER, 0),))]}
    )
    try:
        assert (durable.match("one", {"a": 1}), durable.match("two", {"a": 1})) == ({"r"}, frozenset())
    finally:
        durable.close()


def test_plain_comes_first() -> None:
    assert [each.name for each in evaluators({"set": [rule("r")]})] == ["plain", "durable-rules"]


def test_many_threads_ask_one_after_the_other() -> None:
    """Pages, a week that is worked out beside them, both sides of a diff: unordered calls lose answers without a word."""
    rng = random.Random(3)
    sets = {"one": random_rules(rng, 12), "two": random_rules(rng, 12)}
    shared, plain = DurableRules(sets), PlainRules(sets)
    asked = [(rng.choice(("one", "two")), random_facts(rng)) for _ in range(1500)]
    wanted = [plain.match(name, facts) for name, facts in asked]

    def answers(own: bool) -> list[frozenset[str]]:
        engine = DurableRules(sets) if own else shared
        return [engine.match(name, facts) for name, facts in asked]

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(answers, (False, False, True, True)))
    finally:
        sys.setswitchinterval(before)
    assert found == [wanted] * 4
