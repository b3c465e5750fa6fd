"""A test written from what really happened to an account."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from engine.core.trust.trial import run_trials
from engine.errors import NotFound, Refused
from engine.jobs.cases import disputes
from engine.jobs.recorded import write_test
from engine.jobs.workspace import open_workspace
from tests.jobs.world import House, moment


def live(house: House, first: str, last: str, *, but: tuple[str, ...] = ()) -> None:
    """Every day from one to another is run, with a fresh ledger, but for some."""
    on = date.fromisoformat(first)
    while on <= date.fromisoformat(last):
        if on.isoformat() not in but:
            house.day(on.isoformat())
        on += timedelta(days=1)


def test_a_ladder_as_it_went(house: House) -> None:
    live(house, "2026-10-05", "2026-10-14")
    made = write_test(house.ws, "ACME", moment("2026-10-14", "12:00"))
    print(made.text)
    assert made.path == "policies/tests/standard-history-1.yaml"
    assert "ACME" not in made.text
    assert 0
