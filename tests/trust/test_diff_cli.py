"""`dunwell diff` from the outside: the two sides, how it ends, what it says, and that it writes nothing."""

from __future__ import annotations

import hashlib
import re
import shlex
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import orjson
import pytest
import yaml

import engine
from engine.core.sentences import NO_LEDGER, ONLY_MESSAGES, SAME_WORDS
from tests.cli.conftest import Said, run
from tests.jobs.world import HOUSE, STANDARD, moment
from tests.releases.conftest import Shop

PAGE = (Path(engine.__file__).parent / "help/diff.md").read_text("utf-8")
TEN = moment("2026-10-05", "10:00")
STANDARD_FILE = "policies/standard.yaml"
TWO = {
    "standard": STANDARD.replace("clock:", "for: {segment: trade}\nclock:"),
    "everyone": STANDARD.replace("policy: Standard", "policy: Everyone"),
}


@pytest.fixture
def shop(tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A house whose policies are live, with two accounts five days late; the test is in its folder."""
    monkeypatch.delenv("DUNWELL_USER", raising=False)
    shutil.copy(sqlite_template, tmp_path / "dunwell.db")
    found = Shop(tmp_path, f"sqlite:///{tmp_path / 'dunwell.db'}")
    for account in ("ACME", "BOLT"):
        found.owes(account, f"{account[0]}1", "2026-09-30")
        found.contact(account)
    found.import_customers()
    found.import_ledger("2026-10-05")
    found.looked()
    monkeypatch.chdir(found.root)
    return found


def diff(*arguments: str) -> Said:
    return run("diff", *arguments, at=TEN)


def git(folder: Path, *words: str) -> str:
    us = ("-c", "user.name=Ana", "-c", "user.email=ana@seller.example.com", "-c", "commit.gpgsign=false")
    done = subprocess.run(
        ["git", *us, "-c", "init.defaultBranch=main", *words],
        cwd=folder, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.strip()


@pytest.fixture
def repository(shop: Shop) -> Shop:
    """The same in git: the first commit has the files as they are live, and the next one calls on day 16."""
    git(shop.root, "init", "--quiet")
    git(shop.root, "add", "policies", "templates", "dunwell.toml")
    git(shop.root, "commit", "--quiet", "--message", "As they are live")
    shop.change(STANDARD_FILE, "day: 10", "day: 16")
    git(shop.root, "commit", "--quiet", "--all", "--message", "Call later\n\nBecause.")
    return shop


def fingerprint(folder: Path) -> dict[str, str]:
    """Every file, but for where git looks."""
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


# -- what it says -----------------------------------------------------------------------------------------------------


def test_a_day_moved_against_what_is_live(shop: Shop) -> None:
    same = diff("--exit-code")
    assert (same.code, SAME_WORDS in same.out) == (0, True)
    shop.change(STANDARD_FILE, "day: 10", "day: 16")
    before = fingerprint(shop.root.parent)
    said = diff()
    assert fingerprint(shop.root.parent) == before
    assert said.code == 0, said.err
    lines = said.out.splitlines()
    assert lines[0].startswith("What the change does  ")
    assert lines[0].endswith("  2 accounts · ledger of Mon 5 Oct")
    assert lines[1:3] == ["  from  release 1, live since Mon 5 Oct 2026 09:00", "  to    the files"]
    assert "  standard: call collector on day 16, no longer on day 10" in said.out
    assert re.search(r"calls +2 +2 +– +– +– +2", said.out), said.out
    assert re.search(r"Tue 13 Oct +−2 +2 +0\n  Fri 16 Oct +\+2 +0 +2\n", said.out), said.out
    assert "The next run, on Mon 5 Oct 2026, has 2 actions, as it would without the change." in said.out
    assert "2 accounts are contacted either way" in said.out
    assert said.out.endswith("Nothing has been sent or written.\n")


def test_for_programs_and_for_a_pull_request(shop: Shop) -> None:
    shop.change(STANDARD_FILE, "day: 5", "day: 9")
    shop.change("policies/house.yaml", "gap: 2 days", "gap: 2 days\nstop: {actions: 1}")
    found = orjson.loads(diff("--json").out)
    assert (found["same"], found["ledger"], found["impact"]["nothing"]) == (False, True, False)
    assert found["words"][0] == {
        "about": "standard",
        "sentence": "standard: email friendly-reminder on day 9, no longer on day 5",
        "line": "policies/standard.yaml:5:5",
    }
    assert found["impact"]["next_run"] == {
        "on": "2026-10-05",
        "before": 2,
        "after": 0,
        "stopped_before": None,
        "stopped_after": None,
    }
    assert found["impact"]["stops"] is True
    assert len(found["impact"]["days"]) == 30
    assert len(orjson.loads(diff("--json", "--days", "3").out)["impact"]["days"]) == 3
    told = diff("--markdown").out
    assert told.startswith("### What this change of the policies does\n")
    assert "has no action instead of 2.  \n" in told
    assert "The run wants 2 actions; the house allows 1 a run." in told
    assert "| emails | 2 | " in told


def test_accounts_are_named_or_not(shop: Shop) -> None:
    shop.write("standard", TWO["standard"])
    told = diff("--markdown").out
    assert "<summary>2 accounts move to another policy</summary>" in told
    assert "<summary>No longer contacted: 2 accounts, $2,400.00</summary>" in told
    assert "| 2 | standard | no policy | $2,400.00 | ACME, BOLT |" in told
    assert "| ACME | ACME Inc. | $1,200.00 | Mon 5 Oct | email friendly-reminder | standard:5 |" in told
    nameless = diff("--markdown", "--no-names").out
    assert "ACME" not in nameless
    assert "No longer contacted: 2 accounts, $2,400.00." in nameless
    drawn = diff().out
    assert re.search(r"2  standard → no policy  \$2,400.00 overdue  ACME, BOLT", drawn), drawn
    assert re.search(r"Mon 5 Oct  ACME  ACME Inc. +\$1,200.00  email friendly-reminder  standard:5", drawn)


def test_another_text_of_a_message_is_a_difference_that_moves_nobody(shop: Shop) -> None:
    shop.change("templates/firm-reminder.md", "\n---\n", "\n---\nA word more.\n")
    said = diff("--exit-code")
    assert said.code == 1
    assert "  templates/firm-reminder.md: this message is changed\n" in said.out
    assert ONLY_MESSAGES in said.out


def test_a_day_that_was_run_is_over(shop: Shop) -> None:
    shop.change(STANDARD_FILE, "day: 10", "day: 8")
    shop.run("2026-10-05")
    shop.looked()
    shop.change(STANDARD_FILE, "day: 8", "day: 7")
    found = orjson.loads(diff("--json").out)
    assert found["impact"]["days"][0]["on"] == "2026-10-06"
    assert found["old"].startswith("release 2, live since")


def test_without_a_ledger_the_words_are_compared(shop: Shop, tmp_path: Path) -> None:
    shutil.copytree(shop.root / "policies", tmp_path / "before")
    shop.change(STANDARD_FILE, "day: 10", "day: 16")
    text = (shop.root / "dunwell.toml").read_text("utf-8").replace("dunwell.db", "nothing.db")
    (shop.root / "dunwell.toml").write_text(text, "utf-8")
    said = diff("../before")
    assert said.code == 0, said.err
    assert "on day 16, no longer on day 10" in said.out
    assert NO_LEDGER in said.out
    assert not (tmp_path / "nothing.db").exists()
    live = diff()
    assert (live.code, "nothing is live yet" in live.err) == (1, True)


# -- git --------------------------------------------------------------------------------------------------------------


def test_revisions_of_git(repository: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    said = diff("HEAD~1", "main")
    assert said.code == 0, said.err
    assert re.search(r"from  HEAD~1 \([0-9a-f]{7,}, \d{4}-\d\d-\d\d: As they are live\)", said.out)
    assert "Call later)" in said.out
    assert "call collector on day 16, no longer on day 10" in said.out
    before = fingerprint(repository.root)
    assert diff("HEAD", "--exit-code").code == 0
    assert diff("HEAD~1", "--exit-code").code == 1
    assert fingerprint(repository.root) == before
    monkeypatch.setenv("GIT_DIR", ".git")  # as in a hook, whose folder is the top of the repository
    monkeypatch.setenv("GIT_INDEX_FILE", ".git/index")
    monkeypatch.chdir(repository.root / "policies")
    assert diff("HEAD", "--exit-code").code == 0


NOT_THERE = {
    "mian": ("there is no folder or git revision “mian”", "did you mean “main”?"),
    "a1b2c3d": ("there is no folder or git revision “a1b2c3d”", "“git log --oneline” lists the commits"),
    "--output=x": ("there is no folder or git revision “--output=x”", "lists the commits"),
    "main..HEAD": ("“main..HEAD” is two revisions", "dunwell diff main HEAD"),
    "templates": ("there are no policies in templates", "name the folder that holds “policies”"),
}


def test_a_revision_that_is_not_there(repository: Shop, tmp_path: Path) -> None:
    for wanted, (sentence, hint) in NOT_THERE.items():
        said = diff("--", wanted)
        assert (said.code, said.out) == (1, "")
        assert sentence in said.err, wanted
        assert hint in said.err, wanted
        assert diff("--exit-code", "--", wanted).code == 2
    git(tmp_path, "clone", "--quiet", "--depth", "1", repository.root.as_uri(), "shallow")
    shallow = run("--workspace", str(tmp_path / "shallow"), "diff", "HEAD~1")
    assert "only the newest commits were fetched" in shallow.err
    assert "fetch-depth: 0" in shallow.err


def test_no_repository_and_no_git(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(shop.root.parent))
    said = diff("main")
    assert (said.code, "there is no git repository here" in said.err) == (1, True)
    monkeypatch.setenv("PATH", "")
    assert "git is not installed here" in diff("main").err


def test_a_broken_old_book_has_its_places(repository: Shop, tmp_path: Path) -> None:
    good = (repository.root / STANDARD_FILE).read_text("utf-8")
    repository.write("standard", good.replace("call: collector", "cal: collector"))
    git(repository.root, "commit", "--quiet", "--all", "--message", "Broken")
    (repository.root / STANDARD_FILE).write_text(good, "utf-8")
    said = diff("HEAD")
    assert (said.code, diff("HEAD", "--exit-code").code, said.out) == (1, 2, "")
    assert said.err.startswith("HEAD:policies/standard.yaml:8:5: ")
    assert "did you mean “call”?" in said.err
    assert "compare with a state that was good:  dunwell diff live" in said.err
    shutil.copytree(repository.root / "policies", tmp_path / "before")
    (tmp_path / "before/standard.yaml").write_text(good.replace("day: 16", "day: twelve"), "utf-8")
    assert "../before/standard.yaml:7:10: " in diff("../before").err
    repository.write("standard", good.replace("day: 16", "day: soon"))
    files = diff("HEAD~1").err
    assert files.startswith("policies/standard.yaml:7:10: ")
    assert "mend the files; “dunwell check” shows these problems again" in files


# -- the manual -------------------------------------------------------------------------------------------------------


def test_the_commands_of_the_page_run(repository: Shop, tmp_path: Path) -> None:
    git(repository.root, "checkout", "--quiet", "HEAD~1", "--", "policies")
    shutil.copytree(repository.root / "policies", tmp_path / "before")
    commands = re.findall(r"(?m)^    dunwell (diff.*?)(?:   .*)?$", PAGE)
    assert len(commands) == 8
    for command in commands:
        said = run(*shlex.split(command), at=TEN)
        assert said.code == 0, (command, said)


@pytest.fixture
def page_commands() -> list[list[str]]:
    """The commands of the workflow and of the hooks, as a shell would split them."""
    workflow, hooks = (yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))
    steps = workflow["jobs"]["policies"]["steps"]
    lines = [step["run"] for step in steps if "run" in step]
    assert steps[0]["with"]["fetch-depth"] == 0
    for step in steps:  # what a host fills in never stands in the shell's own line
        assert "${{" not in step.get("run", "")
    lines += [hook["entry"] for repo in hooks["repos"] for hook in repo["hooks"]]
    (shell,) = re.findall(r"```sh\n#!/bin/sh\n(.*?)```", PAGE, re.DOTALL)
    lines += shell.strip().split(" && ")
    return [shlex.split(line.replace("origin/$BASE", "main").split(" > ")[0]) for line in lines]


def test_the_workflow_and_the_hooks_run(repository: Shop, page_commands: list[list[str]]) -> None:
    ours = [words[1:] for words in page_commands if words[0] == "dunwell"]
    assert [words[0] for words in ours] == ["check", "test", "diff", "check", "diff", "check", "diff"]
    (repository.root / "policies/tests").mkdir()
    (repository.root / "policies/tests/standard.yaml").write_text(
        "policy: standard\naccount:\n  invoices: [{number: A1, date: 2026-01-05, due: 2026-02-04, amount: '1,200'}]\n"
        "tests:\n  - name: one reminder\n    expect:\n      5: email friendly-reminder\n      16: call collector\n"
        "      20: letter firm-reminder\n      40: terms cash on delivery, email cod-notice\n",
        "utf-8",
    )
    for words in {tuple(words) for words in ours}:
        said = run(*words, at=TEN)
        assert said.code == 0, (words, said)
        assert words[0] != "diff" or "What" in said.out


def test_two_policies(shop: Shop) -> None:
    """An account moves although nothing else changes for it: the other policy has the same steps."""
    shop.write("house", HOUSE.replace("[standard]", "[standard, everyone]"))
    shop.write("everyone", TWO["everyone"])
    shop.write("standard", TWO["standard"])
    found = orjson.loads(diff("--json").out)["impact"]
    assert [(move["from"], move["to"], move["accounts"]) for move in found["moves"]] == [
        ("standard", "everyone", 2)
    ]
    assert all(kind["gained"] == kind["lost"] == 0 for kind in found["kinds"])


@pytest.mark.parametrize("old", ["live", "as-it-was"])
def test_a_database_of_an_older_version_is_not_called_empty(shop: Shop, tmp_path: Path, old: str) -> None:
    for folder in ("policies", "templates"):
        shutil.copytree(folder, f"as-it-was/{folder}")
    shop.change(STANDARD_FILE, "day: 10", "day: 16")
    with closing(sqlite3.connect(tmp_path / "dunwell.db")) as plain, plain:
        plain.execute("UPDATE alembic_version SET version_num = '0001'")
    said = diff(old)
    assert said.code == 3
    assert NO_LEDGER not in said.out
    assert "is not ready for this version of Dunwell" in said.err
