"""Whether a feed has something to bring, and which have been silent for too long: asked every half minute, so light."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.engine import Connection

from engine.core.schedule import first_instant
from engine.readers import watched
from engine.settings import Feed, Workspace
from engine.store import feeds
from engine.store.feeds import FeedState

FRESH = timedelta(hours=26)  # of a feed that does not say; Saturdays and Sundays do not count
_LOOK_AGAIN = timedelta(minutes=15)  # at what waits, or can never be taken
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


def due(conn: Connection, files: Workspace, now: datetime) -> bool:
    """Whether any feed has something to bring."""
    return bool(due_feeds(conn, files, now))


def due_feeds(conn: Connection, files: Workspace, now: datetime) -> tuple[str, ...]:
    """The feeds that have something to bring, customers before ledgers."""
    known = feeds.states(conn) if files.settings.feeds else {}
    named = sorted(files.settings.feeds.items(), key=lambda one: one[1].what != "customers")
    return tuple(name for name, feed in named if _is_due(files, feed, known.get(name, FeedState(name)), now))


def stale(conn: Connection, files: Workspace, now: datetime) -> tuple[tuple[str, str], ...]:
    """Every feed that has brought nothing for longer than it may, with a sentence."""
    if not files.settings.feeds:
        return ()
    known, zone = feeds.states(conn), ZoneInfo(files.settings.workspace.zone)
    found = []
    for name, feed in files.settings.feeds.items():
        state = known.get(name, FeedState(name))
        since = state.taken_at or state.tried_at  # one that never brought anything: since it was first seen
        most = feed.fresh or FRESH
        if since is None or _counted(since, now, zone, all_days=feed.fresh is not None) <= most:
            continue
        last = f"nothing since {since.astimezone(zone):%Y-%m-%d %H:%M}" if state.taken_at else "nothing yet"
        found.append((name, f"the feed {name} has brought {last}; it may be silent for {span(most)}"))
    return tuple(found)


def span(length: timedelta) -> str:
    """A span of time in words."""
    minutes = int(length.total_seconds() // 60)
    units = (("day", 1440), ("hour", 60), ("minute", 1))
    unit, size = next((unit, size) for unit, size in units if minutes % size == 0)
    return f"{minutes // size} {unit}{'s' * (minutes != size)}"


def _is_due(files: Workspace, feed: Feed, state: FeedState, now: datetime) -> bool:
    tried = state.tried_at
    if feed.query:
        return tried is None or now >= _next_question(files, feed, state, tried)
    pause = (
        min(timedelta(minutes=1) * (1 << min(state.failed - 1, 10)), _HOUR) if state.failed else timedelta()
    )
    if tried is not None and now < tried + pause:
        return False
    try:
        there = watched.look(files.root / feed.folder, feed.pattern, feed.complete)
    except OSError:
        return True  # the work says why
    again = tried is None or now >= tried + _LOOK_AGAIN
    return bool(there.ready) or (again and bool(there.waiting or there.odd)) or tried is None


def _next_question(files: Workspace, feed: Feed, state: FeedState, tried: datetime) -> datetime:
    """When a query is asked again: at its time, or sooner where the last answer could not be taken."""
    zone = ZoneInfo(files.settings.workspace.zone)
    if feed.every is not None:
        usual = tried + feed.every
    else:
        assert feed.at is not None
        day = tried.astimezone(zone).date()
        usual = first_instant(day, feed.at, zone)
        while usual <= tried:
            day += _DAY
            usual = first_instant(day, feed.at, zone)
    if not state.failed:
        return usual
    return min(usual, tried + min(timedelta(minutes=5) * (1 << min(state.failed - 1, 10)), _HOUR))


def _counted(since: datetime, now: datetime, zone: ZoneInfo, *, all_days: bool) -> timedelta:
    """The time between two moments; without Saturdays and Sundays where the feed does not say how long."""
    whole = now - since
    if all_days or whole <= FRESH or whole > timedelta(days=60):
        return whole
    free, at = timedelta(), since
    while at < now:
        here = at.astimezone(zone)
        midnight = datetime.combine(here.date() + _DAY, here.time().min, zone)
        end = min(midnight.astimezone(now.tzinfo), now)
        free += end - at if here.weekday() > 4 else timedelta()
        at = end
    return whole - free
