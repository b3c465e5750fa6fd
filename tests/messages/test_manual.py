"""The manual's examples are true."""

from __future__ import annotations

import re
from pathlib import Path

from engine.core.messages.head import read_templates
from engine.core.messages.lint import lint
from engine.core.messages.render import KNOWN, Message, render
from engine.core.messages.samples import full
from tests.messages.shipped import made_of, shipped

MANUAL = (Path(__file__).parents[2] / "engine" / "help" / "messages.md").read_text(encoding="utf-8")


def test_the_complete_message_is_complete() -> None:
    found = re.search(r"```markdown\n(.*?)```", MANUAL, re.DOTALL)
    assert found is not None
    templates, problems = read_templates({"templates/firm-reminder.md": found[1].encode()})
    assert problems + lint(templates) == []


def test_the_lines_of_a_list_are_printed() -> None:
    examples = re.findall(r"(?m)(?:^    .*\n)+", MANUAL)
    assert len(examples) == 2
    for example in examples:
        body = re.sub(r"(?m)^    ", "", example)
        message = render(made_of(body), "note", full())
        assert isinstance(message, Message)
    listed = render(made_of(re.sub(r"(?m)^    ", "", examples[0])), "note", full())
    assert isinstance(listed, Message)
    assert "- 10231 of October 10, 2026, $4,820.50, 16 days late" in listed.text


def test_every_name_is_explained() -> None:
    for name in KNOWN:
        assert re.search(rf"(?:`|\{{\{{ ){name}\b", MANUAL), name


def test_the_languages_are_those_that_ship() -> None:
    assert set(shipped().languages("firm-reminder")) == {"en", "de", "fr", "es", "pt", "it"}
