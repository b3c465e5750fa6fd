"""Where two evaluators disagree nothing is done, and both answers are reported; the others go on."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from engine.core import sentences
from engine.core.decision import questions
from engine.core.decision.decide import Decided, decide
from engine.core.decision.plan import day_of
from engine.core.language.condition import Value
from engine.core.rules import EngineFault, Facts, PlainRules, Rules
from tests.decision.builder import LADDER, TODAY, Desk, book

LARGE = LADDER.replace("clock:", "for:\n  overdue: over 500\nclock:")


@dataclass
class Liar:
    """Says of some accounts the opposite of the plain evaluator, or refuses."""

    plain: PlainRules
    about: Value
    refuses: bool = False
    name: str = "liar"

    def match(self, ruleset: str, facts: Facts) -> frozenset[str]:
        if facts.get("account") != self.about:
            return self.plain.match(ruleset, facts)
        if self.refuses:
            raise EngineFault("the fact was refused with code 312")
        return frozenset()


def decided(*liars: Liar) -> Decided:
    """A0 and B are alike and have their first call; so are A1 and A2, which have had it and get a letter."""
    rules = book(LARGE)
    desk = Desk(rules).owes("1", late=10, account="A0").owes("1", late=10, account="B")
    for account in ("A1", "A2"):
        desk.owes("1", late=20, account=account).had("call collector", "1", account=account)
    evaluators: list[Rules] = [PlainRules(questions.rulesets(rules)), *liars]
    return decide(rules, desk.state(), day_of(rules, desk.calendar, TODAY), evaluators)


def liar(about: str, refuses: bool = False) -> Liar:
    return Liar(PlainRules(questions.rulesets(book(LARGE))), about, refuses)


def goes(found: Decided) -> list[str]:
    return sorted(found.contacts.filter("goes")["account"].to_list())


def test_where_all_agree_everybody_goes() -> None:
    assert goes(decided(liar("nobody"))) == ["A0", "A1", "A2", "B"]


@pytest.mark.parametrize("refuses", [False, True])
@pytest.mark.fault(68)
def test_a_class_on_which_they_disagree_is_left_alone(refuses: bool) -> None:
    found = decided(liar("A0", refuses))
    assert "A0" not in goes(found)
    (fault,) = found.faults
    assert fault.account == "A0"
    assert [name for name, _ in fault.answers] == ["columns", "plain", "liar"]


def test_everybody_alike_is_left_alone_too_and_the_others_go_on() -> None:
    found = decided(liar("A0"))
    assert found.faults[0].accounts == 2
    assert goes(found) == ["A1", "A2"]


def test_a_refusal_is_reported_in_its_words() -> None:
    (fault,) = decided(liar("A0", refuses=True)).faults
    assert dict(fault.answers)["liar"] == "the fact was refused with code 312"


def test_the_choice_says_why_nothing_is_done() -> None:
    found = decided(liar("A0"))
    choice = found.choice(0)
    assert (choice.verdict, choice.reason, choice.actions) == ("held", "evaluators disagree", ())


def test_the_report_is_a_sentence() -> None:
    (fault,) = decided(liar("A0")).faults
    said = sentences.disagreement(fault.account, fault.accounts, tuple(name for name, _ in fault.answers))
    assert said.startswith("A0")
    assert "do not agree, so nothing is done" in said


def test_a_lie_of_the_plain_evaluator_is_found_by_the_columns() -> None:
    rules = book(LARGE)
    desk = Desk(rules).owes("1", late=10)
    found = decide(rules, desk.state(), day_of(rules, desk.calendar, TODAY), [liar("A")])
    assert goes(found) == []
    assert len(found.faults) == 1
