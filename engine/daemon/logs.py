"""The service's log: one line for each thing that happened, with numbers and keys, and nothing about people.

A line has only the fields that `Log` knows, so nothing else can get into it: when, how grave, what happened,
which duty, how many, which key, and a sentence of ours. Sentences lose what belongs to people or must stay
secret: addresses, what stands in quotation marks, the passwords of the settings and the names of colleagues.
Other programs' messages are not repeated: of an exception that is not ours only its kind and place are told.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
import traceback
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, datetime
from enum import IntEnum, StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO
from urllib.parse import unquote

from pydantic import BaseModel, SecretStr

from engine.errors import DatabaseError, DunwellError
from engine.settings import COMPANY, Workspace

_PACKAGE = Path(__file__).parents[1]
_LONGEST = 400  # characters of a sentence
_WORDS = re.compile(r"[a-z][a-z0-9 _-]{0,60}")  # an event, a duty, the name of a count
_MAIL = re.compile(r"[^\s<>\"“”,;:]+@[^\s<>\"“”,;]+")
_PHONE = re.compile(r"\+\d[\d\s()./-]{6,}\d")
_QUOTED = re.compile(r"“([^”]*)”|\"([^\"]*)\"")
_HARMLESS = re.compile(r"dunwell[ \w-]*|[\w.-]*/[\w./-]*|[\w-]+\.[a-z]{2,5}")  # a command, a path, a file
_LOGIN = re.compile(r"(\w://[^\s/:@]*):[^\s/@]*@")
# Libraries whose own words, without the values in them, say nothing about people.
_KNOWN = ("apscheduler", "uvicorn", "asyncio", "alembic")
_HIDDEN = "…"


class Level(IntEnum):
    """How grave; the numbers are syslog's, which journald reads at the head of a line."""

    ERROR = 3
    WARNING = 4
    INFO = 6
    DEBUG = 7


class Style(StrEnum):
    """How a line is written."""

    JSON = "json"
    JOURNAL = "journal"  # JSON after the priority, as journald reads it
    PLAIN = "plain"  # for a person at a terminal


class Log:
    """Where the service writes what happens. Writing never raises: `lost` counts the lines that found no room."""

    def __init__(
        self,
        stream: TextIO,
        clock: Callable[[], datetime],
        *,
        style: Style = Style.JSON,
        hide: Collection[str] = (),
        company: str = "",
    ) -> None:
        self.stream, self.clock, self.style, self.company = stream, clock, style, company
        self.lost = 0
        self._turn = threading.Lock()
        self._hide = _pattern(hide)

    @classmethod
    def of(
        cls,
        stream: TextIO,
        environment: Mapping[str, str],
        clock: Callable[[], datetime],
        *of: Workspace | None,
    ) -> Log:
        """As the surroundings want it: for journald where it listens, for a person at a terminal, else plain JSON."""
        style = Style.PLAIN if stream.isatty() else Style.JSON
        if environment.get("JOURNAL_STREAM") and not stream.isatty():
            style = Style.JOURNAL
        houses = [ws for ws in of if ws is not None]
        hide = [word for ws in houses for word in hidden(ws)]
        whose = houses[0].settings.workspace.company if len(houses) == 1 else COMPANY
        return cls(stream, clock, style=style, hide=hide, company=whose if whose != COMPANY else "")

    def debug(self, event: str, **more: Any) -> None:
        self.write(Level.DEBUG, event, **more)

    def info(self, event: str, **more: Any) -> None:
        self.write(Level.INFO, event, **more)

    def warning(self, event: str, **more: Any) -> None:
        self.write(Level.WARNING, event, **more)

    def error(self, event: str, **more: Any) -> None:
        self.write(Level.ERROR, event, **more)

    def failed(self, event: str, error: BaseException, *, duty: str = "", key: str = "") -> None:
        """An exception: its kind, our own sentence, and the places in our code that it came through."""
        told: dict[str, Any] = {"type": _kind(error), "place": _places(error.__traceback__)}
        if sentence := _sentence(error):
            told["sentence"] = self.clean(sentence)
        cause = error.__cause__ or error.__context__
        if cause is not None:
            told["cause"] = _kind(cause)
        self.write(Level.ERROR, event, duty=duty, key=key, error=told)

    def write(
        self,
        level: Level,
        event: str,
        *,
        duty: str = "",
        key: str = "",
        said: str = "",
        counts: Mapping[str, float] | None = None,
        error: Mapping[str, Any] | None = None,
    ) -> None:
        """One line. `counts` are numbers by name; whatever else is handed over in it is left out."""
        told: dict[str, Any] = {
            "at": self.clock().astimezone(UTC).isoformat(timespec="milliseconds"),
            "level": level.name.lower(),
            "event": event if _WORDS.fullmatch(event) else "event",
        }
        if self.company:
            told["company"] = self.company
        if duty and _WORDS.fullmatch(duty):
            told["duty"] = duty
        numbers = {
            name: round(value, 3) if isinstance(value, float) else int(value)
            for name, value in (counts or {}).items()
            if isinstance(value, int | float) and _WORDS.fullmatch(name)
        }
        if numbers:
            told["counts"] = numbers
        if key:
            told["key"] = self.clean(key)
        if said:
            told["said"] = self.clean(said)
        if error:
            told["error"] = dict(error)
        self._out(level, told)

    def clean(self, sentence: str) -> str:
        """A sentence without what belongs to people or must stay secret."""
        text = self._hide.sub(_HIDDEN, sentence) if self._hide else sentence
        text = _MAIL.sub(_HIDDEN, _LOGIN.sub(rf"\1:{_HIDDEN}@", text))
        text = _PHONE.sub(_HIDDEN, text)
        text = _QUOTED.sub(lambda found: _unquoted(found[0], found[1] or found[2] or ""), text)
        return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + _HIDDEN

    def _out(self, level: Level, told: Mapping[str, Any]) -> None:
        if self.style is Style.PLAIN:
            line = _plain(told)
        else:
            head = f"<{level.value}>" if self.style is Style.JOURNAL else ""
            # ASCII only: no character in it ends a line or steers a terminal.
            line = head + json.dumps(told, allow_nan=False, separators=(",", ":"), default=str)
        try:
            with self._turn:
                self.stream.write(line + "\n")
                self.stream.flush()
        except (OSError, ValueError):  # no room, or the stream is closed: the work goes on
            self.lost += 1

    def catch_all(self) -> None:
        """Libraries' warnings and whatever nobody caught come here too, in the same form. For a whole process."""
        root = logging.getLogger()
        root.handlers[:] = [_Handler(self)]
        root.setLevel(logging.WARNING)
        logging.captureWarnings(True)
        sys.excepthook = lambda kind, error, trace: self.failed("uncaught", error)
        threading.excepthook = lambda told: (
            self.failed("uncaught", told.exc_value) if told.exc_value is not None else None
        )


