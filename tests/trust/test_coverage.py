"""What the tests of a policy leave untried."""

from __future__ import annotations

from engine.core.decision import questions
from engine.core.language.check import check
from engine.core.rules import evaluators
from engine.core.trust.coverage import Coverage, Watch
from engine.core.trust.trial import run_trials
from tests.decision.builder import KNOWN

HOUSE = "order: [key, ladder]\ngap: 5 days\nanswer: 3 days\nminimum: 50\ncalendar: none\n"
LADDER = """
policy: Ladder
clock: due date
steps:
  - day: 10
    call: collector
  - day: 20
    letter: reminder
    approve: credit manager
    when:
      - overdue: over 100
"""
KEY = LADDER.replace("clock:", "for:\n  segment: key\nclock:")
HEAD = """
policy: ladder
account:
  terms: net 30
  invoices: [{number: A1, date: 2026-01-05, amount: 100.01}]
tests:
"""


def covered(*lines: str, house: str = HOUSE, ladder: str = LADDER, head: str = HEAD) -> Coverage:
    """What the tests of one file leave untried; `key` is the same policy for other accounts, before it."""
    files = {"policies/house.yaml": house, "policies/key.yaml": KEY, "policies/ladder.yaml": ladder}
    files["policies/tests/ladder.yaml"] = head + "\n".join(lines) + "\n"
    found = check({name: text.encode() for name, text in files.items()}, KNOWN)
    assert found.book, [problem.sentence for problem in found.problems]
    watch = Watch(found.book)
    rules = evaluators(questions.rulesets(found.book))
    assert [result.failures for result in run_trials(found.book, found.trials, rules, watch)]
    return watch.coverage()


def said(found: Coverage, kind: str, policy: str = "ladder") -> list[str]:
    return [gap.sentence for gap in found.untested if gap.kind == kind and gap.policy == policy]


WHOLE = "  - {name: whole, expect: {10: call collector, 20: letter reminder}}"


def test_a_step_that_no_test_takes() -> None:
    found = covered("  - {name: half, expect: {10: call collector}}")
    assert said(found, "steps") == ["no test takes “letter reminder”"]
    assert found.counts["steps"] == (1, 4)
    assert said(covered(WHOLE), "steps") == []
    assert said(covered(WHOLE), "steps", "key") == [
        "no test takes “call collector”",
        "no test takes “letter reminder”",
    ]


def test_a_day_is_shown_by_the_day_before_it_and_itself() -> None:
    assert said(covered(WHOLE), "boundaries") == ["no account is turned away by “overdue: over 100” alone"]
    events = "events: {12: dispute opened, 24: dispute closed for us}"
    late = f"  - {{name: late, {events}, expect: {{10: call collector, 25: letter reminder}}}}"
    assert said(covered(late), "boundaries") == [
        "no test shows nothing on day 19 and “letter reminder” on day 20",
        "no account is turned away by “overdue: over 100” alone",
    ]


def test_a_comparison_is_shown_from_both_sides() -> None:
    small = (
        "  - {name: small, account: {invoices: [{date: 2026-01-05, amount: 90}]},"
        " expect: {10: call collector, 20: nothing}}"
    )
    found = covered(WHOLE, small)
    assert said(found, "boundaries") == []
    assert [gap.sentence for gap in found.figures if gap.policy == "ladder"] == [
        "no account has the very figure of “overdue: over 100”"
    ]
    exact = small.replace("90", "100").replace("small", "exact")
    assert [gap for gap in covered(WHOLE, exact).figures if gap.policy == "ladder"] == []


def test_a_line_counts_where_it_alone_decides() -> None:
    """An account of another segment, in another country, shows neither line."""
    ladder = LADDER.replace("clock:", "for:\n  segment: trade\n  country: DE\nclock:")
    head = HEAD.replace("terms: net 30", "terms: net 30\n  segment: retail\n  country: FR")
    missing = said(covered("  - {name: none, expect: no policy}", ladder=ladder, head=head), "boundaries")
    assert "no account is turned away by “segment: trade” alone" in missing
    assert "no account is turned away by “country: DE” alone" in missing
    german = "  - {name: german, account: {country: DE}, expect: no policy}"
    missing = said(covered(german, ladder=ladder, head=head), "boundaries")
    assert "no account is turned away by “segment: trade” alone" not in missing
    assert "no account is turned away by “country: DE” alone" in missing


def test_a_gate_that_holds_nothing() -> None:
    house = HOUSE + "never:\n  - insolvent: yes\npause:\n  - letter: 1 Jul to 31 Jul\n"
    none = said(covered(WHOLE, house=house), "gates", "")
    assert none[0] == "no account is left to people by “insolvent: yes”"
    assert "no step waits for a dispute" in none
    assert "no step waits because of “pause letter”" in none
    assert said(covered(WHOLE, house=house), "gates") == [], "the letter asked for its approval"
    shown = said(
        covered(
            WHOLE,
            "  - {name: a, account: {insolvent: yes}, expect: {10: 'nothing, because left to people'}}",
            "  - {name: b, events: {9: dispute opened}, expect: {10: 'nothing, because disputed'}}",
            house=house,
        ),
        "gates",
        "",
    )
    assert set(none) - set(shown) == {none[0], "no step waits for a dispute"}


def test_every_gap_but_those_of_a_built_in_guard_has_its_line() -> None:
    for gap in covered(WHOLE).untested:
        assert gap.place is not None or gap.kind == "gates", gap
