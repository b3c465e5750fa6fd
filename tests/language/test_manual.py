"""Every example of the manual is true, and the shipped policies are valid."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from engine.core.language.check import check
from engine.core.language.known import Known
from engine.core.language.schema import schemas
from engine.core.language.source import plain, read
from engine.core.language.words import explain
from engine.core.messages.head import read_templates
from engine.core.problem import problem_text
from tests.language.workspace import KNOWN, STANDARD

ROOT = Path(__file__).parents[2]
HELP = ROOT / "engine" / "help"


def examples() -> dict[str, bytes]:
    """Every YAML block of the page on policies, as a file; house and outcomes go with the first policy."""
    page = (HELP / "policies.md").read_text("utf-8")
    named: dict[str, bytes] = {}
    for number, text in enumerate(re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)):
        first = re.match(r"# (policies/\S+)", text)
        named[first[1] if first else f"policies/example{number}.yaml"] = text.encode()
    return named


def test_the_policies_page() -> None:
    files = examples()
    ids = [Path(f).stem for f in files if "example" in f]
    assert len(ids) == 2
    order = b"order: [" + ", ".join([ids[0], "standard", ids[1]]).encode() + b"]"
    files["policies/house.yaml"] = files["policies/house.yaml"].replace(b"order: [standard]", order)
    found = check(files, KNOWN)
    assert found.problems == (), "\n".join(map(problem_text, found.problems))
    assert found.book is not None
    assert len(found.trials) == 1


def test_the_events_on_the_policies_page() -> None:
    page = (HELP / "policies.md").read_text("utf-8")
    listed = " ".join(page.split("What can happen:")[1].split("`calendar")[0].split())
    events = re.findall(r"`([^`]+)`", listed)
    assert len(events) > 10
    lines = "".join(f"      {n}: {event}\n" for n, event in enumerate(events))
    text = f"""\
policy: standard
account: {{invoices: [{{number: A1, date: 2026-01-05, amount: 1200}}]}}
tests:
  - name: all
    expect: nothing
    events:
{lines}"""
    found = check(
        {"policies/standard.yaml": STANDARD.encode(), "policies/tests/standard.yaml": text.encode()}, KNOWN
    )
    assert found.problems == (), "\n".join(map(problem_text, found.problems))
    assert len(found.trials[0].trials[0].events) == len(events)


def test_the_words_page() -> None:
    assert (explain("balance") or "?") in (HELP / "words.md").read_text("utf-8")


def test_the_problems_page() -> None:
    page = (HELP / "problems.md").read_text("utf-8")
    text = "policy: S\nclock: due date\nfor:\n  balence: over 250\nsteps:\n  - {day: 1, call: collector}\n"
    (problem,) = check({"policies/standard.yaml": text.encode()}, KNOWN).problems
    assert problem_text(problem) in page
    rows = re.findall(r"^\| `([^`]+:[^`]+|\{[^`]+)` \|.*\| `([^`]+)`", page, re.MULTILINE)
    assert len(rows) == 7
    for wrong, right in rows:
        assert codes(wrong), wrong
        assert codes(right) == set(), right


def codes(line: str) -> set[str]:
    """What is wrong with a line, put where it belongs."""
    known = replace(KNOWN, own_fields={})
    if line.startswith("policy:"):
        text = f"{line}\nclock: due date\nsteps:\n  - day: 1\n    call: collector\n"
    elif line.startswith("email:"):
        text = f"policy: S\nclock: due date\nsteps:\n  - day: 1\n    {line}\n"
    elif line.startswith("{"):
        text = f"policy: S\nclock: due date\nsteps:\n  - day: 1\n    call: collector\n    when: [{line}]\n"
    else:
        text = f"policy: S\nfor:\n  {line}\nclock: due date\nsteps:\n  - day: 1\n    call: collector\n"
    return {problem.code for problem in check({"policies/p.yaml": text.encode()}, known).problems}


SHIPPED = sorted((ROOT / "policies").glob("**/*.yaml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_the_shipped_policies_are_valid_by_the_schema(path: Path) -> None:
    templates, _ = read_templates(
        {f"templates/{p.name}": p.read_bytes() for p in (ROOT / "templates").iterdir()}
    )
    names = ("house", "outcomes", "invariants")
    ids = [p.stem for p in (ROOT / "policies").glob("*.yaml") if p.stem not in names]
    kind = "tests" if path.parent.name == "tests" else path.stem if path.stem in names else "policy"
    validator = jsonschema.Draft7Validator(schemas(Known(templates=tuple(templates.heads)), ids)[kind])
    source = read(path.name, path.read_bytes())
    assert source.root is not None
    assert [error.message for error in validator.iter_errors(plain(source.root))] == []
