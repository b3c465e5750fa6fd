"""What `check --deep` knows without a ledger: for every kind of finding a policy that shows it, and one that does not."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pytest

from engine.core.decision import questions
from engine.core.language.check import Checked, check
from engine.core.language.invariants import FINDINGS
from engine.core.problem import Severity
from engine.core.rules import PlainRules
from engine.core.trust.prove import BUDGET, Finding, Proof, Proving, prove
from engine.core.trust.prove.sampled import walk
from engine.core.trust.prove.search import Found, Search
from engine.core.trust.trial import Result, run_trials
from tests.decision.builder import KNOWN, LADDER

HOUSE = "gap: 5 days\nanswer: 3 days\nminimum: 50\n"
TWO = "policy: Two\nclock: due date\nsteps:\n  - day: 10\n    call: collector\n  - day: 30\n    letter: reminder\n"


def checked(
    *, house: str = HOUSE, invariants: str = "", tests: Sequence[str] = (), **policies: str
) -> Checked:
    """A book from texts: the policies in their order, `ladder` if none is given."""
    policies = policies or {"ladder": LADDER}
    order = ", ".join(name.replace("_", "-") for name in policies)
    files = {f"policies/{name.replace('_', '-')}.yaml": text for name, text in policies.items()}
    files["policies/house.yaml"] = f"order: [{order}]\n{house}"
    if invariants:
        files["policies/invariants.yaml"] = invariants
    files |= {f"policies/tests/shown{number:02}.yaml": text for number, text in enumerate(tests)}
    found = check({name: text.encode() for name, text in files.items()}, KNOWN)
    assert found.book is not None, [problem.sentence for problem in found.problems]
    return found


def proof(*, tries: int = 0, house: str = HOUSE, invariants: str = "", **policies: str) -> Proof:
    found = checked(house=house, invariants=invariants, **policies)
    assert found.book is not None
    rules = (PlainRules(questions.rulesets(found.book)),)
    return prove(found.book, KNOWN, found.invariants, rules, found.problems, tries=tries)


def codes(**given: str) -> set[str]:
    return {finding.problem.code for finding in proof(**given).findings}


def finding(code: str, **given: str) -> Finding:
    every = proof(**given).findings
    (found, *_) = [each for each in every if each.problem.code == code] or [None]
    assert found is not None, [each.problem.sentence for each in every]
    return found


def steps(*lines: str, head: str = "clock: due date\n") -> str:
    return f"policy: Ladder\n{head}steps:\n" + "".join(f"  {line}\n" for line in lines)


WHEN_NEVER = steps(
    *("- day: 10", "  call: collector"),
    *("- day: 20", "  letter: reminder", "  when: [{balance: over 900}]"),
    head="for:\n  balance: under 500\nclock: due date\n",
)
SMALL = TWO.replace("clock:", "for:\n  balance: under 1000\nclock:")
LARGE = TWO.replace("clock:", "for:\n  balance: at least 1000\nclock:")
ONLY_LARGE = steps("- day: 10", "  call: collector", "  when: [{overdue: over 1000}]")
DISPUTED = "pause:\n  - disputed-amount: over 0\n"
EARLY = steps("- day: 35", "  call: collector", head="clock: invoice date\n")
BROKEN = steps(
    *("- day: 0", "  call: collector", "- day: 9", "  letter: reminder"),
    head="for:\n  promise: broken\nstart: promise broken\n",
)
FINAL_FIRST = steps(
    *("- day: 10", "  call: collector"),
    *("- day: 20", "  letter: reminder"),
    *("- day: 40", "  letter: final-notice"),
)
CLOSE = steps("- day: 10", "  letter: reminder", "- day: 12", "  call: collector")
HOLD = steps("- day: 10", "  call: collector", "- day: 40", "  hold: orders", "{more}")
NATURAL = "pause:\n  - legal-form: sole trader\n"
CASH = steps(
    *("- day: 10", "  call: collector"),
    *("- day: 40", "  hold: orders", "  letter: reminder"),
    *("- day: 60", "  terms: cash on delivery", "  letter: final-notice"),
)

# code -> (policies that show it, the line it points to, policies that do not)
KINDS: dict[str, tuple[dict[str, str], str, dict[str, str]]] = {
    "step-never": (
        {"ladder": WHEN_NEVER},
        "policies/ladder.yaml:8",
        {"ladder": WHEN_NEVER.replace("over 900", "over 300")},
    ),
    "policy-never": (
        {"small": SMALL, "large": LARGE, "rest": LADDER},
        "policies/rest.yaml:2",
        {"small": SMALL, "large": LARGE.replace("at least 1000", "at least 2000"), "rest": LADDER},
    ),
    "no-policy": ({"small": SMALL}, "policies/house.yaml:1", {"small": SMALL, "rest": LADDER}),
    "no-action": (
        {"ladder": ONLY_LARGE},
        "policies/ladder.yaml:1",
        {"ladder": ONLY_LARGE + "  - day: 90\n    letter: reminder\n"},
    ),
    "stuck": (
        {"ladder": TWO, "house": "contact: at most 1 in 100 days\nminimum: 50\n"},
        "policies/ladder.yaml:6",
        {"ladder": TWO, "house": "contact: at most 1 in 7 days\nminimum: 50\n"},
    ),
    "demand-before-due": (
        {"ladder": EARLY},
        "policies/ladder.yaml:4",
        {"ladder": EARLY.replace("invoice date", "due date")},
    ),
    "softer-path": (
        {"broken": BROKEN, "ladder": LADDER},
        "policies/broken.yaml:8",
        {"broken": BROKEN, "ladder": TWO},
    ),
    "final-first": (
        {"ladder": FINAL_FIRST, "house": HOUSE + "late: latest\n"},
        "policies/ladder.yaml:8",
        {"ladder": FINAL_FIRST, "house": HOUSE + "late: climb\n"},
    ),
    "too-close": (
        {"ladder": CLOSE},
        "policies/ladder.yaml:6",
        {"ladder": CLOSE.replace("day: 12", "day: 22")},
    ),
    "no-way-back": (
        {"ladder": HOLD.format(more="  approve: credit manager")},
        "policies/ladder.yaml:7",
        {"ladder": HOLD.format(more="  letter: reminder")},
    ),
    "endless-pause": (
        {"ladder": TWO, "house": HOUSE + NATURAL},
        "policies/house.yaml:6",
        {"ladder": TWO, "house": HOUSE + "pause:\n  - status: under review\n"},
    ),
    "contradiction": (
        {"ladder": CASH},
        "policies/ladder.yaml:10",
        {"ladder": CASH.replace("  hold: orders\n", "  task: supervisor, look at it\n")},
    ),
}


def test_every_kind_is_here() -> None:
    assert set(KINDS) == set(FINDINGS)


@pytest.mark.parametrize("code", KINDS)
def test_a_policy_that_shows_it(code: str) -> None:
    shows, place, _ = KINDS[code]
    found = finding(code, **shows)
    at = found.problem.place
    assert f"{at.file}:{at.line}" == place
    assert found.problem.sentence
    assert found.problem.suggestion
    if code not in ("endless-pause",):
        assert found.problem.also is not None
        assert found.problem.also != at


@pytest.mark.parametrize("code", KINDS)
def test_a_policy_that_does_not(code: str) -> None:
    assert code not in codes(**KINDS[code][2])


# -- what a team writes itself ---------------------------------------------------------------------------------------------

COD = steps(
    *("- day: 10", "  call: collector"),
    *("- day: 20", "  letter: reminder"),
    *("- day: 30", "  call: supervisor"),
    *("- day: 60", "  terms: cash on delivery", "  letter: final-notice", "  approve: credit manager"),
)

# What is written, under which ladder and house it breaks, and under which it holds.
RULES = {
    "must never: terms cash on delivery without call supervisor before": (
        {"ladder": COD.replace("call: supervisor", "task: supervisor, look")},
        {"ladder": COD},
    ),
    "must never: terms cash on delivery without call supervisor in the 45 days before": (
        {"ladder": COD},  # a pause after the supervisor's call may last as long as it likes
        {"ladder": COD + "    when: [{since-contact: at most 40}]\n"},
    ),
    "must never: terms without approval by credit manager": (
        {"ladder": COD.replace("    approve: credit manager\n", "")},
        {"ladder": COD},
    ),
    "must never: a final message before 60 days past due": (
        {"ladder": COD.replace("60", "59")},
        {"ladder": COD},
    ),
    "must never: a letter within 10 days after a letter": (
        {"ladder": TWO + "  - day: 39\n    letter: final-notice\n"},
        {"ladder": TWO + "  - day: 39\n    letter: final-notice\n", "house": "gap: 11 days\nminimum: 50\n"},
    ),
    "must never: hand off": (
        {"ladder": TWO + "  - day: 90\n    hand off: agency\n"},
        {"ladder": TWO},
    ),
    "must always: a letter within 60 days past due, or a reason": (
        {"ladder": TWO.replace("day: 30", "day: 61")},
        {"ladder": TWO},
    ),
    "must always: a letter within 60 days past due": ({"ladder": TWO}, {}),  # an account can be paused
    "must always: a letter within 30 days after a call, or a reason": (
        {"ladder": TWO.replace("day: 30", "day: 55")},
        {"ladder": TWO},
    ),
}


@pytest.mark.parametrize("rule", RULES)
def test_an_invariant_that_breaks(rule: str) -> None:
    """The shortest way to it, as a timeline and as a policy test that fails until the policies are mended."""
    given, _ = RULES[rule]
    found = proof(invariants=f"- {rule}\n", **given)
    assert found.whole
    assert found.held == ()
    broken = next(each for each in found.findings if each.problem.place.file == "policies/invariants.yaml")
    assert broken.problem.severity is Severity.ERROR
    assert not broken.sampled
    assert broken.timeline[0].startswith("An account on net 30 owes $")
    assert broken.test, broken.timeline
    (result,) = outcome_of(broken.test, **given)
    assert len(result.failures) == 1
    assert broken.timeline[-1].strip()


@pytest.mark.parametrize("rule", [rule for rule, (_, holds) in RULES.items() if holds])
def test_an_invariant_that_holds(rule: str) -> None:
    found = proof(invariants=f"- {rule}\n", **RULES[rule][1])
    assert found.whole
    assert found.held == (rule,)
    assert [each.problem.sentence for each in found.findings if each.problem.severity is Severity.ERROR] == []


def outcome_of(*tests: str, **given: str) -> tuple[Result, ...]:
    """Tests of findings among the files of policies/tests, as `dunwell test` runs them."""
    found = checked(tests=tests, **given)
    assert found.book is not None
    return run_trials(found.book, found.trials, (PlainRules(questions.rulesets(found.book)),))


# -- how far it goes -------------------------------------------------------------------------------------------------------

EVERYTHING = {
    "broken": BROKEN,
    "small": SMALL,
    "ladder": FINAL_FIRST.replace("letter: reminder", "letter: reminder\n    approve: supervisor"),
    "house": "gap: 5 days\nanswer: 3 days\nminimum: 50\nlate: latest\n",
    "invariants": """\
