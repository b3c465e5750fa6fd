"""When a call or a message that follows is due: to the minute, and always within the customer's contact hours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from engine.core.language.follows import Delay, Unit
from engine.core.workdays import Calendar, Hours, local, window


@dataclass(frozen=True, slots=True)
class Due:
    """The customer's day, and the moment in UTC where one was meant: without it, any time of the day is right."""

    day: date
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Clock:
    """Where and when a customer can be reached."""

    zone: str
    calendar: Calendar
    hours: Hours

    def from_moment(self, at: datetime) -> Due:
        """At a moment, or else when the customer next opens."""
        opens = window(at, self.zone, self.calendar, self.hours)
        return Due(local(opens, self.zone).date(), opens)

    def from_day(self, day: date) -> Due:
        """On a day, or the next open one."""
        return Due(self.calendar.next_open(day))

    def said(self, day: date, clock: time) -> Due:
        """At a time that the customer named, by their own clock."""
        return self.from_moment(datetime.combine(day, clock, ZoneInfo(self.zone)))

    def after(self, delay: Delay, at: datetime) -> Due:
        """So long after a moment. Days are the customer's; minutes and hours that end outside their hours wait for the next."""
        today = local(at, self.zone).date()
        match delay.unit:
            case Unit.MINUTE:
                return self.from_moment(at + timedelta(minutes=delay.count))
            case Unit.HOUR:
                return self.from_moment(at + timedelta(hours=delay.count))
            case Unit.DAY:
                return self.from_day(today + timedelta(days=delay.count))
            case Unit.OPEN_DAY:
                return Due(self.calendar.add_open(today, delay.count))

    def rest_until(self, cool: Delay, on: date) -> date:
        """The last day of a cooling-off that begins today; minutes and hours are the rest of the day."""
        match cool.unit:
            case Unit.DAY:
                return on + timedelta(days=cool.count)
            case Unit.OPEN_DAY:
                return self.calendar.add_open(on, cool.count)
            case _:
                return on

    def not_in(self, due: Due, rest: date | None) -> Due:
        """The same, or the first open day after a rest that it would fall into."""
        if rest is None or due.day > rest:
            return due
        return self.from_day(rest + timedelta(days=1))
