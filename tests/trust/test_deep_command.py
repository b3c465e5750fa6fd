"""`dunwell check --deep` as a person, a build server and a program read it, and the page that explains it."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from engine.core.language.check import check
from engine.core.language.invariants import FINDINGS
from engine.core.problem import problem_text
from tests.cli.conftest import english_only, run
from tests.language.workspace import KNOWN, files

PAGE = (Path(__file__).parents[2] / "engine" / "help" / "deep.md").read_text("utf-8")
STANDARD = """\
policy: Standard terms
clock: due date
steps:
  - day: 10
    call: collector
  - day: 30
    letter: firm-reminder
"""
RULES = """\
- must never: hand off
- name: a letter in time
  must always: a letter within 29 days past due, or a reason
"""


@pytest.fixture(scope="module")
def laid_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The start set, without its translations."""
    folder = tmp_path_factory.mktemp("deep") / "shop"
    assert run("init", "--no-sample", str(folder)).code == 0
    english_only(folder)
    return folder


@pytest.fixture
def shop(laid_out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace with one policy and two invariants, in which the test is."""
    folder = tmp_path / "shop"
    shutil.copytree(laid_out, folder)
    monkeypatch.chdir(folder)
    shutil.rmtree(folder / "policies")
    (folder / "policies" / "tests").mkdir(parents=True)
    (folder / "policies/standard.yaml").write_text(STANDARD)
    (folder / "policies/house.yaml").write_text("order: [standard]\ngap: 5 days\n")
    (folder / "policies/invariants.yaml").write_text(RULES)
    return folder


def test_a_broken_invariant_is_shown_with_a_test_to_take_over(shop: Path) -> None:
    said = run("check", "--deep")
    assert said.code == 1
    assert "“a letter in time” does not always hold" in said.out
    assert "10 days past due  call collector" in said.out
    assert "✓ must never: hand off" in said.out
    assert "One open invoice, every address known: decided in every case" in said.out
    assert "no address: sampled, " in said.out
    # The test that is shown fails as it stands, and passes once the policy is mended.
    lines = said.out.split("as a test of the policy:\n")[1].split("\n\n")[0].splitlines()
    (shop / "policies/tests/standard.yaml").write_text("\n".join(line[4:] for line in lines) + "\n")
    assert run("test").code == 1
    (shop / "policies/standard.yaml").write_text(STANDARD.replace("30", "29"))
    assert run("test").code == 0
    (shop / "policies/standard.yaml").write_text(STANDARD.replace("30", "15"))
    assert "✓ a letter in time" in run("check", "--deep").out


def test_a_finding_for_programs_and_for_build_servers(shop: Path) -> None:
    (shop / "policies/standard.yaml").write_text(STANDARD.replace("30", "12"))
    said = run("check", "--deep", "--json")
    assert said.code == 0
    value = json.loads(said.out)
    (found,) = value["findings"]
    assert found["code"] == "too-close"
    assert (found["file"], found["line"], found["also"]["line"]) == ("policies/standard.yaml", 6, 4)
    assert "terms: net 30" in found["example"]
    assert value["exact"]["invoices"] == 1
    assert value["sampled"]["accounts"] > 0
    assert value["held"] == ["must never: hand off", "a letter in time"]
    assert "::warning file=policies/standard.yaml,line=6" in run("check", "--deep", "--github").out


def test_without_deep_nothing_is_walked(shop: Path) -> None:
    said = run("check")
    assert said.code == 0
    assert "in time" not in said.out


def test_a_broken_invariant_over_unknown_words(shop: Path) -> None:
    (shop / "policies/invariants.yaml").write_text("- must never: leter firm-reminder\n")
    said = run("check", "--deep")
    assert said.code == 1
    assert "policies/invariants.yaml:1:15: “leter firm-reminder” is nothing that a policy does" in said.err
    assert "did you mean “letter”?" in said.err


def test_the_start_set_is_clean(laid_out: Path) -> None:
    """Nothing is found, and all that it says of itself holds."""
    said = run("--workspace", str(laid_out), "check", "--deep", "--strict")
    assert said.code == 0, said.out
    assert "decided in every case" in said.out
    rules = re.findall(r"^\W*must ", (laid_out / "policies/invariants.yaml").read_text(), re.MULTILINE)
    assert said.out.count("✓") == len(rules)


def test_the_page_has_every_finding() -> None:
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| (.+) \|$", PAGE, re.MULTILINE))
    assert set(rows) == set(FINDINGS)


def test_the_page_is_true() -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    found = check({**files(), "policies/invariants.yaml": text.encode()}, KNOWN)
    assert found.problems == (), "\n".join(map(problem_text, found.problems))
    assert len(found.invariants.rules) == 6
    (known,) = found.invariants.accepted
    assert known.policies == ("standard",)


def test_the_commands_on_the_page_are_commands(shop: Path) -> None:
    (shop / "policies/invariants.yaml").unlink()
    shown = [line.split("  ")[0] for line in re.findall(r"^    dunwell (.+)$", PAGE, re.MULTILINE)]
    assert len(shown) == 3
    for command in shown:
        assert run(*command.split()).code == 0, command
