"""When a day's run is due: once for each date, at an hour of the office's clock, whatever the clock does that night."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

# A run late in the evening may still be made after midnight, for the date it was due on; then it is too late,
# and the next date's run comes.
_AFTER = timedelta(hours=6)
_DAY = timedelta(days=1)


def first_instant(on: date, at: time, zone: ZoneInfo) -> datetime:
    """The first moment (UTC) at which the clocks of a zone show `at` of a date, or more.

    An hour that the clocks leave out gives the moment after the gap, an hour that comes twice its first time.
    """
    wall = datetime.combine(on, at)
    before = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if before.astimezone(zone).replace(tzinfo=None) == wall:
        return before
    # In a gap: read with the offset before it, the moment lies after the change, with the one after it before.
    low, high = wall.replace(tzinfo=zone, fold=1).astimezone(UTC), before
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low).total_seconds() // 2)
        if middle.astimezone(zone).replace(tzinfo=None) >= wall:
            high = middle
        else:
            low = middle
    return high


def due_on(now: datetime, at: time, zone: ZoneInfo) -> date | None:
    """The date whose run is due at this moment if it has not been made: today's, or none yet.

    Days that were missed are not made up: there is one date at a time. Until six hours after its moment a date
    stays due beyond midnight, so that no date is left out by a look that came late.
    """
    today = now.astimezone(zone).date()
    moment = first_instant(today, at, zone)
    if now >= moment:
        return today
    yesterday = today - _DAY
    late = first_instant(yesterday, at, zone) + _AFTER
    return yesterday if now < min(late, moment) else None


def next_due(now: datetime, at: time, zone: ZoneInfo) -> datetime:
    """The next moment (UTC), after `now`, at which a run falls due."""
    day = now.astimezone(zone).date() - _DAY
    while (moment := first_instant(day, at, zone)) <= now:
        day += _DAY
    return moment
