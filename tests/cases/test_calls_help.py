"""The manual's page on calls is true: its commands work, its outcomes are all there, and its example is valid."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from engine.core.cases.outcomes import OUTCOMES
from engine.core.language.check import check
from engine.core.language.words import Where, names
from tests.cases.telephone import MONDAY, TUESDAY, Telephone
from tests.cli.conftest import run as command
from tests.jobs.world import moment
from tests.language.workspace import KNOWN, STANDARD

PAGE = (Path(__file__).parents[2] / "engine/help/calls.md").read_text("utf-8")


def test_every_command_of_the_page(house: Telephone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(house.root)
    monkeypatch.setenv("DUNWELL_USER", "joe")
    played = [shlex.split(line)[1:] for line in re.findall(r"^    (dunwell .+)$", PAGE, re.M)]
    promise, save, hang_up, *confirmation = [
        [word.replace("ACME-0042", "ACME") for word in line] for line in played
    ]
    assert command(*promise, at=moment(MONDAY, "10:00")).code == 0
    shown, sent, dropped = (command(*line, at=moment(MONDAY, "10:10")) for line in confirmation)
    assert "Subject: What we agreed" in shown.out
    assert "goes to their accounts payable now" in sent.out
    assert dropped.code == 1, "it was sent already"
    assert command(*save, at=moment(TUESDAY, "10:00")).code == 0
    told = command(*hang_up, "--another", at=moment(TUESDAY, "10:01"))
    assert "Taken up from what was kept: reason." in told.out
    assert "A call follows at 10:11" in told.out


def test_every_outcome_is_on_the_page() -> None:
    table = PAGE.split("| outcome | what follows |")[1].split("\n\n")[0]
    named = {name.strip() for cell in re.findall(r"^\| ([^|]+) \|", table, re.M) for name in cell.split(",")}
    assert named - {"---"} == set(OUTCOMES) - {"vague promise", "information only"}


def test_the_example_is_valid_and_names_every_word() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    files = {"policies/standard.yaml": STANDARD.encode(), "policies/outcomes.yaml": example.encode()}
    assert check(files, KNOWN).problems == ()
    for word in names(Where.OUTCOME):
        assert f"`{word}`" in PAGE, word
