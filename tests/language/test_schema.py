"""The schema accepts what the check accepts, and refuses broken files, with a validator that is not ours."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
import yaml

from engine.core.language.schema import schema, schemas
from engine.core.language.source import plain, read
from tests.language.broken import BROKEN
from tests.language.workspace import FILES, KNOWN

IDS = ["broken-promise", "key-accounts", "standard"]
SCHEMAS = schemas(KNOWN, IDS)
# Broken files that a schema can see; the others need the whole book, the calendar or the ledger.
SEEN = [
    "sign under", "sign equal", "unknown field", "unknown word", "no steps", "empty title",
    "list for a title", "empty list", "clock and start", "unknown clock", "unknown event", "each",
    "dashes in for", "for is a text", "without an unknown", "late", "gap", "steps is no list",
    "too many steps", "item field", "lines for a value", "exact amount", "not a number",
    "other comparison", "yes or no", "unknown value", "when is a text", "a dash of when is a text",
    "step unknown word", "step no day", "day is a text", "no action", "unknown role", "unknown contact",
    "unknown template", "unknown script", "script for a message", "message for a script", "unknown hold",
    "unknown hand-off", "task without what", "unknown webhook", "approval by nobody", "repeat",
    "restore-after", "notify ahead", "script without call", "house unknown word", "order unknown policy",
    "unknown house currency", "hours", "closed", "never is a text", "pause is a text", "no season",
    "contact", "capacity is a number", "capacity of nobody", "usual", "live", "bands is a text",
    "band of no figure", "band of hang-ups", "no band", "score",
    "score of an unknown part", "score with nothing behind it", "unknown outcome",
    "outcome is a text", "offer is a text", "outcome value", "test of no policy", "no tests",
    "contact", "capacity is a number", "capacity of nobody", "usual", "live", "unknown outcome",
    "outcome is a text", "offer is a text", "outcome value", "unknown answer",
    "unknown reason of an outcome", "reason is a text", "then is no call", "unknown promise", "promise value",
    "suggest value", "test of no policy", "no tests",
    "tests is a text", "computed field", "unknown address", "invoices is a text", "date",
    "expect is a text", "expect is a list", "guards is a text", "guard unknown word", "guard limit",
    "unknown pack", "charge unknown word", "contract rate", "charge from when", "rates of nobody",
    "rates is a number", "rate of no half-year", "rate is a word",
]  # fmt: skip


def kind_of(file: str) -> str:
    if "tests/" in file:
        return "tests"
    name = file.removeprefix("policies/").removesuffix(".yaml")
    return name if name in ("house", "outcomes") else "policy"


def errors(kind: str, data: object) -> list[str]:
    validator = jsonschema.Draft7Validator(SCHEMAS[kind])
    return [error.message for error in validator.iter_errors(data)]


def as_an_editor_reads(text: str) -> Any:
    """What an ordinary YAML parser makes of it; dates as JSON has them."""
    return json.loads(json.dumps(yaml.safe_load(text), default=str))


@pytest.mark.parametrize("kind", sorted(SCHEMAS))
def test_it_is_a_schema(kind: str) -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMAS[kind])
    json.dumps(SCHEMAS[kind])
    assert SCHEMAS[kind]["$schema"] == "http://json-schema.org/draft-07/schema#"


@pytest.mark.parametrize("file", sorted(FILES))
def test_the_examples_are_valid_for_our_reader_and_for_an_editor(file: str) -> None:
    source = read(file, FILES[file].encode())
    assert source.root is not None
    assert errors(kind_of(file), plain(source.root)) == []
    assert errors(kind_of(file), as_an_editor_reads(FILES[file])) == []


@pytest.mark.parametrize("name", SEEN)
def test_broken_files_are_refused(name: str) -> None:
    file, text = next((file, text) for each, file, text in BROKEN if each == name)
    assert isinstance(text, str)
    source = read(file, text.encode())
    assert source.root is not None
    assert errors(kind_of(file), plain(source.root))


@pytest.mark.parametrize(
    "line",
    [
        "balance: over 1000", "balance: not between 1 and 2", "used: at least 90%", "broken: 2",
        "broken: [1, 2]", "oldest: at most 60 days", "insolvent: yes", "insolvent: not yes",
        "country: NO", "tags: [a, b]", "segment: 7", "promise: Broken", "promise: [none, kept]",
        "promise: not open", "rating: over 300", "sales region: north", "unapplied: 0",
        "response: vague promise",
    ],
)  # fmt: skip
def test_tests_that_are_valid(line: str) -> None:
    text = f"policy: P\nfor:\n  {line}\nclock: due date\nsteps:\n  - day: 1\n    call: collector\n"
    source = read("policies/p.yaml", text.encode())
    assert source.root is not None
    assert errors("policy", plain(source.root)) == []
    assert errors("policy", as_an_editor_reads(text)) == []


def test_it_lists_what_this_workspace_has() -> None:
    text = json.dumps(SCHEMAS)
    for name in ("firm-reminder", "first-call", "J. Ortiz", "crm", "rating", "sales region", "key-accounts"):
        assert f'"{name}"' in text
    assert "All that is open, after credits" in text


def test_one_schema_for_all_files() -> None:
    validator = jsonschema.Draft7Validator(schema(KNOWN, IDS))
    assert all(validator.is_valid(as_an_editor_reads(text)) for text in FILES.values())
    assert not validator.is_valid({"policy": "x", "steps": "y"})
