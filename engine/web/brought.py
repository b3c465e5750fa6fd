"""The file that somebody brings into the set-up: looked at here where it is small, and beside the pages where it is not."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime
from functools import partial

from engine.jobs.set_up import intake
from engine.jobs.set_up.intake import Draft, Seen
from engine.jobs.workspace import Workspace
from engine.readers.confined import LIMITS
from engine.readers.table import Table
from engine.web import tries
from engine.web.works import State, Work, Works, in_a_child


class Brought:
    """One file, the last that was looked at: its tables, which are not opened again for every look, or how it looks."""

    def __init__(self) -> None:
        self.works = Works(partial(in_a_child, limits=LIMITS))
        self._opened: tuple[object, Sequence[Table] | None] | None = None
        self._seen: tuple[object, Seen] | None = None
        self._lock = threading.Lock()

    def seen(self, ws: Workspace, draft: Draft) -> Seen:
        """How it looks by its profile as it stands. Refused where the file cannot be opened any more."""
        tables = self._tables(ws, draft)
        if tables is not None:
            return intake.seen(draft, tables)
        by = (intake.stamp(ws, draft), draft.text)
        with self._lock:
            there = self._seen
        if there is None or there[0] != by:
            there = (by, intake.seen_apart(ws, draft))
            with self._lock:
                self._seen = there
        return there[1]

    def looked(self, ws: Workspace, draft: Draft, now: datetime) -> Work:
        """The whole file as it is read now, or how far somebody has come with it."""
        codes, name = intake.currencies(ws), f"reading {draft.name}"
        tables = self._tables(ws, draft)
        if tables is not None:
            return Work(name, now, State.DONE, tries.drawn_ledger(intake.look(draft, tables, codes)))
        key = (intake.stamp(ws, draft), draft.text, draft.as_of, codes)
        self.works.ask(key, name, now, tries.ledger, intake.content(ws), draft, codes)
        found = self.works.found(key)
        assert found is not None
        return found

    def keep(self, ws: Workspace, draft: Draft, tables: Sequence[Table] | None, seen: Seen | None) -> None:
        """This is the file that has just come, unless its profile says how it is to be opened."""
        how = draft.read()
        stamp = intake.stamp(ws, draft)
        plainly = not how.encoding and not how.separator
        with self._lock:
            self._opened = (stamp, tables) if plainly else None
            self._seen = ((stamp, draft.text), seen) if plainly and seen is not None else None

    def drop(self) -> None:
        with self._lock:
            self._opened = self._seen = None

    def _tables(self, ws: Workspace, draft: Draft) -> Sequence[Table] | None:
        """None where they are large."""
        stamp = intake.stamp(ws, draft)
        with self._lock:
            there = self._opened
        if there is None or there[0] != stamp:
            there = (stamp, intake.opened(ws, draft))
            with self._lock:
                self._opened = there
        return there[1]
