"""Houses for the stories."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.jobs.world import House


@pytest.fixture
def build(tmp_path: Path, database_url: str) -> Callable[..., House]:
    """A house with other policies or settings; its ledger comes in when the test says so."""
    return lambda **more: House(tmp_path, database_url, **more)


@pytest.fixture
def house(build: Callable[..., House]) -> House:
    """ACME and BOLT each owe an invoice that is five days late on Mon 5 Oct 2026."""
    found = build()
    for account in ("ACME", "BOLT"):
        found.owes(account, f"{account[0]}1", "2026-09-30")
        found.contact(account)
    found.import_customers()
    found.import_ledger("2026-10-05")
    return found
