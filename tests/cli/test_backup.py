"""The commands of the manual's page on backups, as they are typed."""

from __future__ import annotations

import re
from pathlib import Path

from tests.cli.conftest import Said, run

PAGE = (Path(__file__).parents[2] / "engine" / "help" / "backup.md").read_text("utf-8")
LATER = "said after the backup"


def test_a_backup_is_put_back_as_the_manual_says(ran: Said) -> None:
    account = re.findall(r"\b[A-Z]{4}-\d{4}\b", run("worklist").out)[0]
    played = []
    for command in re.findall(r"^    dunwell (.+)$", PAGE, re.M):
        verb = command.split()[0]
        said = run(*command.split())
        assert said.code == 0, (command, said)
        played.append(verb)
        if verb == "backup":
            assert "monday.backup is written and checked" in said.out
            assert run("note", account, LATER).code == 0
            assert LATER in run("history", account).out
        elif verb == "restore":
            assert "in quarantine" in said.out
            assert list(Path().glob("dunwell.db.before-restore-*"))
            assert LATER not in run("history", account).out
            assert "quarantine" in run("run").out
        elif verb == "resume":
            assert "quarantine" not in run("run").out
    assert played == ["backup", "restore", "quarantine", "resume"]
