"""The file that somebody brings into the set-up, opened once: a large one is not opened again for every look at it."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from engine.jobs.set_up import intake
from engine.jobs.set_up.intake import Draft
from engine.jobs.workspace import Workspace
from engine.readers.table import Table


class Brought:
    """The tables of one file, the last that was looked at."""

    def __init__(self) -> None:
        self._opened: tuple[object, Sequence[Table]] | None = None
        self._lock = threading.Lock()

    def tables(self, ws: Workspace, draft: Draft) -> Sequence[Table]:
        """Refused where the file cannot be opened any more."""
        with self._lock:
            stamp = intake.stamp(ws, draft)
            if self._opened is None or self._opened[0] != stamp:
                self._opened = (stamp, intake.opened(ws, draft))
            return self._opened[1]

    def keep(self, ws: Workspace, draft: Draft, tables: Sequence[Table]) -> None:
        """These are the tables of the file that has just come, unless its profile says how it is to be opened."""
        how = draft.read()
        with self._lock:
            self._opened = None if how.encoding or how.separator else (intake.stamp(ws, draft), tables)

    def drop(self) -> None:
        with self._lock:
            self._opened = None
