"""Practices of good collection where a check or a guard is the behaviour: what somebody sees who writes it otherwise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cases.office import master, open_house, says, told
from tests.jobs.world import STANDARD, House

HEAD = "---\nsubject: Overdue invoices, account {{ account }}\ntone: courteous\n---\n"
WHOLE = """{{ greeting }}

These invoices to {{ customer.name }} are overdue:

{{ invoice_list }}

Please pay {{ total }} by {{ respond_by }}.

{{ how_to_pay }}

{{ set_aside_list }}

Is something wrong with one? {{ company.disputes }}. For any question: {{ sender.phone or sender.email }}

{{ signature }}
"""
FIRST = """
policy: Standard
clock: due date
steps:
  - day: 5
    email: first-letter
"""


@pytest.fixture
def build(tmp_path: Path, sqlite_template: Path) -> Callable[..., House]:
    """A house whose first step writes the message `first-letter`."""

    def made(message: str = HEAD + WHOLE, policy: str = FIRST) -> House:
        found = open_house(tmp_path, sqlite_template, policies={"standard": policy})
        for path in (found.root / "templates").glob("*.md"):
            path.unlink()
        (found.root / "templates" / "first-letter.md").write_text(message, "utf-8")
        return found

    return made


def problems(house: House) -> str:
    """What `dunwell check` says of it, which is refused."""
    said = says(house, "2026-10-05", "check")
    assert said.code == 1
    return said.out + said.err


@pytest.mark.practice(16)
def test_a_message_in_anger_is_refused_line_by_line(build: Callable[..., House]) -> None:
    angry = WHOLE.replace(
        "Please pay", "You have ignored us! PLEASE pay NOW and do not give us your excuses, pay"
    )
    said = problems(build(HEAD + angry))
    assert "first-letter.md:11:1: “You have ignored” accuses" in said
    assert "“your excuses” accuses" in said
    assert "an exclamation mark raises the voice" in said
    assert "“PLEASE” in capitals shouts" in said
    assert "ask for the fact:  What day did you send the payment?" in said


@pytest.mark.practice(74)
def test_a_call_script_is_never_louder_than_the_customer(build: Callable[..., House]) -> None:
    house = build()
    script = '---\nkind: script\n---\n- "Why have you not paid? You MUST understand: pay today!"\n'
    (house.root / "templates" / "loud.script.md").write_text(script, "utf-8")
    said = problems(house)
    assert "loud.script.md:4:4: “Why have you not” accuses" in said
    assert "talks down to the customer" in said
    assert "“MUST” in capitals shouts" in said
    assert "end with a full stop" in said


@pytest.mark.practice(25)
def test_the_first_message_threatens_with_nothing_and_lists_what_is_late(build: Callable[..., House]) -> None:
    house = build(HEAD + WHOLE.replace("Please pay", "Our attorney will sue. Please pay"))
    said = problems(house)
    assert "“attorney” threatens with the law, and this message is not of tone legal" in said
    (house.root / "templates" / "first-letter.md").write_text(HEAD + WHOLE.replace("{{ invoice_list }}", ""))
    house.read = None
    assert "does not name each invoice with number, dates, order number and open amount" in problems(house)
    (house.root / "templates" / "first-letter.md").write_text(HEAD.replace("courteous", "final") + WHOLE)
    house.read = None
    assert "the first message is final; nobody's first message is a final demand" in problems(house)
    (house.root / "templates" / "first-letter.md").write_text(HEAD + WHOLE)
    assert "no problems" in told(house, "2026-10-05", "check")


@pytest.mark.practice(26)
def test_a_demand_without_a_day_to_answer_by_is_refused(build: Callable[..., House]) -> None:
    said = problems(build(HEAD + WHOLE.replace("by {{ respond_by }}", "soon")))
    assert "this message does not name a date to answer by" in said
    assert "add  {{ respond_by }}" in said


@pytest.mark.practice(27)
def test_a_ladder_whose_tone_softens_is_refused(build: Callable[..., House]) -> None:
    ladder = FIRST + "  - day: 20\n    letter: second\n  - day: 40\n    letter: third\n"
    house = build(policy=ladder)
    for name, tone in (("second", "final"), ("third", "firm")):
        message = HEAD.replace("courteous", tone) + WHOLE
        (house.root / "templates" / f"{name}.md").write_text(message, "utf-8")
    said = problems(house)
    assert "standard.yaml:10:5: “third” is firm, softer than “second” before it" in said
    assert "along a ladder the tone never softens" in said


@pytest.mark.practice(28)
def test_what_a_demand_met_decides_what_comes_next(tmp_path: Path, sqlite_template: Path) -> None:
    silent = STANDARD.split("  - day: 10")[0] + (
        "  - day: 12\n    call: collector\n    when: [{response: none}]\n"
        "  - day: 13\n    email: firm-reminder\n    when: [{response: partial payment}]\n"
    )
    house = open_house(tmp_path, sqlite_template, policies={"standard": silent})
    for number in ("ACME", "BOLT"):
        house.owes(number, f"{number[0]}1", "2026-09-30")
        master(house, {"customer number": number}, at="06:00" if number == "ACME" else "06:30")
    house.import_ledger("2026-10-05")
    house.day("2026-10-05")
    house.owes("BOLT", "B1", "2026-09-30", "700.00")  # BOLT sends a part, ACME says nothing
    house.import_ledger("2026-10-13")
    assert house.run("2026-10-13").by_kind == {"call": 1, "email": 1}
    assert [(work.account, work.kind) for work in house.worklist("2026-10-13")] == [("ACME", "call")]
    assert house.states("BOLT")[-1] == ("email", "email firm-reminder", "planned")
