"""Which days and hours a customer may be contacted in: not weekends, not holidays, and by their own clock."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    import holidays

WEEKDAYS: tuple[int, ...] = (0, 1, 2, 3, 4)  # Monday is 0
WEEKENDS_ONLY = "none"  # no holidays, only weekends are closed
ALWAYS = "always"  # every day is open: what a policy test takes when it names no calendar
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Calendar:
    """The open days of a place. Calendars of the same name and weekdays are equal.

    `name` is a country ("US"), a country and its part ("DE-BY"), "none" or "always"; `weekdays` are the
    open days of the week, Monday 0. Build it with `calendar`, which knows whether the name exists.
    """

    name: str
    weekdays: tuple[int, ...] = WEEKDAYS

    def why_closed(self, day: date) -> str | None:
        """The holiday's English name, "weekend", or None for an open day."""
        if self.name == ALWAYS:
            return None
        holiday = None if self.name == WEEKENDS_ONLY else _holidays(self.name, day.year).get(day)
        return holiday or (None if day.weekday() in self.weekdays else "weekend")

    def is_open(self, day: date) -> bool:
        return self.why_closed(day) is None

    def next_open(self, day: date) -> date:
        """The day itself where it is open, else the first open day after it."""
        while not self.is_open(day):
            day += _DAY
        return day

    def add_open(self, day: date, days: int) -> date:
        """The n-th open day after `day`, which itself is not counted; for 0 days what `next_open` says."""
        if days < 0:
            raise ValueError("open days are counted forward")
        if days == 0:
            return self.next_open(day)
        for _ in range(days):
            day = self.next_open(day + _DAY)
        return day

    def open_days(self, start: date, end: date) -> list[date]:
        """Every open day from `start` to `end`, both included, in order: for joining in columns."""
        span = (start + timedelta(days=n) for n in range((end - start).days + 1))
        return [day for day in span if self.is_open(day)]


def calendar(name: str, weekdays: tuple[int, ...] = WEEKDAYS) -> Calendar:
    """The calendar of that name ("US", "de-by", "none", "always"). LookupError where no such calendar exists.

    Ask `is_calendar` first where a person wrote the name, and offer what `calendars` lists.
    """
    written = _written(name)
    if written is None:
        raise LookupError(name)
    if not weekdays or not set(weekdays) <= set(range(7)):
        raise ValueError("a calendar needs at least one open day of the week, Monday 0 to Sunday 6")
    return Calendar(written, tuple(sorted(set(weekdays))))


def is_calendar(name: str) -> bool:
    return _written(name) is not None


def calendars() -> tuple[str, ...]:
    """Every name a calendar can have, in order."""
    import holidays

    supported = holidays.list_supported_countries()
    parts = [f"{country}-{part}" for country, parts in supported.items() for part in parts]
    return tuple(sorted((WEEKENDS_ONLY, ALWAYS, *supported, *parts)))


def holiday(country: str, day: date) -> str | None:
    """The public holiday of a country on a day, by its English name; None on other days, and where none are known."""
    code = country.upper()
    return _holidays(code, day.year).get(day) if code in _countries() else None


@dataclass(frozen=True, slots=True)
class Hours:
    """Contact hours, in minutes after midnight of the customer's own clock; at `closes` they are over."""

    opens: int = 8 * 60 + 30
    closes: int = 17 * 60

    def __post_init__(self) -> None:
        if not 0 <= self.opens < self.closes <= 24 * 60:
            raise ValueError("contact hours open before they close, within one day")

    def hold(self, moment: datetime) -> bool:
        """Whether a moment, already on the customer's clock, lies within the hours."""
        return self.opens <= moment.hour * 60 + moment.minute < self.closes


ALL_DAY = Hours(0, 24 * 60)


@lru_cache(1000)
def is_zone(name: str) -> bool:
    """Whether this is a time zone of the IANA list, as "America/New_York" is."""
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError):  # the name of a folder of the list raises OSError
        return False
    return True


def zone_of(own: str | None, office: str) -> str:
    """The zone a customer is reached in: their own, or the office's where theirs is not known or is none.

    No word that a database holds may stop a run.
    """
    return own if own and is_zone(own) else office


def local(moment: datetime, zone: str) -> datetime:
    """A moment on the customer's clock. ValueError for a moment that has no time zone of its own."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return moment.astimezone(ZoneInfo(zone))


def may_contact(moment: datetime, zone: str, open_on: Calendar, hours: Hours) -> bool:
    """Whether it is an open day and within the hours where the customer is."""
    there = local(moment, zone)
    return open_on.is_open(there.date()) and hours.hold(there)


def window(moment: datetime, zone: str, open_on: Calendar, hours: Hours) -> datetime:
    """The next moment at which the customer may be contacted, in UTC; `moment` itself where that is now.

    On the night the clocks change, an hour that is skipped or comes twice is read to the shorter hours.
    """
    day = local(moment, zone).date()
    while True:
        day = open_on.next_open(day)
        opens = max(_instants(day, hours.opens, zone))
        closes = min(_instants(day, hours.closes, zone))
        start = max(moment.astimezone(UTC), opens)
        if start < closes:
            return start
        day += _DAY


def _instants(day: date, minutes: int, zone: str) -> tuple[datetime, datetime]:
    """Both readings of a wall-clock time in UTC; they differ only when the clocks change over it."""
    wall = datetime.combine(day, time(), tzinfo=ZoneInfo(zone)) + timedelta(minutes=minutes)
    return wall.replace(fold=0).astimezone(UTC), wall.replace(fold=1).astimezone(UTC)


@cache
def _written(name: str) -> str | None:
    """The name of a calendar as it is written properly: "DE-BY" of " de-by". None where there is no such calendar."""
    wanted = name.strip().lower()
    if wanted in (WEEKENDS_ONLY, ALWAYS):
        return wanted
    country, dash, part = wanted.partition("-")
    country = country.upper()
    if country not in _countries():
        return None
    parts = {known.lower(): known for known in _country(country).subdivisions} if dash else {"": ""}
    return f"{country}{dash}{parts[part]}" if part in parts else None


@cache
def _countries() -> Mapping[str, str]:
    """The module of each country's code. A house without holidays never loads any."""
    from holidays.registry import COUNTRIES

    return {code: module for module, (_, *codes) in COUNTRIES.items() for code in codes}


@cache
def _holidays(name: str, year: int) -> Mapping[date, str]:
    country, _, part = name.partition("-")
    days = _country(country)(subdiv=part or None, years=year, language="en_US", expand=False)
    return {day: days.get(day, "").replace("; ", " and ") for day in days}


@cache
def _country(code: str) -> type[holidays.HolidayBase]:
    """The holidays of one country. Their package imports all 250 countries, a sixth of a second in every process, so
    it stands in as a bare folder while this one is imported.
    """
    import holidays

    package, module = "holidays.countries", _countries()[code]
    if package not in sys.modules:
        bare = ModuleType(package)
        bare.__path__ = [str(Path(holidays.__file__).with_name("countries"))]
        sys.modules[package] = bare
        try:
            import_module(f"{package}.{module}")
        finally:
            sys.modules.pop(package, None)
    found: type[holidays.HolidayBase] = getattr(import_module(f"{package}.{module}"), code)
    return found
