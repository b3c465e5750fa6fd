"""What is done beside the pages."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from engine.web.works import State, Works

NOW = datetime(2026, 10, 12, 14, 30, tzinfo=UTC)


def test_what_a_page_has_found_stays_as_it_was_while_it_is_drawn() -> None:
    """Or it would say that a work is over beside the drawing of a moment ago, which was empty."""
    go, begun = threading.Event(), threading.Event()

    def apart(work: Callable[..., str], *arguments: Any) -> str:
        begun.set()
        go.wait(10)
        return work(*arguments)

    works = Works(apart)
    works.ask("key", "the drawing", NOW, lambda: "drawn")
    assert begun.wait(10)
    found = works.found("key")
    assert found is not None
    go.set()
    until = time.monotonic() + 10
    while not (now := works.found("key")) or not now.over:
        assert time.monotonic() < until
        time.sleep(0.005)
    assert (now.state, now.result) == (State.DONE, "drawn")
    assert not found.over
    assert found.result == ""
