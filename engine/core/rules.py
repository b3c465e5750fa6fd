"""Which conditions hold: the same question answered by durable-rules and by the plain evaluator.

durable-rules is kept inside one narrow mode, in which it was measured to be right: one flat fact of integers and short
words, rules that are one conjunction of tests of a field against a literal, a session of our own, no callbacks, and one
thread at a time.
The plain evaluator (`Condition.holds`) is the definition; a class of accounts on which the two disagree is left alone.
"""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from engine.core.language.condition import Clause, Condition, Op, Test, Value

try:
    import durable_rules_engine as _durable
except (
    ImportError
):  # no compiler, or a Python it does not know: the plain evaluator decides alone, and every surface says so
    _durable = None

AVAILABLE: bool = _durable is not None
# A question is several calls, and the engine loses answers where those of two threads mingle.
_ONE_AT_A_TIME = threading.Lock()

Facts = Mapping[str, Value | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """A name for a condition."""

    name: str
    condition: Condition


class Rules(Protocol):
    """Sets of rules by name; `match` gives the names of the rules of a set that hold for a fact."""

    name: str

    def match(self, ruleset: str, facts: Facts) -> frozenset[str]: ...


class EngineFault(Exception):
    """durable-rules refused a fact or answered out of turn. The session is built anew; the class is left alone."""


class PlainRules:
    """The definition of the language, a condition at a time."""

    name = "plain"

    def __init__(self, rulesets: Mapping[str, Sequence[Rule]]) -> None:
        self._rulesets = {name: tuple(rules) for name, rules in rulesets.items()}

    def match(self, ruleset: str, facts: Facts) -> frozenset[str]:
        return frozenset(rule.name for rule in self._rulesets[ruleset] if rule.condition.holds(facts))


# The engine fails with more than 64 true rules for a fact; the last one marks the end of its answer.
_MOST_PATHS = 60
_LONGEST_WORD = 1000
_INT64 = 2**63
# A list of more words than this is answered before the engine sees it, as 0 or 1: every word would be a rule of its own.
_LONGEST_LIST = 3
_COMPARE = {Op.OVER: "$gt", Op.UNDER: "$lt", Op.AT_LEAST: "$gte", Op.AT_MOST: "$lte"}
_OPPOSITE = {Op.OVER: "$lte", Op.UNDER: "$gte", Op.AT_LEAST: "$lt", Op.AT_MOST: "$gt"}

_Atom = dict[str, Any]
_Path = tuple[_Atom, ...]


class DurableRules:
    """The same rules in durable-rules. Threads that ask at once wait for each other."""

    name = "durable-rules"

    def __init__(self, rulesets: Mapping[str, Sequence[Rule]]) -> None:
        if _durable is None:
            raise EngineFault("durable-rules is not installed")
        with _ONE_AT_A_TIME:
            self._sets = {name: _RuleSet(name, rules) for name, rules in rulesets.items()}

    def match(self, ruleset: str, facts: Facts) -> frozenset[str]:
        with _ONE_AT_A_TIME:
            return self._sets[ruleset].match(facts)

    def close(self) -> None:
        with _ONE_AT_A_TIME:
            for ruleset in self._sets.values():
                ruleset.close()


class _RuleSet:
    """One set of rules as one or more engine rulesets of at most `_MOST_PATHS` conjunctions."""

    def __init__(self, name: str, rules: Sequence[Rule]) -> None:
        self._name = name
        self._names = [rule.name for rule in rules]
        self._fields: dict[str, str] = {}  # our field -> the engine's
        self._derived: dict[str, Test] = {}  # the engine's field -> the test that is answered before
        self._texts: list[str] = []
        self._handles: list[int] = []
        shard: dict[str, Any] = {}
        for number, rule in enumerate(rules):
            for way, path in enumerate(self._paths(rule.condition)):
                if len(shard) >= _MOST_PATHS:
                    self._close_shard(shard)
                    shard = {}
                tests = {"$and": [{"t": "a"}, *path]} if path else {"t": "a"}
                shard[f"{number}#{way}"] = {"all": [{"m": tests}], "pri": len(shard)}
        self._close_shard(shard)
        _no_two_alike(["t", "id", "sid", *self._fields.values(), *self._derived])
        self._open()

    def _close_shard(self, shard: dict[str, Any]) -> None:
        shard["end"] = {"all": [{"m": {"t": "a"}}], "pri": 65535}
        self._texts.append(_dumps(shard))

    def _open(self) -> None:
        assert _durable is not None
        self._handles = [
            _durable.create_ruleset(f"{self._name}/{n}", text) for n, text in enumerate(self._texts)
        ]

    def close(self) -> None:
        assert _durable is not None
        for handle in self._handles:
            _durable.delete_ruleset(handle)
        self._handles = []

    # -- conditions to conjunctions ------------------------------------------------------------------------------

    def _paths(self, condition: Condition) -> Iterator[_Path]:
        if not condition.clauses:
            yield ()
        for clause in condition.clauses:
            yield from self._clause(clause)

    def _clause(self, clause: Clause) -> Iterator[_Path]:
        ways = [self._ways(test) for test in clause.tests]
        for combination in itertools.product(*ways):
            yield tuple(atom for path in combination for atom in path)

    def _ways(self, test: Test) -> list[_Path]:
        """The conjunctions of which one must hold for the test to hold."""
        if test.op is Op.IS and (len(test.values) > _LONGEST_LIST or test.field == "tags"):
            field = f"d{len(self._derived)}"
            self._derived[field] = test
            return [({"$eq": {field: 1}},)]
        field = self._fields.setdefault(test.field, f"f_{test.field}")
        there: _Atom = {"$ex": {field: 1}}
        missing: _Path = ({"$nex": {field: 1}},)
        values = [int(value) if isinstance(value, bool) else value for value in test.values]
        if test.op is Op.IS:
            if test.negated:
                return [missing, (there, *({"$neq": {field: value}} for value in values))]
            return [(there, {"$eq": {field: value}}) for value in values]
        if test.op is Op.BETWEEN:
            if test.negated:
                return [missing, (there, {"$lt": {field: values[0]}}), (there, {"$gt": {field: values[1]}})]
            return [(there, {"$gte": {field: values[0]}}, {"$lte": {field: values[1]}})]
        if test.negated:
            return [missing, (there, {_OPPOSITE[test.op]: {field: values[0]}})]
        return [(there, {_COMPARE[test.op]: {field: values[0]}})]

    # -- facts ----------------------------------------------------------------------------------------------------

    def _fact(self, facts: Facts) -> str:
        fact: dict[str, int | str] = {"t": "a", "id": "x"}
        for ours, theirs in self._fields.items():
            value = facts.get(ours)
            if value is None:
                continue
            if isinstance(value, bool):
                value = int(value)
            if isinstance(value, frozenset) or (isinstance(value, str) and len(value) > _LONGEST_WORD):
                raise EngineFault(f"{ours} is not a plain value")
            if isinstance(value, int) and not -_INT64 <= value < _INT64:
                raise EngineFault(f"{ours} is too large")
            fact[theirs] = value
        for field, test in self._derived.items():
            fact[field] = int(test.holds(facts))
        return _dumps(fact)

    def match(self, facts: Facts) -> frozenset[str]:
        assert _durable is not None
        fact = self._fact(facts)
        found: set[str] = set()
        try:
            for handle in self._handles:
                error, offset = _durable.assert_fact(handle, fact)
                if error:
                    raise EngineFault(f"the fact was refused with code {error}")
                message = _durable.start_action_for_state(handle, offset)[1]
                while True:
                    name = message[2 : message.index('"', 2)]
                    message = _durable.complete_and_start_action(handle, offset)
                    if name == "end":
                        break
                    found.add(self._names[int(name[: name.index("#")])])
                if message:
                    raise EngineFault("an answer came after the end of the answers")
                error, offset = _durable.retract_fact(handle, '{"id":"x"}')
                if error:
                    raise EngineFault(f"the fact could not be taken back, code {error}")
        except Exception as error:
            self.close()
            self._open()
            raise EngineFault(str(error)) from error
        return frozenset(found)


def _dumps(value: object) -> str:
    # Rules and facts must be escaped alike: the engine compares the bytes of words.
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _no_two_alike(names: Sequence[str]) -> None:
    """The engine knows a field by a 32-bit hash of its name: two names of one hash would be one field."""
    seen: dict[int, str] = {}
    for name in names:
        code = 0x811C9DC5
        for byte in name.encode():
            code = ((code ^ byte) * 16777619) & 0xFFFFFFFF
        if seen.setdefault(code, name) != name:
            raise EngineFault(f"the fields {seen[code]} and {name} cannot stand in one ruleset; rename one")


def evaluators(rulesets: Mapping[str, Sequence[Rule]]) -> tuple[Rules, ...]:
    """The plain evaluator first, and durable-rules where it can be imported."""
    plain = PlainRules(rulesets)
    return (plain, DurableRules(rulesets)) if AVAILABLE else (plain,)
