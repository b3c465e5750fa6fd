"""A run for every date and never two, in every zone there is, through every change of its clocks."""

from __future__ import annotations

import os
import subprocess
import sys
import zoneinfo
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.schedule import due_on, first_instant, next_due

ZONES = sorted(zoneinfo.available_timezones())
DAY = timedelta(days=1)
FIRST, LAST = datetime.fromisoformat("2024-01-03"), datetime.fromisoformat("2030-12-20")
HOURS = [time(0), time(0, 30), time(1, 59), time(2, 30), time(6), time(23, 30), time(23, 59)]


def changes(zone: ZoneInfo) -> list[datetime]:
    """The hours (UTC) of 2024 to 2030 in which the offset of a zone changes."""
    found, at, end = [], datetime(2024, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)
    before = at.astimezone(zone).utcoffset()
    while at < end:
        now = (at + DAY).astimezone(zone).utcoffset()
        if now != before:
            found.append(at)
        at, before = at + DAY, now
    return found


def runs(zone: ZoneInfo, at: time, ticks: list[datetime]) -> list[tuple[date, datetime]]:
    """What a service makes that looks at these moments: the date of each run, and when."""
    made: dict[date, datetime] = {}
    said = []
    for tick in ticks:
        on = due_on(tick, at, zone)
        if on is not None and on not in made:
            made[on] = tick
            said.append((on, tick))
    return said


def once(zone: ZoneInfo, at: time, start: datetime, end: datetime, every: timedelta) -> None:
    ticks = [start + n * every for n in range(int((end - start) / every) + 1)]
    made = [on for on, _ in runs(zone, at, ticks)]
    first, last = ticks[0].astimezone(zone).date() + DAY, ticks[-1].astimezone(zone).date() - DAY
    wanted = [first + n * DAY for n in range((last - first).days + 1)]
    assert [on for on in made if first <= on <= last] == wanted
    assert made == sorted(set(made))


@pytest.mark.fault(48)
def test_every_zone_runs_each_date_once_around_each_change() -> None:
    seen = set()
    for name in ZONES:
        zone = ZoneInfo(name)
        for change in changes(zone):
            offsets = (
                change,
                change.astimezone(zone).utcoffset(),
                (change + DAY).astimezone(zone).utcoffset(),
            )
            if offsets in seen:  # another name of the same clocks
                continue
            seen.add(offsets)
            for at in HOURS:
                once(zone, at, change - 2 * DAY, change + 3 * DAY, timedelta(minutes=47))
    assert len(seen) > 100


@pytest.mark.fault(48)
@settings(max_examples=150, deadline=None)
@given(
    zone=st.sampled_from(ZONES).map(ZoneInfo),
    at=st.times().map(lambda at: at.replace(second=0, microsecond=0)),
    start=st.datetimes(FIRST, LAST, timezones=st.just(UTC)),
    every=st.timedeltas(timedelta(minutes=10), timedelta(hours=5)),
)
def test_however_far_apart_the_looks_are(zone: ZoneInfo, at: time, start: datetime, every: timedelta) -> None:
    once(zone, at, start, start + 6 * DAY, every)


@given(
    zone=st.sampled_from(ZONES).map(ZoneInfo),
    at=st.times().map(lambda at: at.replace(second=0, microsecond=0)),
    on=st.dates(date(2024, 1, 1), date(2030, 12, 31)),
)
@settings(max_examples=300, deadline=None)
def test_the_first_instant_is_the_first_and_the_next_follows(zone: ZoneInfo, at: time, on: date) -> None:
    moment = first_instant(on, at, zone)
    wall = datetime.combine(on, at)
    assert moment.astimezone(zone).replace(tzinfo=None) >= wall
    # Within the hours before, the clocks showed less: had they shown as much, that moment would be the first.
    for minutes in (1, 30, 60, 119):
        assert (moment - timedelta(minutes=minutes)).astimezone(zone).replace(tzinfo=None) < wall
    assert next_due(moment - timedelta(seconds=1), at, zone) == moment
    assert next_due(moment, at, zone) == first_instant(on + DAY, at, zone)


