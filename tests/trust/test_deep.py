"""What `check --deep` knows without a ledger: for every kind of finding a policy that shows it, and one that does not."""

from __future__ import annotations

import pytest

from engine.core.decision import questions
from engine.core.language.check import Checked, check
from engine.core.language.invariants import FINDINGS
from engine.core.rules import evaluators
from engine.core.trust.prove import Finding, Proof, prove
from tests.decision.builder import KNOWN, LADDER

HOUSE = "gap: 5 days\nanswer: 3 days\nminimum: 50\n"
TWO = "policy: Two\nclock: due date\nsteps:\n  - day: 10\n    call: collector\n  - day: 30\n    letter: reminder\n"


def checked(*, house: str = HOUSE, invariants: str = "", **policies: str) -> Checked:
    """A book from texts: the policies in their order, `ladder` if none is given."""
    policies = policies or {"ladder": LADDER}
    order = ", ".join(name.replace("_", "-") for name in policies)
    files = {f"policies/{name.replace('_', '-')}.yaml": text for name, text in policies.items()}
    files["policies/house.yaml"] = f"order: [{order}]\n{house}"
    if invariants:
        files["policies/invariants.yaml"] = invariants
    found = check({name: text.encode() for name, text in files.items()}, KNOWN)
    assert found.book is not None, [problem.sentence for problem in found.problems]
    return found


def proof(*, tries: int = 0, house: str = HOUSE, invariants: str = "", **policies: str) -> Proof:
    found = checked(house=house, invariants=invariants, **policies)
    assert found.book is not None
    rules = evaluators(questions.rulesets(found.book))
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
        {"ladder": TWO, "house": "contact: at most 1 in 400 days\nminimum: 50\n"},
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
