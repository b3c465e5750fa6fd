"""Open days, holidays, contact hours and clocks that change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.workdays import (
    ALL_DAY,
    Calendar,
    Hours,
    calendar,
    calendars,
    is_calendar,
    is_zone,
    local,
    may_contact,
    window,
    zone_of,
)

US = calendar("US")
OFFICE = Hours(8 * 60 + 30, 17 * 60)
DAYS = st.dates(date(2024, 1, 1), date(2029, 12, 31))
PLACES = st.sampled_from(["US", "DE-BY", "FR", "BR", "GB-ENG", "SA", "none"]).map(calendar)
ZONES = st.sampled_from(
    [
        "America/New_York",
        "Europe/Berlin",
        "America/Sao_Paulo",
        "Asia/Kolkata",
        "Pacific/Apia",
        "Australia/Lord_Howe",
    ]
)


def test_thanksgiving_and_weekends_are_closed_in_the_us() -> None:
    assert US.why_closed(date(2026, 11, 26)) == "Thanksgiving Day"
    assert US.why_closed(date(2026, 11, 28)) == "weekend"
    assert US.why_closed(date(2026, 11, 27)) is None
    assert US.next_open(date(2026, 11, 26)) == date(2026, 11, 27)
    assert US.next_open(date(2026, 11, 25)) == date(2026, 11, 25)


def test_a_part_of_a_country_has_its_own_holidays() -> None:
    corpus_christi = date(2026, 6, 4)
    assert calendar("DE-BY").why_closed(corpus_christi) == "Corpus Christi"
    assert calendar("DE").is_open(corpus_christi)
    assert calendar("de-by") == calendar("DE-BY") != calendar("DE")


def test_none_closes_weekends_only_and_always_closes_nothing() -> None:
    christmas, sunday = date(2026, 12, 25), date(2026, 12, 27)
    assert calendar("none").is_open(christmas)
    assert calendar("none").why_closed(sunday) == "weekend"
    assert calendar("always").is_open(christmas)
    assert calendar("Always").is_open(sunday)


def test_a_house_may_work_from_sunday_to_thursday() -> None:
    gulf = calendar("none", (6, 0, 1, 2, 3))
    assert [gulf.is_open(date(2026, 11, 22) + timedelta(days=n)) for n in range(7)] == [True] * 5 + [
        False
    ] * 2


@pytest.mark.parametrize("name", ["Narnia", "DE-XX", "", "DE-", "US-US"])
def test_a_calendar_that_does_not_exist(name: str) -> None:
    assert not is_calendar(name)
    with pytest.raises(LookupError):
        calendar(name)


def test_every_listed_calendar_exists() -> None:
    assert {"US", "DE", "DE-BY", "FR", "none", "always"} <= set(calendars())
    assert all(is_calendar(name) for name in calendars())


def test_a_calendar_needs_an_open_weekday() -> None:
    with pytest.raises(ValueError, match="at least one open day"):
        calendar("US", ())


def test_open_days_are_counted_after_the_day_itself() -> None:
    wednesday = date(2026, 11, 25)
    assert US.add_open(wednesday, 0) == wednesday
    assert US.add_open(wednesday, 1) == date(2026, 11, 27)  # over Thanksgiving
    assert US.add_open(wednesday, 2) == date(2026, 11, 30)  # over the weekend
    assert US.add_open(date(2026, 11, 28), 1) == date(2026, 11, 30)
    with pytest.raises(ValueError, match="forward"):
        US.add_open(wednesday, -1)


@given(PLACES, DAYS, st.integers(1, 15))
@settings(max_examples=150)
def test_counting_open_days_agrees_with_listing_them(place: Calendar, day: date, count: int) -> None:
    then = place.add_open(day, count)
    listed = place.open_days(day + timedelta(days=1), then)
    assert len(listed) == count
    assert listed[-1] == then
    assert all(place.is_open(one) for one in listed)


@given(PLACES, DAYS)
@settings(max_examples=150)
def test_the_next_open_day_is_the_first_one(place: Calendar, day: date) -> None:
    then = place.next_open(day)
    assert place.open_days(day, then) == [then]


def test_hours_are_the_customers_own() -> None:
    nine_in_new_york = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
    assert may_contact(nine_in_new_york, "America/New_York", US, OFFICE)
    assert not may_contact(nine_in_new_york, "America/Los_Angeles", US, OFFICE)
    assert window(nine_in_new_york, "America/New_York", US, OFFICE) == nine_in_new_york
    assert window(nine_in_new_york, "America/Los_Angeles", US, OFFICE) == datetime(
        2026, 11, 23, 16, 30, tzinfo=UTC
    )


def test_the_evening_before_thanksgiving_waits_for_friday_morning() -> None:
    evening = datetime(2026, 11, 25, 22, 0, tzinfo=UTC)  # five in the afternoon in New York
    assert window(evening, "America/New_York", US, OFFICE) == datetime(2026, 11, 27, 13, 30, tzinfo=UTC)
    assert window(evening - timedelta(minutes=1), "America/New_York", US, OFFICE) == evening - timedelta(
        minutes=1
    )


@pytest.mark.parametrize(
    ("friday", "monday_opens"),
    [
        (
            datetime(2026, 3, 6, 23, 0, tzinfo=UTC),
            datetime(2026, 3, 9, 12, 30, tzinfo=UTC),
        ),  # summer time begins
        (datetime(2026, 10, 30, 23, 0, tzinfo=UTC), datetime(2026, 11, 2, 13, 30, tzinfo=UTC)),  # and ends
    ],
)
@pytest.mark.fault(48)
def test_half_past_eight_stays_half_past_eight_when_the_clocks_change(
    friday: datetime, monday_opens: datetime
) -> None:
    assert window(friday, "America/New_York", US, OFFICE) == monday_opens
    assert (local(monday_opens, "America/New_York").hour, local(monday_opens, "America/New_York").minute) == (
        8,
        30,
    )


@given(
    st.integers(0, 3 * 365 * 24 * 60).map(lambda n: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=n)),
    ZONES,
    PLACES,
    st.tuples(st.integers(0, 1380), st.integers(15, 600)).map(lambda t: Hours(t[0], min(t[0] + t[1], 1440))),
)
@settings(max_examples=300)
def test_contact_is_allowed_at_the_window_and_not_before(
    moment: datetime, zone: str, place: Calendar, hours: Hours
) -> None:
    then = window(moment, zone, place, hours)
    assert then >= moment
    assert may_contact(then, zone, place, hours)
    if not may_contact(moment, zone, place, hours):
        clocks_change = local(then, zone).utcoffset() != local(then - timedelta(hours=3), zone).utcoffset()
        assert clocks_change or not may_contact(then - timedelta(minutes=1), zone, place, hours)


@pytest.mark.parametrize(
    "moment", [datetime(2026, 3, 8, 6, 59, tzinfo=UTC), datetime(2026, 11, 1, 5, 10, tzinfo=UTC)]
)
def test_hours_within_the_night_the_clocks_change(moment: datetime) -> None:
    night = Hours(90, 170)  # half past one to ten to three, of which an hour is skipped or comes twice
    always = calendar("always")
    then = window(moment, "America/New_York", always, night)
    assert may_contact(then, "America/New_York", always, night)


def test_a_moment_without_a_zone_is_a_broken_machine() -> None:
    with pytest.raises(ValueError, match="time zone"):
        local(datetime(2026, 11, 23, 9, 0), "America/New_York")  # noqa: DTZ001


@pytest.mark.parametrize(("opens", "closes"), [(600, 600), (1020, 510), (-1, 60), (0, 1441)])
def test_hours_that_cannot_be(opens: int, closes: int) -> None:
    with pytest.raises(ValueError, match="open before they close"):
        Hours(opens, closes)


def test_all_day_is_every_minute() -> None:
    midnight = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)
    assert all(ALL_DAY.hold(midnight + timedelta(minutes=n)) for n in range(0, 1440, 7))


def test_zones() -> None:
    assert is_zone("Europe/Berlin")
    assert not any(map(is_zone, ["Europe/Atlantis", "", "Europe", "../etc/passwd", "/etc"]))


@pytest.mark.parametrize(
    "own", [None, "", "Eastern Standard Time", "europe/berlin", "../../etc/passwd", "x" * 500]
)
def test_a_customer_without_a_zone_that_is_one_lives_by_the_offices(own: str | None) -> None:
    assert zone_of(own, "America/Chicago") == "America/Chicago"
    assert zone_of("Europe/Berlin", "America/Chicago") == "Europe/Berlin"
