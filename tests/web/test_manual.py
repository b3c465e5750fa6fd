"""What the manual says of the desk and of people is so."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

import engine
from engine.core.sentences import set_up
from engine.jobs.people import entry, passwords
from engine.jobs.people.rights import Right, rights
from engine.jobs.set_up import intake, mail
from engine.settings import load
from engine.web.pages import identity
from engine.web.pages.call import _KEYS
from engine.web.shield import FILES
from tests.cli.conftest import run

HELP = Path(engine.__file__).parent / "help"
DESK, PEOPLE, FIRST = ((HELP / f"{name}.md").read_text("utf-8") for name in ("desk", "people", "first-run"))


@pytest.mark.parametrize(
    "line", re.findall(r"(?m)^    dunwell (\S+)(?: mine)?((?: --\S+)*)", DESK + PEOPLE + FIRST)
)
def test_every_command_is_there_with_its_options(line: tuple[str, str]) -> None:
    command, options = line
    shown = run(command, "--help")
    assert shown.code == 0
    assert all(option in shown.out for option in options.split())


def test_the_example_is_read(tmp_path: Path) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", DESK, re.S)
    assert set(tomllib.loads(example)) == {"web"}
    (tmp_path / "dunwell.toml").write_text(example, "utf-8")
    found, problems = load(tmp_path)
    assert found is not None
    assert problems == ()
    assert found.settings.web.url == "https://desk.example.com"
    (tmp_path / "dunwell.toml").write_text('[web]\nlisten = "0.0.0.0:8015"\n', "utf-8")
    assert [problem.code for problem in load(tmp_path)[1]] == ["bare-password"]


def test_what_each_role_may() -> None:
    said = {
        role: what
        for roles, what in re.findall(r"(?m)^\| (`[^|]+) \| (.+?) \|$", PEOPLE)
        for role in re.findall(r"`([^`]+)`", roles)
    }
    assert set(said) == {
        "reader",
        "collector",
        "account owner",
        "dispute owner",
        "supervisor",
        "credit manager",
        "admin",
    }
    words = {Right.DECIDE: "decides what goes out", Right.PEOPLE: "says who works here"}
    for role, what in said.items():
        for right, word in words.items():
            assert (right in rights((role,))) == (word in what), (role, right)
        assert (Right.STOP in rights((role,))) == ("stops everything" in what or "also decides" in what)


def test_the_numbers() -> None:
    assert f"at least {passwords.LEAST} characters" in PEOPLE
    assert (entry._FREE, entry._FREE_FROM, entry.LINK.days) == (5, 30, 7)
    assert (entry._WAIT.seconds, entry._LONGEST.seconds, entry.IDLE.seconds) == (60, 900, 7200)
    keys = [key for key in _KEYS.values() if key]
    assert len(set(keys)) == len(keys) > 15
    index = (HELP / "index.md").read_text("utf-8")
    assert "| `desk` |" in index
    assert "| `people` |" in index
    assert "| `first-run` |" in index


def test_the_set_up_is_as_the_manual_says(tmp_path: Path) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", PEOPLE, re.S)
    (tmp_path / "dunwell.toml").write_text(example, "utf-8")
    found, problems = load(tmp_path)
    assert found is not None
    assert problems == ()
    assert found.settings.identity.called == "Example"
    parts = re.findall(r"(?m)^\| ([A-Z][\w ]+) \| .+ \|$", FIRST)
    assert parts == [title for title, _ in set_up.PARTS.values()]
    assert f"`{intake.FOLDER}`" in FIRST
    assert f"`{mail.PASSWORD}`" in FIRST
    assert f"up to {FILES['/set-up/ledger/file'] >> 20} MB" in FIRST
    assert f"`{identity.BACK}`" in PEOPLE
