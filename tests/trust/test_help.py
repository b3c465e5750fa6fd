"""The manual's pages on tests and on explaining are true: their commands work, their example is valid and passes."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest

from engine.core.decision import questions
from engine.core.language.check import check
from engine.core.rules import evaluators
from engine.core.trust.trial import run_trials
from tests.cli.conftest import Said
from tests.cli.conftest import run as command
from tests.jobs.world import House, moment
from tests.language.workspace import KNOWN, files

HELP = Path(__file__).parents[2] / "engine/help"
NOW = moment("2026-11-25", "10:00")


def commands(page: str) -> list[list[str]]:
    """Every example of a page, as words."""
    text = (HELP / f"{page}.md").read_text("utf-8")
    return [shlex.split(line)[1:] for line in re.findall(r"^    (dunwell .+)$", text, re.M)]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> House:
    """ACME-0042 has had its e-mail on Mon 23 Nov 2026."""
    root = tmp_path_factory.mktemp("shop")
    shutil.copy(sqlite_template, root / "dunwell.db")
    house = House(root, f"sqlite:///{root / 'dunwell.db'}")
    house.owes("ACME-0042", "A1", "2026-11-18")
    house.contact("ACME-0042")
    house.import_customers()
    house.import_ledger("2026-11-23")
    house.day("2026-11-23")
    return house


def said(house: House, monkeypatch: pytest.MonkeyPatch, page: str) -> list[Said]:
    monkeypatch.chdir(house.root)
    return [command(*words, at=NOW) for words in commands(page)]


def test_every_command_of_the_page_on_explaining(shop: House, monkeypatch: pytest.MonkeyPatch) -> None:
    today, why, past, coming = said(shop, monkeypatch, "explain")
    assert [each.code for each in (today, why, past, coming)] == [0, 0, 0, 0], why.err
    assert "Why not" not in today.out
    assert "Why not “letter firm-reminder”?" in why.out
    assert "A1 is on day 7, and it wants day 20" in why.out
    assert "As it was decided then" in past.out
    assert "This is a forecast" in coming.out


def test_explaining_for_programs(shop: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shop.root)
    told = json.loads(command("explain", "ACME-0042", "--why-not", "call collector", "--json", at=NOW).out)[
        "why_not"
    ]
    assert told["policy"] == "standard"
    assert told["in_the_way"] == "its day has not come: A1 is on day 7, and it wants day 10"
    assert told["line"] == "policies/standard.yaml:7:5"
    assert (told["otherwise_on"], told["goes_on"]) == ("2026-11-28", "2026-12-01")
    assert command("explain", "ACME-0042", "--why-not", "fax", at=NOW).code == 1


def test_every_command_of_the_page_on_tests(shop: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside the test that is written there is one that fails."""
    tests = shop.root / "policies" / "tests"
    tests.mkdir(exist_ok=True)
    (tests / "mine.yaml").write_text(
        "policy: standard\naccount: {invoices: [{number: A1, date: 2026-01-05, amount: 900}]}\n"
        "tests: [{name: silent, expect: {10: call collector}}]\n",
        "utf-8",
    )
    plain, coverage, write, value, _, github = said(shop, monkeypatch, "tests")
    assert {each.code for each in (plain, coverage, value, github)} == {1}
    assert "call collector" in plain.out
    assert "Never tried" not in plain.out
    assert "no test takes “letter firm-reminder”" in coverage.out
    assert write.err == "policies/tests/standard-history-1.yaml is new.\n"
    assert [test["passed"] for test in json.loads(value.out)["tests"]] == [False, True]
    assert (shop.root / "tests.xml").read_bytes().startswith(b"<?xml")
    assert github.out.startswith("::error file=policies/tests/mine.yaml,line=3")
    told = json.loads(command("test", "--coverage", "--json", at=NOW).out)["coverage"]
    assert told["steps"] == {"tested": 1, "of": 4}
    assert {gap["kind"] for gap in told["untested"]} == {"steps", "gates", "boundaries"}
    noticed = command("test", "--coverage", "--github", at=NOW).out
    assert "::notice file=policies/standard.yaml" in noticed


def test_the_example_of_the_page_passes() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", (HELP / "tests.md").read_text("utf-8"), re.DOTALL)
    found = check({**files(), "policies/tests/standard.yaml": example.encode()}, KNOWN)
    assert found.problems == ()
    assert found.book
    results = run_trials(found.book, found.trials, evaluators(questions.rulesets(found.book)))
    assert [result.failures for result in results] == [(), (), ()]
