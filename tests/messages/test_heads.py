"""What the head of a template may say, and what is said of a wrong one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.language.policy import Tone
from engine.core.messages.head import read_templates
from engine.core.messages.lint import lint

GOOD = "---\nsubject: S\ntone: firm\n---\nText\n"


@pytest.mark.parametrize(
    ("file", "text", "code", "place", "suggestion"),
    [
        ("a.md", "Text", "no-head", "a.md:1:1", "begin the file with"),
        ("a.md", "", "no-head", "a.md:1:1", "begin the file with"),
        ("a.md", "---\nsubject: S\n", "no-head", "a.md:1:1", "under it"),
        ("a.md", "---\nsubject: S\n---\n", "no-tone", "a.md:1:1", "tone: courteous"),
        ("a.md", "---\ntone: firm\n---\n", "no-subject", "a.md:1:1", "subject:"),
        ("a.md", "---\nsubject: S\ntone: frim\n---\n", "unknown-word", "a.md:3:7", "did you mean “firm”?"),
        ("a.md", "---\nsubject: S\ntoen: firm\n---\n", "unknown-word", "a.md:3:1", "did you mean “tone”?"),
        ("a.md", "---\nsubject: S\nsubject: T\ntone: firm\n---\n", "duplicate", "a.md:3:1", "line 2"),
        ("a.md", "---\nsubject S\ntone: firm\n---\n", "head", "a.md:2:1", "tone: firm"),
        ("a.md", "---\nkind: scirpt\n---\n", "unknown-word", "a.md:2:7", "did you mean “script”?"),
        ("a.xx.md", GOOD, "unknown-language", "a.xx.md:1:1", "a.de.md"),
        ("a.final.md", GOOD, "unknown-language", "a.final.md:1:1", "a.de.md"),
        (
            "a.script.md",
            "---\nkind: message\nsubject: S\ntone: firm\n---\n",
            "kind",
            "a.script.md:2:7",
            "kind: script",
        ),
    ],
)
def test_problem(file: str, text: str, code: str, place: str, suggestion: str) -> None:
    _, problems = read_templates({file: text.encode()})
    assert [problem.code for problem in problems][:1] == [code]
    assert str(problems[0].place) == place
    assert suggestion in problems[0].suggestion


def test_encodings() -> None:
    _, problems = read_templates({"a.md": GOOD.encode("utf-16"), "b.md": b"---\n\xe4", "c.md": b"a\0b"})
    assert [problem.code for problem in problems] == ["encoding", "encoding", "encoding"]
    assert str(problems[1].place) == "b.md:2:1"
    _, problems = read_templates({"a.md": b"x" * 300_000})
    assert problems[0].code == "too-large"
    templates, problems = read_templates({"a.md": b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode()})
    assert problems == []
    assert templates.names() == ("a",)


def test_a_message_and_a_script_may_share_a_name() -> None:
    templates, problems = read_templates(
        {"a.md": GOOD.encode(), "a.script.md": b"---\nkind: script\n---\nHow are you?\n"}
    )
    assert problems == []
    assert [(head.name, head.kind, head.tone) for head in templates.heads] == [
        ("a", "message", Tone.FIRM),
        ("a", "script", None),
    ]


def test_two_files_for_one_message() -> None:
    _, problems = read_templates({"a.de.md": GOOD.encode(), "sub/a.de.md": GOOD.encode()})
    assert [problem.code for problem in problems] == ["duplicate"]
    assert problems[0].also is not None


def test_a_translation_keeps_the_tone() -> None:
    _, problems = read_templates({"a.md": GOOD.encode(), "a.de.md": GOOD.replace("firm", "final").encode()})
    assert [(problem.code, problem.place.file) for problem in problems] == [("tones-differ", "a.de.md")]


def test_a_workspace_in_another_language() -> None:
    templates, problems = read_templates(
        {"mahnung.md": b"---\nlanguage: de\nsubject: S\ntone: firm\n---\nText\n"}
    )
    assert problems == []
    assert templates.heads[0].languages == ("de",)


@given(
    st.binary(max_size=200)
    | st.text(alphabet="-\n:{}% |#*[]()!aé", max_size=120).map(
        lambda t: b"---\nsubject: S\ntone: firm\n---\n" + t.encode()
    )
)
@settings(max_examples=120, deadline=None)
def test_any_bytes_give_problems_or_templates(data: bytes) -> None:
    templates, problems = read_templates({"templates/a.md": data})
    found = problems + lint(templates)
    assert found or templates.names()
