"""A run or a delivery in a process of its own, that dies where it is told."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import Any

from engine.jobs import deliver, evaluate
from engine.jobs.workspace import open_workspace
from engine.outbox import Delivery
from engine.store import runs
from tests.jobs.world import moment


def main(root: str, day: str, what: str, point: str, nth: str) -> None:
    ws = open_workspace(Path(root))
    at = moment(day, "10:00")
    seen = 0

    def watch(name: str, key: str = "") -> None:
        nonlocal seen
        seen += name == point
        if name == point and seen == int(nth):
            os._exit(137)

    if what in ("run", "day"):
        commit = runs.commit_run

        def committing(*arguments: Any) -> Any:
            done = commit(*arguments)
            watch("before commit")
            return done

        evaluate.runs.commit_run = committing
        evaluate.run(ws, on=date.fromisoformat(day), now=at)
        watch("after commit")
    if what in ("deliver", "day"):
        make = Delivery

        def watched(**more: Any) -> Delivery:
            return make(**more, watch=watch)

        deliver.Delivery = watched  # type: ignore[assignment, misc]
        deliver.deliver_now(ws, now=at)
