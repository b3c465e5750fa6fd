"""A simulation of days that were really run, with everything done that it assumes, shows what the runs did."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine.jobs.intake import take_in
from engine.jobs.simulate import Asked, play
from engine.jobs.workspace import Workspace
from engine.store.tables import BY_HAND, action
from tests.decision.test_plan_is_run import MONDAY, moment, really
from tests.decision.test_plan_is_run import shop as shop

DAYS = 12


@pytest.mark.long
def test_a_simulation_is_what_the_runs_did(shop: Workspace, tmp_path: Path) -> None:
    with (tmp_path / "ledger.csv").open() as file:
        head, *lines = csv.reader(file)
    gone = {
        line[1]: MONDAY + timedelta(days=number % 11 + 1) for number, line in enumerate(lines) if number % 3
    }
    later = [_again(line, number) for number, line in enumerate(lines) if number % 4 == 1]
    for number in range(DAYS):
        on = MONDAY + timedelta(days=number)
        if number:
            there = [
                line for line in (*lines, *later) if gone.get(line[1], date.max) > on and line[2] <= str(on)
            ]
            _take(shop, tmp_path / f"ledger-{on}.csv", [head, *there], on)
        really(shop, on)
    engine = shop.database()
    with engine.connect() as conn:
        query = sa.select(action.c.taken_on, action.c.account, action.c.step, action.c.policy)
        done = {
            tuple(row)
            for row in conn.execute(query.where(action.c.taken_on.is_not(None), action.c.policy != BY_HAND))
        }
    engine.dispose()
    last = MONDAY + timedelta(days=DAYS - 1)
    found = play(shop, Asked(last=last), now=moment(last)).simulation.runs[0].outcome
    names = play_names(shop, last)
    told = {
        (on, names[row], step, policy)
        for on, row, policy, step in found.contacts.select("on", "row", "policy", "step").iter_rows()
    }
    assert len(done) > 60
    assert found.spared
    assert set(lines_of(told)) ^ set(lines_of(done)) == set()


def play_names(ws: Workspace, last: date) -> list[str]:
    names: list[str] = play(ws, Asked(first=last, last=last), now=moment(last)).accounts["account"].to_list()
    return names


def lines_of(steps: set[tuple[date, str, str, str]]) -> list[str]:
    return sorted(f"{on} {account} {policy}: {step}" for on, account, step, policy in steps)


def _again(line: list[str], number: int) -> list[str]:
    """Another invoice of the same customer, some days after the first morning."""
    dated = MONDAY + timedelta(days=number % 5 + 1)
    return [line[0], f"{line[1]}-again", str(dated), str(dated + timedelta(days=2)), *line[4:]]


def _take(ws: Workspace, file: Path, rows: list[list[str]], on: date) -> None:
    with file.open("w", newline="") as text:
        csv.writer(text).writerows(rows)
    taken = take_in(ws, file, now=moment(on, 12), by="test", as_of=on)
    assert taken.report, [str(problem.sentence) for problem in taken.problems]
