"""The shipped policies and templates: whole, without a problem, and fitting one another."""

from __future__ import annotations

import pytest

from engine.core.decision.questions import rulesets
from engine.core.language.check import Known, check
from engine.core.language.policy import Kind, PolicyBook, Tone
from engine.core.messages.demands import written_demands
from engine.core.messages.lint import lint
from engine.core.problem import problem_text
from engine.core.rules import evaluators
from engine.core.trust.trial import run_trials
from tests.messages.shipped import policy_files, shipped


@pytest.fixture(scope="module")
def book() -> PolicyBook:
    checked = check(policy_files(), Known(templates=shipped().heads))
    assert [problem_text(problem) for problem in checked.problems] == []
    assert checked.book is not None
    return checked.book


def test_the_templates_pass_the_check(book: PolicyBook) -> None:
    assert [problem_text(problem) for problem in lint(shipped(), written_demands(book.policies))] == []


def test_the_standard_ladder(book: PolicyBook) -> None:
    standard = book.policy("standard")
    assert standard is not None
    assert [(step.day, step.name) for step in standard.steps] == [
        (35, "call collector"),
        (45, "letter firm-reminder"),
        (60, "call supervisor"),
        (90, "terms cash on delivery, email cod-notice"),
    ]


def test_nobody_is_left_without_a_policy(book: PolicyBook) -> None:
    last = book.policies[-1]
    assert last.id == "everyone-else"
    assert last.fits.tests == ()


def test_public_bodies_are_never_put_on_cash_on_delivery(book: PolicyBook) -> None:
    assert book.policies[0].id == "public-sector"  # before a broken promise could take them over
    assert set(book.policies[0].without) == {Kind.TERMS, Kind.HOLD}


def test_every_change_of_supply_is_announced_and_approved(book: PolicyBook) -> None:
    effects = [
        step for policy in book.policies for step in policy.steps if any(a.kind.effect for a in step.actions)
    ]
    assert len(effects) == 3
    for step in effects:
        assert step.approve is not None
        assert any(action.kind.written for action in step.actions)


@pytest.mark.practice(27)
def test_no_ladder_softens(book: PolicyBook) -> None:
    for policy in book.policies:
        written = [book.tones[a.value].rank for step in policy.steps for a in step.actions if a.kind.written]
        assert written == sorted(written), policy.id


@pytest.mark.practice(25)
def test_the_first_written_word_is_no_threat(book: PolicyBook) -> None:
    for policy in book.policies:
        first = next(a.value for step in policy.steps for a in step.actions if a.kind.written)
        assert book.tones[first] in (Tone.COURTEOUS, Tone.FIRM)


@pytest.mark.practice(55)
def test_scripts_ask_for_the_day_and_the_number() -> None:
    (script,) = shipped().languages("first-call", "script").values()
    assert "What day did you send the payment?" in script.text
    assert "What is the check number" in script.text


def test_every_template_is_used(book: PolicyBook) -> None:
    texts = "\n".join(book.texts.values())
    by_hand = {"change-notice", "release-notice", "voicemail"}  # of verbs, and to be read out
    for head in (head for head in shipped().heads if head.name not in by_hand):
        assert head.name in texts, head.name


def test_each_policy_has_tests() -> None:
    tested = {file.rsplit("/", 1)[1] for file in policy_files() if "/tests/" in file}
    policies = {file.rsplit("/", 1)[1] for file in policy_files() if "/tests/" not in file}
    assert policies - tested == {"outcomes.yaml", "invariants.yaml"}


def test_the_policies_pass_their_own_tests(book: PolicyBook) -> None:
    checked = check(policy_files(), Known(templates=shipped().heads))
    results = run_trials(book, checked.trials, evaluators(rulesets(book))[:1])
    assert len(results) >= 20
    assert [(result.file, result.name, result.failures) for result in results if not result.passed] == []
