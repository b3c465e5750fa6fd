"""The commands: what came back, one message of it, and taking a task off the list."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import run
from tests.inbox.post import TUE, Make, Post
from tests.jobs.world import House, moment


@pytest.fixture
def said(
    post: Make, build: Callable[..., House], monkeypatch: pytest.MonkeyPatch
) -> tuple[Post, Callable[..., str]]:
    here = post(build, "ACME", "BOLT")
    monkeypatch.setenv("DUNWELL_USER", "tester")
    monkeypatch.setenv("COLUMNS", "130")

    def command(*words: str, code: int = 0) -> str:
        found = run("--workspace", str(here.house.root), *words, at=moment(TUE, "09:00"))
        assert found.code == code, found.err
        return found.out + found.err

    return here, command


def test_mail_is_read_and_shown(said: tuple[Post, Callable[..., str]]) -> None:
    here, command = said
    assert "Nothing has come back." in command("inbox")
    assert "never read" in command("inbox")
    here.came("reply-gmail", "bounce-postfix")
    assert command("inbox", "read") == "mail read: 1 bounce, 1 answer\n"
    assert command("inbox", "read") == "No new mail.\n"
    table = command("inbox")
    assert "ACME  ap@acme.example.com" in table
    assert "Hello, we never received invoice A1." in table
    assert "2026-10-06 at 13:00 UTC" in table
    assert "Nothing has come back" in command("inbox", "--account", "BOLT")
    assert "Nothing has come back" in command("inbox", "--unmatched")
    shown = command("inbox", "show", "1")
    assert "we never received invoice A1. Please send a copy." in shown
    assert "> invoice A1 of 1,200.00 USD was due" in shown
    assert "there is no mail “99”" in command("inbox", "show", "99", code=1)
    values = json.loads(command("inbox", "--json"))
    assert [(one["kind"], one["account"], one["status"]) for one in values] == [
        ("bounce", "ACME", "5.1.1"),
        ("reply", "ACME", ""),
    ]
    assert "answered: Hello, we never received" in command("history", "ACME")


def test_a_task_is_done_by_its_account_or_its_key(said: tuple[Post, Callable[..., str]]) -> None:
    here, command = said
    here.came("reply-gmail", "bounce-postfix")
    here.came("reply-inline", account="BOLT")
    here.read()
    work = command("worklist")
    assert "Answer Clerk of ACME: “Hello, we never" in work
    assert "A task is done:  dunwell done ACCOUNT" in work
    told = command("done", "ACME", code=1)
    assert "ACME has 2 tasks" in told
    key = next(line.strip() for line in told.splitlines() if "find an address" in line)
    assert command("done", key, "--because", "asked Ann") == "“find an address” of ACME is done.\n"
    assert "is not on the list any more; it is “done”" in command("done", key, code=1)
    assert "What waited for ACME goes on from tomorrow." in command("done", "ACME")
    assert "there is no task of “ACME”\n  did you mean “BOLT”?" in command("done", "ACME", code=1)
    assert "find an address (done: asked Ann)" in command("history", "ACME")


def test_a_house_without_a_mailbox_is_told_how(tmp_path: Path, build: Callable[..., House]) -> None:
    house = build()
    house.import_ledger("2026-10-05") if house.items else None
    found = run("--workspace", str(house.root), "inbox", "read", at=moment(TUE, "09:00"))
    assert (found.code, "no mailbox is set up" in found.err) == (1, True)
    assert "“dunwell help inbox”" in run("--workspace", str(house.root), "inbox", at=moment(TUE, "09:00")).out


def test_the_light_process_stays_light() -> None:
    """What asks whether the mailbox is due knows neither tables in memory nor mail."""
    code = "import sys, engine.store.received; print([n for n in ('polars', 'jinja2', 'imap_tools') if n in sys.modules])"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ}, timeout=60
    )
    assert found.stdout == "[]\n", found.stderr
