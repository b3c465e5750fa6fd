"""A workspace that a long-lived process keeps in memory, opened again where settings, people or files have changed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from sqlalchemy.engine import Engine

from engine import settings
from engine.core.problem import Problem
from engine.jobs.workspace import BrokenSettings, Workspace
from engine.store import database, people, released

Opens = Callable[[settings.Workspace, tuple[Problem, ...]], Workspace]


class Kept:
    """The workspace of a folder. Settings with mistakes leave it as it was; `wait` are seconds between two looks."""

    def __init__(self, root: Path, opens: Opens, *, wait: float = 0.0) -> None:
        self.root, self.opens, self.wait = root, opens, wait
        self._opened: tuple[object, Workspace] | None = None
        self._database: tuple[str, Engine] | None = None
        self._looked = float("-inf")
        self._lock = threading.Lock()

    def look(self) -> None:
        """Something may have changed: the next asking looks at once."""
        self._looked = float("-inf")

    def workspace(self) -> Workspace:
        """Raises BrokenSettings where there has never been a good one, and DatabaseError."""
        with self._lock:
            there = self._opened
            if there is not None and time.monotonic() - self._looked < self.wait:
                return there[1]
            files, problems = settings.load(self.root, self.root)
            if files is None:
                if there is None:
                    raise BrokenSettings(problems)
                return there[1]  # the service warns of the mistake
            seen = self._seen(files)
            if there is None or there[0] != seen:
                there = (seen, self.opens(files, problems))
            self._opened, self._looked = there, time.monotonic()
            return there[1]

    def _seen(self, files: settings.Workspace) -> object:
        """What would tell that a file is another one: names, sizes, moments of writing; the live release; the people."""
        folders = (files.policies, files.templates)
        paths = [files.root / settings.FILE, *(path for folder in folders for path in folder.rglob("*"))]
        return (self._known(files.database_url), *sorted((str(path), *_stat(path)) for path in paths))

    def _known(self, url: str, *, anew: bool = False) -> object:
        """What the database says of it. It is opened once, and again where it is no longer as that left it."""
        if anew or self._database is None or self._database[0] != url:
            self._database, anew = (url, database.open(url)), True
        engine = self._database[1]
        try:
            with database.reading(engine) as conn:
                if anew or database.fits(conn):
                    live = released.live(conn)
                    return (live.id if live else 0, *people.workers(conn))
        finally:
            engine.dispose()
        return self._known(url, anew=True)


def _stat(path: Path) -> Sequence[int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_size)
