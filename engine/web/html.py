"""How values are written on a page: the same words as on every other surface, always escaped."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from engine.screen.written import clean, count, day_month, full_day, listed, money, short_day, whole_money

HERE = Path(__file__).parent
STATIC = HERE / "static"


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


_FILTERS: dict[str, Callable[..., Any]] = {
    "clean": _clean,
    "clock": _clock,
    "count": count,
    "day": _day,
    "full_day": full_day,
    "listed": listed,
    "moment": _moment,
    "money": money,
    "short_day": short_day,
    "whole_money": whole_money,
}
