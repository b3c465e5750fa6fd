"""The drawings, from values made by hand: a snapshot each, and what must never be lost in them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from xml.etree import ElementTree

import pytest
from syrupy.assertion import SnapshotAssertion

from engine.core.decision.summary import Preview, PreviewDay
from engine.core.language.policy import Kind
from engine.core.problem import Place, Problem, Severity
from engine.core.sentences import safety_stop
from engine.screen.explain import explanation_drawn, explanation_value
from engine.screen.preview import actions_drawn, held_drawn, preview_drawn
from engine.screen.problems import problem_github, problem_value, problems_drawn, tally, warnings_drawn
from engine.screen.trials import junit, trials_drawn, trials_github, trials_value
from engine.screen.written import clean, listed, money, span, whole_money
from tests.screen.told import asked, covered, explanation, report
from tests.screen.values import DAYS, MONDAY, WEEK, drawn

EMPTY = replace(WEEK, actions=(), held=(), groups=(), workload=(), no_policy=0, days=DAYS[1:2])


def test_a_week(snapshot: SnapshotAssertion) -> None:
    assert drawn(preview_drawn(WEEK, calendar="US")) == snapshot


def test_a_week_on_a_narrow_screen(snapshot: SnapshotAssertion) -> None:
    assert drawn(preview_drawn(WEEK, width=72, calendar="US"), 72) == snapshot


def test_a_month_is_a_line_a_day(snapshot: SnapshotAssertion) -> None:
    month = [PreviewDay(MONDAY + timedelta(n), "", 0, None, {Kind.CALL: n}, "") for n in range(12)]
    assert drawn(preview_drawn(replace(WEEK, days=tuple(month)))) == snapshot


def test_the_week_fits_one_screen() -> None:
    assert len(drawn(preview_drawn(WEEK, calendar="US"), 80).splitlines()) < 45


def test_one_day(snapshot: SnapshotAssertion) -> None:
    load = tuple(replace(load, counts=load.counts[1:2]) for load in WEEK.workload)
    view = replace(WEEK, days=DAYS[1:2], actions=WEEK.actions[:3], workload=load)
    assert drawn(preview_drawn(view)) == snapshot


def test_an_empty_day_says_so() -> None:
    text = drawn(preview_drawn(EMPTY))
    assert "Nothing goes out on Mon 23 Nov." in text
    assert text.endswith("No action on Mon 23 Nov. Nothing has been sent.\n")


def test_a_stopped_day_shows_why() -> None:
    stopped = replace(DAYS[1], stopped=safety_stop("actions", 512, 400), counts={})
    text = drawn(preview_drawn(replace(EMPTY, days=(stopped,))))
    assert "Mon 23  The run wants 512 actions; the house allows 400 a run." in text


def test_the_plain_evaluator_alone_is_said() -> None:
    alone = drawn(preview_drawn(replace(WEEK, evaluators=("plain",))))
    assert "durable-rules is not installed: the plain evaluator decides alone." in alone
    assert "durable-rules" not in drawn(preview_drawn(WEEK))


def test_a_disagreement_is_said() -> None:
    assert "ACME-0042 is left alone" in drawn(
        preview_drawn(replace(WEEK, faults=("ACME-0042 is left alone: …",)))
    )


def test_kept_promises_are_said() -> None:
    text = drawn(preview_drawn(replace(WEEK, assumes="promises kept")))
    assert "This assumes that promises are kept, nothing else is paid" in text


@pytest.mark.parametrize("approvals", [False, True])
def test_actions_one_by_one(snapshot: SnapshotAssertion, approvals: bool) -> None:
    assert drawn(actions_drawn(WEEK, approvals=approvals)) == snapshot


def test_held_one_by_one(snapshot: SnapshotAssertion) -> None:
    assert drawn(held_drawn(WEEK)) == snapshot


def test_nothing_held(snapshot: SnapshotAssertion) -> None:
    assert "Nothing is held back." in drawn(held_drawn(EMPTY))
    assert "Nothing needs approval." in drawn(actions_drawn(EMPTY, approvals=True))


def test_names_cannot_command_the_terminal() -> None:
    for text in (drawn(actions_drawn(WEEK, width=200), 200), drawn(preview_drawn(WEEK), 200)):
        assert "\x1b" not in text
    assert "[bold]Brackets[/bold] ·[31m" in drawn(
        actions_drawn(WEEK, width=200), 200
    )  # taken for no mark-up either


def test_an_explanation(snapshot: SnapshotAssertion) -> None:
    assert drawn(explanation_drawn(explanation())) == snapshot


def test_an_explanation_for_programs(snapshot: SnapshotAssertion) -> None:
    assert explanation_value(explanation()) == snapshot


def test_why_not(snapshot: SnapshotAssertion) -> None:
    assert drawn(explanation_drawn(asked())) == snapshot
    assert explanation_value(asked())["why_not"] == snapshot(name="for programs")


def test_what_no_test_tries(snapshot: SnapshotAssertion) -> None:
    assert drawn(trials_drawn(covered())) == snapshot
    assert trials_value(covered())["coverage"] == snapshot(name="for programs")
    assert trials_github(covered()).count("::notice file=policies/standard.yaml,line=16,") == 2


def test_test_results(snapshot: SnapshotAssertion) -> None:
    assert drawn(trials_drawn(report())) == snapshot


def test_no_tests_is_an_error() -> None:
    empty = type(report())(results=(), coverage=None)
    assert "There are no tests." in drawn(trials_drawn(empty))
    assert trials_value(empty)["ok"] is False


def test_test_results_for_a_build_server() -> None:
    top = ElementTree.fromstring(junit(report()))
    assert top.attrib == {"name": "dunwell", "tests": "2", "failures": "1"}
    failure = top.find(".//failure")
    assert failure is not None
    assert failure.attrib["message"] == "day 53: nothing; it should be letter firm-reminder: disputed"


def test_test_results_beside_the_line() -> None:
    assert trials_github(report()) == (
        "::error file=policies/tests/standard.yaml,line=18,col=5,title=a dispute%3A pauses%2C the ladder::"
        "day 53: nothing; it should be letter firm-reminder: disputed\n"
    )


PROBLEM = Problem(
    Place("policies/standard.yaml", 4, 3, 10),
    "accounts have no “balence”",
    "did you mean “balance”?",
    "unknown-word",
    line="  balence: over 250",
)
WARNING = replace(PROBLEM, severity=Severity.WARNING, place=Place("policies/house.yaml", 2, 1))


def test_problems(snapshot: SnapshotAssertion) -> None:
    assert drawn(problems_drawn([PROBLEM, WARNING])) == snapshot


def test_the_caret_is_coloured() -> None:
    text = problems_drawn([PROBLEM])
    carets = [span for span in text.spans if text.plain[span.start : span.end].strip() == "^^^^^^^"]
    assert [str(span.style) for span in carets] == ["bold red"]


def test_warnings_take_a_line_each() -> None:
    assert drawn(warnings_drawn([WARNING]), 200).splitlines()[1].strip() == (
        "policies/house.yaml:2:1: accounts have no “balence”; did you mean “balance”?"
    )


def test_problems_are_counted() -> None:
    assert tally([PROBLEM, PROBLEM, WARNING]) == "2 problems and 1 warning in 2 files."


def test_a_problem_for_a_code_host() -> None:
    assert problem_github(PROBLEM) == (
        "::error file=policies/standard.yaml,line=4,col=3,title=unknown-word,endColumn=10::"
        "accounts have no “balence”%0Adid you mean “balance”?"
    )


def test_a_problem_for_a_program() -> None:
    assert problem_value(PROBLEM) == {
        "file": "policies/standard.yaml",
        "line": 4,
        "column": 3,
        "end": 10,
        "severity": "error",
        "code": "unknown-word",
        "sentence": "accounts have no “balence”",
        "suggestion": "did you mean “balance”?",
        "text": "  balence: over 250",
    }


def test_amounts_are_written_as_their_currency_is() -> None:
    assert money(2_740_000, "USD") == "$27,400.00"
    assert money(2_740_000, "JPY") == "¥2,740,000"
    assert money(1_234, "KWD") == "KWD1.234"
    assert whole_money(812_049, "EUR") == "€8,120"


def test_days_and_lists() -> None:
    assert span(MONDAY, MONDAY + timedelta(4)) == "Mon 23 Nov – Fri 27 Nov 2026"
    assert span(MONDAY, MONDAY + timedelta(60)) == "Mon 23 Nov 2026 – Fri 22 Jan 2027"
    assert span(MONDAY, MONDAY) == "Mon 23 Nov 2026"
    assert listed([]) == ""
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert clean("a\nb\x00") == "a·b·"


def test_the_hand_made_week_is_whole() -> None:
    assert isinstance(WEEK, Preview)
    assert sum(sum(day.counts.values()) for day in WEEK.days) == 163