@pytest.mark.fault(48)
def test_an_hour_left_out_and_an_hour_twice() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert first_instant(date(2026, 3, 29), time(2, 30), berlin) == datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert first_instant(date(2026, 10, 25), time(2, 30), berlin) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    cairo = ZoneInfo("Africa/Cairo")  # midnight itself is left out
    assert first_instant(date(2026, 4, 24), time(0), cairo).astimezone(cairo).hour == 1


@pytest.mark.fault(50)
def test_missed_days_are_not_made_up() -> None:
    zone, at = ZoneInfo("America/New_York"), time(6)
    before = [datetime(2026, 11, 20, 12, tzinfo=UTC)]
    after = [datetime(2026, 11, 23, 20, tzinfo=UTC) + timedelta(seconds=30 * n) for n in range(100)]
    assert [on for on, _ in runs(zone, at, before + after)] == [date(2026, 11, 20), date(2026, 11, 23)]
    # Woken before the hour: today's run waits for it, and yesterday's is not made in the night.
    assert due_on(datetime(2026, 11, 24, 10, tzinfo=UTC), at, zone) is None
    # A look that comes late after midnight still makes the run of the evening.
    assert due_on(datetime(2026, 11, 24, 5, 30, tzinfo=UTC), time(23, 59), zone) == date(2026, 11, 23)


@pytest.mark.fault(53)
@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2028-02-27", "2028-03-02"),
        ("2027-02-27", "2027-03-02"),
        ("2026-12-30", "2027-01-03"),
        ("2026-01-30", "2026-02-02"),
    ],
)
def test_leap_days_and_ends_of_months_and_years(start: str, end: str) -> None:
    zone = ZoneInfo("Europe/Paris")
    first, last = date.fromisoformat(start), date.fromisoformat(end)
    begin = datetime.combine(first, time(), UTC)
    ticks = [begin + timedelta(hours=1) * n for n in range(((last - first).days + 1) * 24)]
    made = [on for on, _ in runs(zone, time(6), ticks)]
    assert made == [first + n * DAY for n in range((last - first).days + 1)]


@pytest.mark.fault(51)
@settings(max_examples=100, deadline=None)
@given(
    zones=st.tuples(st.sampled_from(ZONES), st.sampled_from(ZONES)),
    at=st.times().map(lambda at: at.replace(second=0, microsecond=0)),
    moved=st.datetimes(FIRST, LAST, timezones=st.just(UTC)),
)
def test_an_office_that_moves_has_no_date_twice(zones: tuple[str, str], at: time, moved: datetime) -> None:
    old, new = map(ZoneInfo, zones)
    made: list[date] = []
    for n in range(-48, 73):
        tick = moved + timedelta(hours=n)
        on = due_on(tick, at, old if n < 0 else new)
        if on is not None and all(not on <= other <= on + 2 * DAY for other in made):
            made.append(on)
    assert made == sorted(set(made))
    assert len(made) >= 4  # five days of looks


@pytest.mark.fault(52)
def test_new_rules_for_a_zone_move_the_moment_and_not_the_date(tmp_path: Path) -> None:
    """Two builds of the zone database that do not agree, as before and after an update."""
    told = []
    for place in ("Europe/Berlin", "America/New_York"):
        folder = tmp_path / place.replace("/", "-")
        (folder / "Test").mkdir(parents=True)
        source = next(
            found
            for root in (*zoneinfo.TZPATH, str(Path(_tzdata()) / "zoneinfo"))
            if (found := Path(root) / place).is_file()
        )
        (folder / "Test" / "Office").write_bytes(source.read_bytes())
        code = (
            "from datetime import *; from zoneinfo import ZoneInfo; from engine.core.schedule import *\n"
            "zone, start = ZoneInfo('Test/Office'), datetime(2026, 3, 1, tzinfo=UTC)\n"
            "print(*dict.fromkeys(str(on) for n in range(24 * 40) "
            "if (on := due_on(start + timedelta(hours=n), time(2, 30), zone))))"
        )
        environment = os.environ | {"PYTHONTZPATH": str(folder)}
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
        )
        told.append(done.stdout.split())
    dates = [str(date(2026, 3, 1) + n * DAY) for n in range(40)]
    assert told[0][-39:] == dates[-39:]
    assert [on for on in told[1] if on in dates[:-1]] == dates[:-1]


def _tzdata() -> str:
    import tzdata

    return str(Path(tzdata.__file__).parent)
