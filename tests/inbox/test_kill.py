"""A process that reads the mailbox is killed at any moment: each answer still has its effect, and has it once."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa

from engine.store.tables import pause, received
from tests.channels.servers import wait_until
from tests.inbox.dovecot import Dovecot
from tests.inbox.post import QUICK, TUE, Post, fill
from tests.jobs.world import House

READER = """
import sys, threading
from datetime import datetime
from pathlib import Path
from engine.jobs.inbox import read_inbox
from engine.jobs.workspace import open_workspace
ws = open_workspace(Path(sys.argv[1]))
read_inbox(ws, lambda: datetime.fromisoformat(sys.argv[2]), threading.Event())
"""
ONE = "policy: Standard\nclock: due date\nsteps:\n  - day: 5\n    email: friendly-reminder\n"


def test_a_reader_that_is_killed_at_any_moment_loses_and_doubles_nothing(
    build: Callable[..., House], dovecot: Dovecot, user: str, inbox_settings: Callable[..., str]
) -> None:
    accounts = [f"K{number:03}" for number in range(30)]
    house = build(house=QUICK, policies={"standard": ONE})
    fill(house, *accounts)
    house.settings(inbox_settings('done = "Dunwell"\n'))
    house.day("2026-10-05")
    here = Post(house, dovecot, user)
    answers = [(account, f"<{account}-{number}".encode()) for number in range(6) for account in accounts]
    dovecot.put(
        user, *(here.mail("reply-gmail", one).replace(b"<reply-gmail", name) for one, name in answers)
    )
    chance = random.Random(7)
    for _ in range(2):
        before = len(here.kept())
        command = [sys.executable, "-c", READER, str(house.root), f"{TUE}T13:00:00+00:00"]
        reader = subprocess.Popen(command, cwd=Path(__file__).parents[2])
        wait_until(lambda before=before: len(here.kept()) > before, 60)
        time.sleep(chance.uniform(0, 0.05))
        reader.kill()
        assert reader.wait(20) == -signal.SIGKILL, "it was still at work"
    assert len(here.kept()) < len(answers)
    house.read = None
    here.read()
    here.read()
    assert sorted(here.kept()) == sorted(("reply", account) for account, _ in answers)
    assert sorted(account for account, _ in here.tasks()) == sorted(account for account, _ in answers)
    assert len(house.rows(sa.select(pause.c.id))) == len(answers)
    assert len(house.rows(sa.select(received.c.id).distinct())) == len(answers)
    assert {name: len(mails) for name, mails in dovecot.folders(user).items()} == {"INBOX": 0, "Dunwell": 180}