class _Handler(logging.Handler):
    """What libraries log: by whom and how grave; the words, without the values in them, of those we know."""

    def __init__(self, log: Log) -> None:
        super().__init__()
        self.log = log

    def emit(self, record: logging.LogRecord) -> None:
        grave = record.levelno
        level = Level.ERROR if grave >= logging.ERROR else Level.WARNING
        level = level if grave >= logging.WARNING else Level.INFO
        name = record.name.split(".")[0]
        words = record.msg if name in _KNOWN and isinstance(record.msg, str) and record.args else ""
        error = record.exc_info[1] if record.exc_info else None
        told = {"type": _kind(error), "place": _places(error.__traceback__)} if error else None
        said = f"{record.name}: {words}" if words else record.name
        self.log.write(level, "library", said=said, error=told)


def hidden(ws: Workspace) -> frozenset[str]:
    """What must never be in a log: every secret of the settings, and the names and addresses of who works here."""
    settings = ws.settings
    found = set(_secrets(settings))
    for person in settings.people.values():
        found |= {person.name, str(person.email or ""), person.phone}
    return frozenset(word for word in found if word)


def _secrets(value: Any) -> Iterator[str]:
    """Every SecretStr within, and the password of every address."""
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _secrets(getattr(value, name))
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _secrets(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _secrets(one)
    elif isinstance(value, str) and (found := re.match(r"[\w+.-]+://[^/:@]*:(.*)@", value)):
        yield from {found[1], unquote(found[1])}
    if isinstance(value, str) and (found := re.search(r"[?&]password=([^&]+)", value)):
        yield from {found[1], unquote(found[1])}


def _pattern(words: Collection[str]) -> re.Pattern[str] | None:
    """The longest first. A short one counts only as a word of its own, or half the log would be gone."""
    ordered = sorted({word.strip() for word in words if word.strip()}, key=lambda word: (-len(word), word))
    parts = [re.escape(word) if len(word) > 5 else rf"(?<!\w){re.escape(word)}(?!\w)" for word in ordered]
    return re.compile("|".join(parts), re.IGNORECASE) if parts else None


def _unquoted(whole: str, inside: str) -> str:
    return whole if _HARMLESS.fullmatch(inside) else f"“{_HIDDEN}”"


def _kind(error: BaseException) -> str:
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _sentence(error: BaseException) -> str:
    """Only sentences of ours: another's text may repeat any value."""
    if isinstance(error, DunwellError):
        # What a database says of its own accord can quote a row.
        return error.sentence.partition(": ")[0] if type(error) is DatabaseError else error.sentence
    return (error.strerror or "") if isinstance(error, OSError) else ""


def _places(trace: TracebackType | None) -> list[str]:
    """`outbox/round.py:120 deliver`, of our own code, the innermost last; no line of code, no value."""
    return [
        f"{Path(frame.filename).relative_to(_PACKAGE).as_posix()}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(trace, limit=-60)
        if Path(frame.filename).is_relative_to(_PACKAGE)
    ][-6:]


def _plain(told: Mapping[str, Any]) -> str:
    """`09:00:01 info run: 3 messages planned (messages 3)`; control characters are shown, not obeyed."""
    parts = [
        str(told["at"])[11:19],
        str(told["level"]),
        ": ".join(told[k] for k in ("duty", "event") if k in told),
    ]
    parts += [str(told[name]) for name in ("said", "key") if name in told]
    if counts := told.get("counts"):
        parts.append(", ".join(f"{name} {number}" for name, number in counts.items()))
    if error := told.get("error"):
        place = error["place"][-1:] or [""]
        parts.append(" ".join(filter(None, (error["type"], error.get("sentence", ""), place[0]))))
    line = "  ".join(parts)
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)
