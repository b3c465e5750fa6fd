"""How values are written on a page: the same words as on every other surface, always escaped."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from engine.core.decision.summary import PreviewDay
from engine.core.language.policy import Kind
from engine.screen.written import (
    clean,
    count,
    day_month,
    full_day,
    listed,
    money,
    short_day,
    span,
    whole_money,
)
from engine.store.happened import Happened

HERE = Path(__file__).parent
STATIC = HERE / "static"
_COMMAND = re.compile(r"(?<=\w)\.?(?:  [^:]*)?:  dunwell .*")  # as sentences end that say what to type next


def environment() -> Environment:
    """Everything is escaped, whatever a template is called; an unknown name is an error."""
    found = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    found.filters |= _FILTERS
    found.globals |= {"static": static, "url": url}
    return found


@cache
def static(name: str) -> str:
    """The address of a file of ours, with what is in it: it may be kept for ever."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


def url(*parts: object) -> str:
    """An address of ours; every part is written so that it stays one."""
    return "/" + "/".join(quote(str(part), safe="") for part in parts)


def for_page(hint: str) -> str:
    """What helps, as a page says it; what speaks of the command line helps nobody here."""
    return "" if "dunwell " in hint or "--" in hint else hint


def without_commands(said: str) -> str:
    """What was done and what follows, as a page says it, or the answer to a program: without what one would type next."""
    return "\n".join(_COMMAND.sub(".", line) for line in said.split("\n"))


def _clean(value: object) -> str:
    """Somebody else's words on one line, without characters that would turn a line around."""
    return clean(str(value))


def _clock(value: datetime, zone: str) -> str:
    """`14:30`."""
    return f"{value.astimezone(ZoneInfo(zone)):%H:%M}"


def _moment(value: datetime, zone: str) -> str:
    """`Mon 23 Nov 14:30`."""
    here = value.astimezone(ZoneInfo(zone))
    return f"{day_month(here.date())} {here:%H:%M}"


def _day(value: date | None) -> str:
    return day_month(value) if value else ""


def _paragraphs(text: str) -> list[tuple[str, list[str]]]:
    """A plain text as ("text", [paragraph]) and ("list", lines), without the title above a line of equals signs."""
    found: list[tuple[str, list[str]]] = []
    for part in re.split(r"\n\s*\n", text.strip()):
        lines = [line.strip() for line in part.splitlines()]
        if len(lines) > 1 and re.fullmatch(r"=+", lines[1]):
            lines = lines[2:]
        told: list[str] = []
        for line in lines:
            if line.startswith(("- ", "· ", "* ")) or not told:
                told.append(line)
            else:
                told[-1] += f" {line}"
        for line in told:
            kind, words = ("list", line[2:]) if line.startswith(("- ", "· ", "* ")) else ("text", line)
            if kind == "list" and found and found[-1][0] == "list":
                found[-1][1].append(words)
            else:
                found.append((kind, [words]))
    return found


def _first_written(kinds: Collection[Kind]) -> Kind | None:
    """Of a step's kinds the message, which has a text to look at."""
    return next((kind for kind in Kind if kind in kinds and kind.written), None)


def _by_day(lines: Sequence[Happened]) -> list[tuple[date, list[Happened]]]:
    """Neighbours of one day together."""
    return [(day, list(group)) for day, group in groupby(lines, key=lambda line: line.on)]


def _sum_of(days: Sequence[PreviewDay], kind: Kind) -> int:
    """How many of a kind on all days."""
    return sum(day.counts.get(kind, 0) for day in days)


_FILTERS: dict[str, Callable[..., Any]] = {
    "clean": _clean,
    "clock": _clock,
    "count": count,
    "day": _day,
    "first_written": _first_written,
    "for_page": for_page,
    "full_day": full_day,
    "groupby_day": _by_day,
    "listed": listed,
    "moment": _moment,
    "money": money,
    "paragraphs": _paragraphs,
    "short_day": short_day,
    "span": span,
    "sum_of": _sum_of,
    "whole_money": whole_money,
}
