"""Where the world comes in: the clock, who is asking, where the workspace is, and the screen."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import typer

from engine.core.spoken import read_day

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from sqlalchemy.engine import Connection

    from engine.core.problem import Problem
    from engine.jobs.cases import Who
    from engine.jobs.workspace import Workspace
    from engine.store.view import View

_PIPED = 100  # columns, where there is no screen to ask


def now() -> datetime:
    """The machine's clock, asked in this one place."""
    return datetime.now(UTC)


@dataclass
class Edge:
    """What a command is given of the world."""

    clock: Callable[[], datetime] = now
    folder: Path | None = None
    debug: bool = False
    _decides: tuple[Workspace, str] | None = None

    @cached_property
    def workspace(self) -> Workspace:
        """The workspace, whatever is wrong with its policies. Refused where there is none."""
        from engine.jobs.workspace import open_workspace

        return open_workspace(self.folder)

    @property
    def files(self) -> Workspace:
        """The workspace, where all its files are good; else every problem is shown, and that is all."""
        return self._good(self.workspace)

    @property
    def live(self) -> Workspace:
        """The workspace that decides: of the files, or of the release that is live where that is not the same."""
        return self._good(self._deciding(writes=False)[0])

    @property
    def deciding(self) -> Workspace:
        """As `live`, for what can be done whatever is wrong with the policies."""
        return self._deciding(writes=False)[0]

    @property
    def thorough(self) -> Workspace:
        """As `live`, with every message tried out too: before anything is sent."""
        return self._good(self._deciding(writes=True)[0].thorough())

    @property
    def at_hand(self) -> Workspace:
        """The workspace that decides, whatever is wrong with its files: whoever only looks is not stopped by that."""
        return self._deciding(writes=False)[0]

    def say_what_decides(self) -> None:
        """A line beside the output, where what decides is not what the files say."""
        if told := self._deciding(writes=False)[1]:
            _console(sys.stderr).print(told, style="yellow", soft_wrap=True)

    def tell(self, text: str) -> None:
        """A line beside the output, that somebody should know of."""
        _console(sys.stderr).print(text, style="yellow", soft_wrap=True)

    def _deciding(self, *, writes: bool) -> tuple[Workspace, str]:
        from engine.jobs.deciding import deciding

        if self._decides is None:
            self._decides = deciding(self.workspace, self.clock(), writes=writes)
        return self._decides

    def _good(self, ws: Workspace) -> Workspace:
        if ws.book is None:
            self.show_problems(ws.problems)
            raise typer.Exit(1)
        return ws

    @contextmanager
    def glance(self) -> Iterator[View]:
        """As `reading`, for what is asked without SQLAlchemy."""
        from engine.store.glance import glance

        self.has_ledger()
        with glance(self.workspace.files.database_url) as view:
            yield view

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One look into the database. Refused where no ledger has come in yet."""
        from engine.store import database

        self.has_ledger()
        engine = self.workspace.database(read_only=True)
        try:
            with database.reading(engine) as conn:
                yield conn
        finally:
            engine.dispose()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One change of the database, whole or not at all."""
        from engine.store import database

        self.has_ledger()
        engine = self.workspace.database()
        try:
            with database.writing(engine) as conn:
                yield conn
        finally:
            engine.dispose()

    def has_ledger(self) -> None:
        """Refused where there is no database, because no ledger was ever taken in."""
        from engine.errors import Refused

        if not self.workspace.files.has_database:
            raise Refused(
                "there is no ledger yet",
                "“dunwell import FILE” takes one in: your accounting system's export",
            )

    def day(self, option: str, text: str | None) -> date:
        """A day as a person writes it; without one, today where the office is."""
        today = self.moment().date()
        if text is None:
            return today
        try:
            return read_day(text, today)
        except ValueError as error:
            raise typer.BadParameter(str(error), param_hint=option) from None

    def moment(self) -> datetime:
        """This moment, on the office's clock."""
        return self.clock().astimezone(ZoneInfo(self.workspace.settings.workspace.zone))

    def moment_of(self, on: date) -> datetime:
        """This moment where `on` is today; else ten in the morning of that day, on the office's clock."""
        here = self.moment()
        return here if on == here.date() else datetime.combine(on, time(10), here.tzinfo)

    def who(self, by: str | None, on: date) -> Who:
        """The author of a change: as named, else DUNWELL_USER, else who is logged in; with the roles of dunwell.toml."""
        from engine.jobs.cases import Who

        files = self.workspace.files
        name, people = author(by), files.settings.people
        id = files.person(name)
        roles = frozenset(people[id].roles if id else ()) if people else None
        return Who(id or name, self.moment_of(on).astimezone(UTC), on, roles=roles)

    @cached_property
    def screen(self) -> Console:
        return _console(sys.stdout)

    def show(self, what: RenderableType) -> None:
        """A drawing; where it is piped, its lines end where their text does."""
        if self.screen.is_terminal:
            self.screen.print(what)
            return
        with self.screen.capture() as drawn:
            self.screen.print(what)
        lines = [line.rstrip() for line in drawn.get().splitlines()]
        sys.stdout.write("\n".join(lines) + "\n")

    def say(self, text: str, style: str = "") -> None:
        """A line of text as it is: nothing in it is taken for a mark-up."""
        from rich.text import Text

        self.screen.print(Text(text, style), soft_wrap=True)

    def show_problems(self, problems: Iterable[Problem]) -> None:
        from engine.screen.problems import problems_drawn

        _console(sys.stderr).print(problems_drawn(tuple(problems)), soft_wrap=True)

    def show_warnings(self, problems: Sequence[Problem]) -> None:
        """What is odd about a file that was taken in all the same, a line each."""
        from engine.screen.problems import warnings_drawn

        if problems:
            _console(sys.stderr).print(warnings_drawn(problems), soft_wrap=True)

    def write_json(self, value: Any) -> None:
        """One JSON value on the output, with the same keys in the same order each time."""
        write_bytes(json_bytes(value))


def author(by: str | None) -> str:
    if by or (by := os.environ.get("DUNWELL_USER")):
        return by
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user that has no name on this machine
        return "unknown"


def edge_of(ctx: typer.Context) -> Edge:
    found = ctx.obj
    assert isinstance(found, Edge)
    return found


def json_bytes(value: Any) -> bytes:
    import orjson

    return orjson.dumps(value, default=str, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def write_bytes(data: bytes) -> None:
    """Bytes to the output, whatever its encoding."""
    sys.stdout.flush()
    buffer = getattr(sys.stdout, "buffer", None)
    if buffer is None:
        sys.stdout.write(data.decode())
    else:
        buffer.write(data)
        buffer.flush()


def write_file(path: str, data: bytes) -> str:
    """A file, whole or not at all; `-` is the output. Says where it is."""
    if path == "-":
        write_bytes(data)
        return ""
    target = Path(path)
    part = target.with_name(f".{target.name}.part")
    try:
        part.write_bytes(data)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return f"{target} is written."


def _console(file: Any) -> Console:
    """Colour and the screen's width on a terminal; plain, and wide enough, where it is piped."""
    from rich.console import Console

    terminal = file.isatty()
    wide = None if terminal or os.environ.get("COLUMNS", "").isdigit() else _PIPED
    return Console(file=file, width=wide, highlight=False, emoji=False, markup=False, soft_wrap=False)
