"""Every message of the check, as a credit manager sees it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from engine.core.language.check import check
from engine.core.problem import Problem, problem_text
from tests.language.broken import BROKEN
from tests.language.workspace import KNOWN, files

LANGUAGE = Path(__file__).parents[2] / "engine" / "core" / "language"


def problems(file: str, text: str | bytes) -> tuple[Problem, ...]:
    changed = files()
    changed[f"policies/{file}.yaml"] = text if isinstance(text, bytes) else text.encode()
    return check(changed, KNOWN).problems


def shown(found: tuple[Problem, ...]) -> str:
    return "\n".join(f"[{problem.code}] {problem_text(problem)}" for problem in found[:3])


@pytest.mark.parametrize(("name", "file", "text"), BROKEN, ids=[name for name, *_ in BROKEN])
def test_message(name: str, file: str, text: str | bytes, snapshot: SnapshotAssertion) -> None:
    found = problems(file, text)
    assert found
    assert shown(found) == snapshot(name=name)


def test_other_files(snapshot: SnapshotAssertion) -> None:
    """What is wrong with the folder rather than with a text."""
    cases = {
        "no policy": {"policies/house.yaml": b"currency: USD\n"},
        "no house": {f: data for f, data in files().items() if "house" not in f},
        "yml": {**files(), "policies/late.yml": b"policy: Late\n"},
        "name": {**files(), "policies/my policy.yaml": b"policy: Mine\n"},
        "two of a name": {**files(), "policies/old/standard.yaml": files()["policies/standard.yaml"]},
        "never reached": files(
            house="order: [broken-promise, standard, key-accounts]\n",
            key_accounts="policy: Key\nfor: {segment: trade, terms: net 30}\nclock: due date\n"
            "steps: [{day: 5, call: collector}]\n",
        ),
    }
    said = {name: shown(check(case, KNOWN).problems) for name, case in cases.items()}
    assert said == snapshot


SIDES = """\
split:
  earlier-call:
    shares: {standard: 50%, early: 50%}
    until: 2027-03-31
    because: who pays sooner?
"""
EARLY = files()["policies/standard.yaml"].decode().replace("day: 35", "day: 32")


def comparisons() -> dict[str, dict[str, bytes]]:
    """What is wrong with two policies that are compared, though each is right by itself."""
    order = "order: [broken-promise, key-accounts, standard, early]\n"
    standard = files()["policies/standard.yaml"].decode()
    no_calls = standard.replace("steps:", "without: [letter]\nsteps:").replace("letter: firm", "email: firm")
    return {
        "right": files(house=order + SIDES, early=EARLY),
        "apart": files(house="order: [broken-promise, early, key-accounts, standard]\n" + SIDES, early=EARLY),
        "spares": files(house=order + SIDES, early=EARLY, standard=no_calls),
        "nobody agrees": files(house=order + SIDES, early=EARLY.replace("    approve: credit manager\n", "")),
        "harsher": files(house=order + SIDES, early=EARLY.replace("day: 90", "day: 75")),
    }


def test_two_policies_that_are_compared(snapshot: SnapshotAssertion) -> None:
    said = {name: shown(check(case, KNOWN).problems) for name, case in comparisons().items()}
    assert said.pop("right") == ""
    assert said == snapshot


def codes_in_source() -> set[str]:
    """Every code that is written out in the language's modules."""
    found: set[str] = set()
    for path in LANGUAGE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                called = (
                    node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                )
                at = {"error": 3, "warn": 3, "Problem": 3, "one_of": 4}.get(called)
                if at is not None and len(node.args) > at and isinstance(node.args[at], ast.Constant):
                    found.add(str(ast.literal_eval(node.args[at])))
    return found


def test_every_code_has_its_message() -> None:
    seen = {problem.code for _, file, text in BROKEN for problem in problems(file, text)}
    seen |= {problem.code for case in comparisons().values() for problem in check(case, KNOWN).problems}
    seen |= {"no-policy", "file-name", "never-reached"}  # in test_other_files
    assert codes_in_source() - seen <= {"unreadable"}  # what no file is known to reach
    assert len(seen) > 80


def test_every_problem_says_where_and_what_to_write() -> None:
    for name, file, text in BROKEN:
        for problem in problems(file, text):
            assert problem.suggestion, name
            assert problem.sentence[0] not in " .", name
            assert not problem.sentence.endswith("."), name
            assert problem.place.file.startswith("policies/"), name
            if problem.line:
                assert problem.place.column <= len(problem.line) + 1, name
                assert len(max(problem_text(problem).splitlines(), key=len)) < 300, name