- must never: a final message without a letter before
- must never: call collector within 6 days after a letter
- must always: a contact within 20 days past due, or a reason
""",
}


def proving(**given: str) -> Proving:
    found = checked(**given)
    assert found.book is not None
    rules = (PlainRules(questions.rulesets(found.book)),)
    return Proving(found.book, KNOWN, found.invariants, rules, (), BUDGET, 0)


def test_nothing_is_lost_by_following_only_what_is_worth_it() -> None:
    """The bound of the manual: with one open invoice all is seen. Following every account, each on its own, sees no more."""
    case = proving(**EVERYTHING)
    watch = range(case.monitors.size)

    def seen(found: Found) -> tuple[object, ...]:
        outcomes = [case.walks.outcomes[number] for number in found.first]
        done = {(each.policy, each.step.index, each.actions) for each in outcomes if each.goes and each.step}
        return found.whole, {number: found.broken[number].day for number in found.broken}, done

    quick = Search(case.walks, case.monitors).run(case.alone, BUDGET, watch)
    every = Search(case.walks, case.monitors, prune=False).run(case.alone, BUDGET, watch)
    assert seen(quick) == seen(every)
    assert quick.states < every.states
    assert len(quick.broken) >= 2


def test_a_walk_is_what_the_policies_do() -> None:
    """Made-up accounts, each with its own story; every story is a policy test, and passes."""
    case = proving(**EVERYTHING)
    chance, found, broken = Random(7), Found(), {}
    texts = []
    for _ in range(25):
        days = walk(case.walks, case.monitors, chance.choice(case.alone), chance, found, broken)
        texts.append(case.writer.test("as walked", days, "", pauses=True))
    results = outcome_of(*texts, **EVERYTHING)
    wrong = [(text, r.failures) for text, r in zip(texts, results, strict=True) if not r.passed]
    assert wrong == []
    said = "".join(texts)
    for happens in ("paused", "payment", "promise broken", "no answer", "declined"):
        assert happens in said
    exact = Search(case.walks, case.monitors).run(case.alone, BUDGET, range(case.monitors.size))
    assert set(broken) <= set(exact.broken)


def test_several_invoices_are_sampled() -> None:
    """What takes two invoices to break is found by trying, and says so."""
    rule = "must never: call collector within 20 days after a letter"
    found = proof(tries=40, invariants=f"- {rule}\n", ladder=TWO)
    assert found.whole
    (broken,) = [each for each in found.findings if each.problem.code == "must-never"]
    assert broken.sampled
    assert "B1" in broken.test
    assert len(outcome_of(broken.test, ladder=TWO)[0].failures) == 1
    assert proof(tries=0, invariants=f"- {rule}\n", ladder=TWO).held == (rule,)


def test_too_many_cases_are_sampled() -> None:
    case = proving(**EVERYTHING)
    assert not Search(case.walks, case.monitors).run(case.alone, 500, [0]).whole
