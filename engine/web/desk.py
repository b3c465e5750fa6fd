"""What all pages share: the workspace, the database, the clock, the templates."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from jinja2 import Environment
from sqlalchemy.engine import Connection, Engine

from engine import settings
from engine.core.problem import Problem
from engine.jobs.deciding import deciding
from engine.jobs.kept import Kept
from engine.jobs.people.identity import Provider
from engine.jobs.workspace import Workspace, of_texts
from engine.settings import texts
from engine.store import database
from engine.web.ahead import Ahead, Today
from engine.web.brought import Brought
from engine.web.counts import Counts
from engine.web.html import environment
from engine.web.works import Works

_LOOK = 2.0  # seconds between two looks whether a file has changed


@dataclass
class Desk:
    """One for the whole process. `engine` is the database; jobs that open it themselves open the same."""

    root: Path
    engine: Engine
    clock: Callable[[], datetime]
    kept: Kept = field(init=False)
    written: Kept = field(init=False)
    works: Works = field(init=False, default_factory=Works)
    counts: Counts = field(init=False)
    _warmed: bool = field(init=False, default=False)
    pages: Environment = field(init=False)
    ahead: Ahead = field(init=False, default_factory=Ahead)
    today: Today = field(init=False, default_factory=Today)
    provider: Provider = field(init=False, default_factory=Provider)
    brought: Brought = field(init=False, default_factory=Brought)

    def __post_init__(self) -> None:
        self.kept = Kept(self.root, self._opened, wait=_LOOK)
        self.counts = Counts(self.engine)
        self.written = Kept(self.root, _of_the_files)
        self.pages = environment()

    def look(self) -> None:
        """Something has been written: whoever asks next sees it."""
        self.kept.look()
        self.written.look()

    @property
    def workspace(self) -> Workspace:
        """The workspace that decides, whatever is wrong with its files."""
        return self.kept.workspace()

    @property
    def files(self) -> Workspace:
        """The workspace as its files are written, which may have problems or wait for somebody's yes."""
        return self.written.workspace()

    def warm(self) -> None:
        """Messages are tried out for the first time while somebody is on the way to a text: it takes a second or two."""
        if not self._warmed:
            self._warmed = True
            threading.Thread(target=self.files.thorough, daemon=True).start()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One view of the database."""
        with database.reading(self.engine) as conn:
            yield conn

    def _opened(self, files: settings.Workspace, problems: tuple[Problem, ...]) -> Workspace:
        return deciding(of_texts(files, texts.read(files), problems), self.clock())[0]


def _of_the_files(files: settings.Workspace, problems: tuple[Problem, ...]) -> Workspace:
    return of_texts(files, texts.read(files), problems)


def now() -> datetime:
    """The machine's clock, asked at the edge of the process."""
    return datetime.now(UTC)
