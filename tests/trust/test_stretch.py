"""Days to come, looked at side by side: the same as each of them looked at on its own."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from itertools import takewhile
from typing import Any

import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from engine.core.decision.draw import endless
from engine.core.decision.plan import day_of
from engine.core.decision.portfolio import Portfolio, portfolio
from engine.core.decision.signature import NONE, Signature
from engine.core.decision.state import State
from engine.core.language.policy import Clock, PolicyBook
from engine.core.language.trials import Trial, TrialFile
from engine.core.trust import trial
from engine.core.trust.stretch import seasons, side_by_side, timeless
from engine.core.workdays import ALWAYS, calendar
from engine.jobs.workspace import Workspace, open_workspace
from engine.start import lay_out
from tests.decision import worlds

OPEN = calendar(ALWAYS)
DAYS = 12


# -- one day -----------------------------------------------------------------------------------------------------------


@settings(max_examples=12, deadline=None, derandomize=True, database=None, phases=[Phase.generate])
@given(seed=st.integers(0, 2**32))
def test_every_account_stands_as_on_the_day_itself(seed: int) -> None:
    rng = random.Random(seed)
    rules = _timeless(worlds.book(rng))
    begins = worlds.ON
    state = worlds.state(rng, rules, 60)
    days = [begins + timedelta(days=number) for number in sorted(rng.sample(range(45), DAYS))]
    season = seasons(rules.house, days[0])
    days = list(takewhile(lambda on: seasons(rules.house, on) == season, days))
    rows = sorted(rng.sample(range(state.accounts.height), 40))
    stacked = _standing(rules, side_by_side(state, rows, days), days[0])
    for number, on in enumerate(days):
        there = replace(state, items=state.items.filter(pl.col("date") <= on))
        known = _standing(rules, there, on)
        for place, row in enumerate(rows):
            assert stacked[number * len(rows) + place] == known[row], (seed, on, row)


def _timeless(book: PolicyBook) -> PolicyBook:
    """The book without clocks of month ends."""
    book = endless(book)
    ends = (Clock.END_OF_MONTH, Clock.STATEMENT_DATE)
    policies = tuple(
        replace(policy, clock=Clock.DUE_DATE) if policy.clock in ends else policy for policy in book.policies
    )
    return replace(book, policies=policies)


def _standing(book: PolicyBook, state: State, on: date) -> dict[int, list[tuple[str | None, Signature]]]:
    """row -> the signature of each of its units, with the unit's item."""
    assert timeless(book, OPEN)
    view = portfolio(book, state, day_of(book, OPEN, on))
    found: dict[int, list[tuple[str | None, Signature]]] = {}
    for unit, row in enumerate(view.unit_row):
        found.setdefault(int(row), []).append((_item(view, unit), view.at(unit)))
    return found


def _item(view: Portfolio, unit: int) -> str | None:
    index = int(view.unit_item[unit])
    return None if index == NONE else str(view.items["item"][index])


def test_where_months_or_closed_days_count_no_day_is_like_another() -> None:
    book = _timeless(worlds.book(random.Random(1)))
    assert timeless(book, OPEN)
    assert not timeless(book, calendar("US"))
    for clock in (Clock.END_OF_MONTH, Clock.STATEMENT_DATE):
        first, *others = book.policies
        assert not timeless(replace(book, policies=(replace(first, clock=clock), *others)), OPEN)


# -- tests of policies -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("stretch") / "shop"
    lay_out(folder, date(2026, 11, 23))
    return open_workspace(folder)


@pytest.mark.parametrize(("spoilt", "few"), [(False, 60), (True, 5)])
def test_the_shipped_tests_end_as_day_by_day(
    shipped: Workspace, monkeypatch: pytest.MonkeyPatch, spoilt: bool, few: int
) -> None:
    """Also where they are spoilt: what comes on a day of which no test speaks is found there."""
    monkeypatch.setattr(trial, "_FEW", few)
    files = [_spoilt(file, random.Random(7)) if spoilt else file for file in shipped.trials]
    at_once, days = _run(shipped, files, monkeypatch)
    monkeypatch.setattr(trial, "timeless", lambda book, open_on: False)
    one_by_one, every_day = _run(shipped, files, monkeypatch)
    assert at_once == one_by_one
    assert all(result.passed for result in at_once) is not spoilt
    assert len(days) < len(every_day) / 2, "nothing was looked at side by side"


def _run(ws: Workspace, files: list[TrialFile], monkeypatch: pytest.MonkeyPatch) -> tuple[Any, list[date]]:
    """The results, and the days that were looked at on their own."""
    days: list[date] = []
    usual = trial._Group._day

    def counted(group: Any, on: date, active: Any) -> None:
        days.append(on)
        usual(group, on, active)

    with monkeypatch.context() as patch:
        patch.setattr(trial._Group, "_day", counted)
        return trial.run_trials(ws.live, files, ws.rules[:1]), days


def _spoilt(file: TrialFile, rng: random.Random) -> TrialFile:
    """Without half of what its tests expect."""
    return replace(file, trials=tuple(_less(one, rng) for one in file.trials))


def _less(one: Trial, rng: random.Random) -> Trial:
    *first, last = one.expect or (None,)
    kept = tuple(each for each in first if each is not None and rng.random() < 0.5)
    return replace(one, expect=(*kept, last)) if last is not None else one
