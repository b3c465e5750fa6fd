"""What the service itself has to warn of: written down as alarms while it lasts, and ended when it is over."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

from sqlalchemy.engine import Connection, Engine

from engine.daemon.logs import Log
from engine.errors import DunwellError
from engine.store import alarms, database


class Warnings:
    """Knows which alarms stand, so that what is well costs no question. Used from several threads."""

    def __init__(self, clock: Callable[[], datetime], log: Log) -> None:
        self.clock, self.log = clock, log
        self.engine: Engine | None = None
        self._turn = threading.Lock()
        self._open: set[tuple[str, str]] | None = None

    def warn(self, kind: str, about: str, sentence: str) -> None:
        with self._turn:
            if self._note(lambda conn, now: alarms.raised(conn, kind, about, sentence, now)):
                self._standing().add((kind, about))

    def over(self, kind: str, about: str) -> None:
        """Nothing, where it does not stand."""
        with self._turn:
            stands = self._standing()
            if (kind, about) in stands and self._note(
                lambda conn, now: alarms.cleared(conn, kind, now, about)
            ):
                stands.discard((kind, about))

    def _standing(self) -> set[tuple[str, str]]:
        """Those of an earlier start too, which nobody else would end."""
        if self._open is None:
            assert self.engine is not None
            with database.reading(self.engine) as conn:
                self._open = {(one.kind, one.about) for one in alarms.standing(conn)}
        return self._open

    def _note(self, work: Callable[[Connection, datetime], object]) -> bool:
        """What cannot be written down now is in the log, and is seen again at the next look."""
        assert self.engine is not None
        try:
            with database.aside(self.engine) as conn:
                work(conn, self.clock())
        except DunwellError as error:
            self.log.failed("alarm not written", error)
            return False
        return True
