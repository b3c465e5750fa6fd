"""How a customer pays, as facts: nothing is claimed of a few payments, and nothing that our own files made up."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from engine.core.cases.pattern import END_OF_MONTH, Habit, Kept, Payment, pattern, told
from engine.core.workdays import calendar

ON = date(2026, 11, 25)
US = calendar("US")


def paid(*days: date, amount: int = 100_00, late: int | None = 5, **more: object) -> list[Payment]:
    return [Payment(day, amount, "USD", late, **more) for day in days]  # type: ignore[arg-type]


def monthly(day: int, months: int = 8) -> list[date]:
    """The next open day from that day of each of the last months."""
    return [US.next_open(date(2026, 11 - n, day)) for n in range(months)]


@pytest.mark.parametrize("days", [(), (ON,), (ON, ON - timedelta(days=30))])
def test_of_two_payments_nothing_is_claimed(days: tuple[date, ...]) -> None:
    found = pattern(paid(*days), [], ON)
    assert (found.payments, found.paid) == (len(days), {"USD": len(days) * 100_00} if days else {})
    assert (found.beyond, found.day, found.weekday, found.after, found.lately) == ({}, None, None, None, None)
    few = {0: (), 1: ("1 payment in 12 months: too few to call anything a habit",)}
    assert told(found) == few.get(len(days), ("2 payments in 12 months: too few to call anything a habit",))


def test_the_average_days_beyond_terms_is_weighted_by_amount() -> None:
    # 300 of 10 days, 100 of 30 days, 100 early and 100 in time: (3,000 + 3,000) / 600
    found = pattern(
        [
            Payment(ON, 300_00, "USD", 10),
            Payment(ON, 100_00, "USD", 30),
            Payment(ON, 100_00, "USD", -5),
            Payment(ON, 100_00, "USD", 0),
            Payment(ON, 900_00, "EUR", 90),
            Payment(ON, 50_00, "USD", None),
        ],
        [],
        ON,
    )
    assert found.beyond == {"USD": 10}, "one payment in euros says nothing"
    assert found.paid == {"EUR": 900_00, "USD": 650_00}, "currencies are never added up"
    assert told(found)[0] == "pays 10 days beyond terms on average, in USD, weighted by amount (6 payments)"


def test_who_pays_on_the_tenth() -> None:
    found = pattern(paid(*monthly(10)), [], ON)
    assert found.day == Habit(10, 7, 8)  # the 10th of October was a Saturday before Columbus Day
    assert "pays on the 10th (7 of 8 days of payment)" in told(found)
    assert pattern(paid(*monthly(10, 4)), [], ON).day is None, "four months are too few"
    elsewhere = [date(2026, month, month * 2) for month in range(1, 9)]
    assert pattern(paid(*monthly(10, 5), *elsewhere), [], ON).day is None


def test_who_pays_at_the_end_of_the_month() -> None:
    ends = [date(2026, 1, 30), date(2026, 2, 27), date(2026, 3, 31), date(2026, 4, 30), date(2026, 5, 29)]
    found = pattern(paid(*ends), [], ON)
    assert found.day == Habit(END_OF_MONTH, 5, 5)
    assert "pays at the end of the month (5 of 5 days of payment)" in told(found)


def test_who_pays_on_fridays() -> None:
    fridays = [date(2026, 11, 20) - timedelta(weeks=3 * n) for n in range(6)]
    assert "pays on Fridays (6 of 6 days of payment)" in told(pattern(paid(*fridays), [], ON))


def test_days_that_only_our_ledgers_have_are_no_habit_of_theirs() -> None:
    found = pattern(paid(*monthly(10), presumed=True), [], ON)
    assert (found.payments, found.presumed, found.day, found.weekday) == (8, 8, None, None)
    assert found.beyond == {"USD": 5}


def test_several_invoices_on_a_day_are_one_day_of_payment() -> None:
    day = date(2026, 10, 9)
    assert pattern(paid(*[day] * 9), [], ON).weekday is None


def test_who_pays_after_the_second_letter() -> None:
    def late(*demands: int | None) -> tuple[str, ...]:
        days = [ON - timedelta(days=9 * n) for n in range(len(demands))]
        payments = [
            Payment(day, 100_00, "USD", 20, demands=number) for day, number in zip(days, demands, strict=True)
        ]
        found = told(pattern(payments, [], ON))
        return tuple(line for line in found if "letter" in line)

    assert late(2, 2, 3, 2, 0) == ("pays late invoices only after the 2nd letter or e-mail (4 of 5)",)
    assert late(1, 1, 2, 1, 1) == ("pays late invoices only after the 1st letter or e-mail (5 of 5)",)
    assert late(0, 0, 0, 2, 2) == ()
    assert late(2, 2, 2) == (), "three are too few"
    assert late(2, 2, 2, None, None, None) == (), "of what was paid before our time nobody knows"


def test_promises_are_counted_as_they_are() -> None:
    found = pattern([], ["kept", "kept", "kept", "broken", "partly kept", "superseded"], ON)
    assert found.promises == Kept(3, 1, 1)
    assert told(found) == ("promises kept 3 of 5, 1 in part",)


def test_who_pays_slower_of_late() -> None:
    recent = [Payment(ON - timedelta(days=20 * n), 100_00, "USD", 21) for n in range(4)]
    before = [Payment(ON - timedelta(days=120 + 20 * n), 100_00, "USD", 9) for n in range(4)]
    slower = "pays slower of late: 21 days late in the last three months, 9 days late before"
    assert slower in told(pattern(recent + before, [], ON))
    assert pattern(recent + before[:3], [], ON).lately is None
    early = [Payment(one.on, one.amount, "USD", -2) for one in recent]
    assert "pays quicker of late: 2 days early in the last three months, 9 days late before" in told(
        pattern(early + before, [], ON)
    )


def test_a_year_and_no_more() -> None:
    found = pattern(paid(ON - timedelta(days=365), ON - timedelta(days=364), ON + timedelta(days=1)), [], ON)
    assert found.payments == 1
    assert found.last is not None
    assert found.last.on == ON - timedelta(days=364)
