"""Sentences that the command line tells too, as a page and the API tell them."""

from __future__ import annotations

from datetime import date

import pytest

from engine.core.sentences import calls
from engine.web.html import without_commands


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (calls.drafted("ACME"), "The confirmation is drafted."),
        (
            calls.suggested("ACME", date(2026, 10, 19)),
            "Ask for a promise by Mon 19 Oct 2026 at the latest.",
        ),
        (calls.waits_for("credit manager", "ACME", ["5 days"]), "5 days waits for a credit manager."),
        ("Logged: hung up: 10:30.\nNo call follows: it is late.", None),
    ],
)
def test_what_one_would_type_next_is_left_out(said: str, told: str | None) -> None:
    assert without_commands(f"Logged.\n{said}") == f"Logged.\n{told or said}"
    assert "dunwell" not in without_commands(said)
