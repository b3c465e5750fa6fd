"""A hostile template costs its own message, and the others go out."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from engine.core.messages.head import Templates, read_templates
from engine.errors import DunwellError
from engine.rendering import Limits, Rendered, Renderer, Request
from tests.messages.shipped import facts, shipped

HOSTILE = {
    # All that is left to do harm with, on an account with very many invoices.
    "loop": "{% for a in invoices %}{% for b in invoices|sort(attribute='due') %}{% endfor %}{% endfor %}",
    "repeated": "{{ 'a' * 1000000000 }}",
    "escape": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "lipsum": "{{ lipsum(n=100000) }}",
    "call": "{{ ''.join.__globals__ }}",
}


@pytest.fixture(scope="module")
def templates() -> Templates:
    files = {
        f"templates/{name}.md": f"---\nsubject: S\ntone: firm\n---\n{body}".encode()
        for name, body in HOSTILE.items()
    }
    hostile, problems = read_templates(files)
    assert problems == []
    return Templates({**shipped().by_name, **hostile.by_name}, shipped().frames)


@pytest.fixture(scope="module")
def renderer(templates: Templates) -> Iterator[Renderer]:
    with Renderer(templates, Limits(wall=2.0, cpu=1, memory=1_000_000_000)) as each:
        yield each


def good(rendered: Rendered) -> bool:
    return rendered.message is not None and "10231" in rendered.message.text


@pytest.mark.fault(66)
def test_the_others_go_on(renderer: Renderer) -> None:
    many = replace(facts(), items=facts().items * 700)
    names = ["firm-reminder", "loop", "firm-reminder", "repeated", "escape", "lipsum", "call", "final-notice"]
    begun = time.monotonic()
    results = renderer.render([Request(name, many if name == "loop" else facts()) for name in names])
    assert time.monotonic() - begun < 40
    assert len(results) == len(names)
    for name, result in zip(names, results, strict=True):
        if name in HOSTILE:
            assert result.message is None, name
            assert result.problem is not None, name
            assert result.problem.place.file == f"templates/{name}.md"
            assert result.problem.sentence
        else:
            assert good(result)
    assert results[1].problem is not None
    assert results[1].problem.code == "too-slow"


@pytest.mark.fault(67)
@pytest.mark.fault(14)
def test_memory_has_an_end() -> None:
    vast = replace(facts(), account="x\n" * 75_000_000)
    with Renderer(shipped(), Limits(memory=400_000_000)) as each:
        starved, fed = each.render([Request("firm-reminder", vast), Request("firm-reminder", facts())])
    assert starved.problem is not None
    assert starved.problem.code in ("too-large", "ended")
    assert good(fed)


@pytest.mark.fault(14)
def test_a_child_that_is_killed_is_replaced(renderer: Renderer) -> None:
    assert good(renderer.render([Request("firm-reminder", facts())])[0])
    child = renderer._child
    assert child is not None
    assert child.pid is not None
    os.kill(child.pid, signal.SIGKILL)
    child.join(5)
    assert good(renderer.render([Request("firm-reminder", facts())])[0])


def test_a_letter_is_made_in_the_child(renderer: Renderer) -> None:
    with Renderer(shipped()) as each:
        result = each.render([Request("firm-reminder", facts(), letter=True)])[0]
    assert result.problem is None
    assert result.pdf is not None
    assert result.pdf.startswith(b"%PDF-")


def test_a_script_and_a_name_that_is_not_there(renderer: Renderer) -> None:
    script, absent = renderer.render(
        [Request("first-call", facts(), kind="script"), Request("nowhere", facts())]
    )
    assert good(script)
    assert absent.problem is not None
    assert absent.problem.code == "no-template"


def test_an_output_beyond_the_limit() -> None:
    with Renderer(shipped(), Limits(output=100)) as each:
        problem = each.render([Request("firm-reminder", facts())])[0].problem
    assert problem is not None
    assert problem.code == "too-large"


def test_a_child_that_cannot_start_is_an_error_and_no_wait() -> None:
    with (
        Renderer(shipped(), Limits(first=0.0)) as each,
        pytest.raises(DunwellError, match="does not start"),
    ):
        each.render([Request("firm-reminder", facts())])
