"""What is asked of an account and of its items: a policy book as sets of rules.

The set `account` holds which policies fit and which of the house's lines hold; a set for each policy holds which of its steps
have fallen due for one item. Both evaluators answer them from raw values; `portfolio` answers them for all accounts at once.
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.core.language.condition import Clause, Condition, Op, Test
from engine.core.language.policy import Policy, PolicyBook, Step
from engine.core.problem import Place
from engine.core.rules import Rule

ACCOUNT = "account"

# Fields that only an item has. A test on one of them is asked of each item.
ITEM_FIELDS = frozenset({"amount", "days_overdue"})
# What else only the moment of an item gives: the lines that say when a step falls due.
_OF_DUE = frozenset({"day", "past_due", "account_overdue"})


def rulesets(book: PolicyBook) -> Mapping[str, tuple[Rule, ...]]:
    """Every condition of the book, by set."""
    house = book.house
    account = [Rule(f"for:{policy.id}", Condition((policy.fits,), policy.place)) for policy in book.policies]
    account += [
        Rule(f"never:{n}", Condition((clause,), clause.place)) for n, clause in enumerate(house.never)
    ]
    account += [
        Rule(f"pause:{n}", Condition((pause.clause,), pause.place))
        for n, pause in enumerate(house.pause)
        if pause.clause.tests
    ]
    return {ACCOUNT: tuple(account)} | {policy.id: _policy_rules(policy) for policy in book.policies}


def _policy_rules(policy: Policy) -> tuple[Rule, ...]:
    rules = [Rule(f"due:{step.index}", _due(step)) for step in policy.steps]
    for step in policy.steps:
        if step.approve:
            rules.append(
                Rule(f"approve:{step.index}", step.approve.when or Condition((), step.approve.place))
            )
    return tuple(rules)


def _due(step: Step) -> Condition:
    """The step has fallen due for an item: its day has come, `when` holds, and a demand only past the due date.

    A courtesy lapses on the due date, and is not sent while anything is overdue.
    """
    place = step.place
    lines = [_test("day", Op.AT_LEAST, step.day, place)]
    if step.demand:
        lines.append(_test("past_due", Op.IS, True, place))
    else:
        lines.append(_test("days_overdue", Op.UNDER, 0, place))
        lines.append(_test("account_overdue", Op.IS, False, place))
    clauses = step.when.clauses if step.when else ()
    whens = [clause.tests for clause in clauses] or [()]
    return Condition(tuple(Clause((*lines, *when), place) for when in whens), place)


def _test(field: str, op: Op, value: int | bool, place: Place) -> Test:
    return Test(field, op, (value,), False, str(value), place)


def asks_item(clause: Clause) -> bool:
    """Whether any line of the clause is a test on the item itself."""
    return any(test.field in ITEM_FIELDS for test in clause.tests)


def of_account(fields: frozenset[str]) -> list[str]:
    """Of these fields those that an account has, in one order."""
    return sorted(fields - ITEM_FIELDS - _OF_DUE)


def fields(book: PolicyBook) -> frozenset[str]:
    """The fields that the book tests anywhere: only these are worked out."""
    conditions = [rule.condition for rules in rulesets(book).values() for rule in rules]
    return frozenset(test.field for condition in conditions for test in condition.tests())
