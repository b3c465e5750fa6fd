"""Scripts as they are read: block by block, filled in for one account."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.core.messages.facts import Debtor
from engine.core.messages.lint import lint
from engine.core.messages.scripts import Part, Script, render_script
from engine.core.problem import Problem
from engine.core.sentences import CHECKS, INSTEAD, SELF_CHECK
from tests.messages.shipped import facts, made_of, shipped

_STORY = '## Story\n\n- "How are things?"\n\n'


def rendered(name: str) -> Script:
    found = render_script(shipped(), name, facts())
    assert isinstance(found, Script)
    return found


ASKING = [name for name in shipped().names("script") if name != "voicemail"]  # a machine is asked nothing


@pytest.mark.parametrize("name", ASKING)
def test_what_is_asked_for_stands_after_the_questions_in_every_shipped_script(name: str) -> None:
    blocks = rendered(name).blocks
    parts = [block.part for block in blocks]
    assert parts.index(Part.STORY) < parts.index(Part.QUESTIONS)
    first = next(number for number, part in enumerate(parts) if part.waits)
    assert parts.index(Part.QUESTIONS) < first
    assert not any("4,820.50" in block.text for block in blocks[:first])
    assert parts[-1] is Part.CLOSE
    assert all(block.text.strip() and block.title for block in blocks)


def test_the_pieces_of_a_script() -> None:
    script = rendered("first-call")
    assert script.before.startswith("First call\n==========\n")
    assert [(block.part.value, block.title) for block in script.blocks[:3]] == [
        ("opening", "who is on the line?"),
        ("voicemail", "a machine answers"),
        ("story", "open, and listen"),
    ]
    (negotiate,) = [block for block in script.blocks if block.part is Part.NEGOTIATE]
    assert "The open total is $6,130.50 and €990.40." in negotiate.text


def test_a_value_of_the_ledger_begins_no_block() -> None:
    templates = made_of("{{ customer.name }}\n\n" + _STORY, "kind: script", "call.script.md")
    bad = replace(facts(), debtor=Debtor("## Close: never mind"))
    found = render_script(templates, "call", bad)
    assert isinstance(found, Script)
    assert [block.part for block in found.blocks] == [Part.STORY]
    assert "## Close: never mind" in found.before


def test_a_heading_that_does_not_say_its_block_shows_nothing_too_early() -> None:
    body = '## Ask first\n\n- "Hello?"\n\n## Then ask\n\n- "{{ total }}"\n\n## story\n\nStory it is.'
    found = render_script(made_of(body, "kind: script", "call.script.md"), "call", facts())
    assert isinstance(found, Script)
    assert [(block.part, block.title) for block in found.blocks] == [
        (Part.OPENING, "Ask first"),
        (Part.DEMAND, "Then ask"),
        (Part.STORY, "Story"),
    ]


def test_a_script_that_cannot_be_filled_in_is_a_problem() -> None:
    found = render_script(made_of("{{ nothing }}", "kind: script", "call.script.md"), "call", facts())
    assert isinstance(found, Problem)
    assert (found.code, found.place.line) == ("unknown-name", 4)
    absent = render_script(shipped(), "firstcall", facts())
    assert isinstance(absent, Problem)
    assert absent.suggestion == "did you mean “first-call”?"


@pytest.mark.parametrize(("accusing", "instead"), INSTEAD.items())
def test_every_question_of_the_bank_passes_and_what_it_replaces_does_not(accusing: str, instead: str) -> None:
    def codes(words: str) -> list[str]:
        body = f'{_STORY}## Questions\n\n- "{words}"'
        return [problem.code for problem in lint(made_of(body, "kind: script", "call.script.md"))]

    assert codes(accusing) == ["accusing"]
    assert codes(instead) == []


def test_what_is_said_to_callers_is_in_the_manner_that_we_ask_of_them() -> None:
    words = [line for lines in CHECKS.values() for line in lines] + list(SELF_CHECK.values())
    body = _STORY + "## Questions\n\n" + "\n".join(f"- {line}" for line in words)
    assert lint(made_of(body, "kind: script", "call.script.md")) == []
