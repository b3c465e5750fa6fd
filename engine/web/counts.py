"""Who stands where on the ladders, counted once a run, beside the pages."""

from __future__ import annotations

import threading

from sqlalchemy.engine import Engine

from engine.errors import DatabaseError
from engine.jobs.ladders import Standing, standing
from engine.store import database
from engine.store.standing import Newest

_PATIENCE = 0.06  # seconds for which a page waits: a small house is counted within them


class Counts:
    """Of one process. A run never changes, so what was counted of it stays; what was had is as of the counting."""

    def __init__(self, engine: Engine, patience: float = _PATIENCE) -> None:
        self.engine, self.patience = engine, patience
        self._found: tuple[tuple[int, int], Standing | None] | None = None
        self._counting: threading.Thread | None = None
        self._lock = threading.Lock()

    def of(self, newest: Newest) -> Standing | None:
        """None while it is being counted."""
        key = (newest.run, newest.times)
        with self._lock:
            if self._found is not None and self._found[0] == key:
                return self._found[1]
            if self._counting is None or not self._counting.is_alive():
                self._counting = threading.Thread(target=self._count, args=(key,), daemon=True)
                self._counting.start()
            counting = self._counting
        counting.join(self.patience)
        with self._lock:
            return self._found[1] if self._found is not None and self._found[0] == key else None

    def _count(self, key: tuple[int, int]) -> None:
        try:
            with database.reading(self.engine) as conn:
                found = standing(conn)
        except DatabaseError:  # asked again by the next who looks
            return
        with self._lock:
            self._found = (key, found)
