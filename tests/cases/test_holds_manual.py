"""Every command of the manual's page on holds, typed in a small house; and what the command line refuses there."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.cases.holding import open_house
from tests.cli.conftest import MORNING, Said, run
from tests.jobs.world import House

PAGE = (Path(__file__).parents[2] / "engine" / "help" / "holds.md").read_text("utf-8")
LATER = MORNING + timedelta(days=2)


def examples() -> Iterator[list[str]]:
    for line in re.findall(r"^    dunwell (.+)$", PAGE, re.M):
        yield shlex.split(line)


@pytest.fixture
def house(build: Callable[..., House], monkeypatch: pytest.MonkeyPatch) -> House:
    """ACME, CORE and DELL have been late since the end of September; it is Monday, 23 November."""
    found = open_house(build)
    for account in ("CORE", "DELL"):
        found.owes(account, f"{account}-1", "2026-09-30")
        found.contact(account)
    found.import_customers("2026-11-20")
    found.import_ledger("2026-11-23")
    monkeypatch.chdir(found.root)
    monkeypatch.setenv("DUNWELL_USER", "tester")
    return found


def test_every_command_of_the_page(house: House) -> None:
    """Of one account after the other, so that each has what its example speaks of."""
    of = {"hold": "CORE", "reduce-service": "DELL"}
    played: list[str] = []

    def typed(words: list[str], by: str, later: bool) -> Said:
        said = run(*words, *(("--by", by) if by else ()), at=LATER if later else MORNING)
        assert said.code == 0, (words, said)
        return said

    for words in examples():
        verb = words[0]
        words = [of.get(verb, "ACME") if word == "ACME-0042" else word for word in words]
        if verb == "approve" and verb not in played:
            assert typed(words, "ana", later=False).out == "ACME: cash on delivery from Tue 24 Nov 2026.\n"
            house.deliver(LATER.date().isoformat(), "11:00")
            assert {one["account"] for one in house.requests()} == {"ACME", "CORE"}
        elif verb in ("approve", "decline"):
            back = ["reinstate", "ACME", "--because", "a plan", "--although-overdue"]
            asked = typed(back, "joe", later=True)
            assert asked.out == "ACME: the end of cash on delivery waits for a credit manager to agree.\n"
            if verb == "approve":  # once more for “decline”, and for “restore”
                words = ["decline", "ACME", "--because", "no"]
            assert typed(words, "ana", later=True).out.startswith(
                "ACME stays on cash on delivery; to be looked"
            )
        else:
            by = {"restrictions": "", "terms": "joe"}.get(verb, "ana")
            typed(words, by, later="approve" in played)
        played.append(verb)
    assert played == [
        *("restrictions", "terms", "hold", "reduce-service", "approve", "release", "in-force"),
        *("approve", "decline", "reinstate"),
    ]
    shown = {one["account"]: one for one in json.loads(run("restrictions", "--json", at=LATER).out)}
    assert {
        account: (one["kind"], one["reason"], one["may_need_notice"]) for account, one in shown.items()
    } == {
        "ACME": ("terms", "delinquency", False),
        "CORE": ("hold", "other", True),
        "DELL": ("service", "delinquency", False),
    }
    drawn = run("restrictions", at=LATER).out
    assert "Reasons other than delinquency may need a notice of adverse action" in drawn
    assert "cash on delivery in force" in run("history", "ACME", at=LATER).out


def test_what_the_command_line_refuses(house: House) -> None:
    assert "waits for a credit manager to agree" in run("hold", "ACME", "orders", "--because", "x").out
    said = run("approve", "ACME")
    assert (said.code, "tester is no credit manager" in said.err) == (1, True)
    assert run("approve", "ACME", "--by", "Ana Reyes").code == 0, "by name"
    wrong = (
        ("hold", "ACME"),
        ("release", "ACME", "--order", "1", "--against", "lots", "--because", "x"),
        ("release", "ACME", "--order", "1", "--against", "all", "--because", "x"),
        ("terms", "ACME", "net 10", "--because", "x", "--review", "soon"),
    )
    assert [run(*words).code for words in wrong] == [2, 2, 2, 2]
