"""Figures of amounts, each worked out on paper."""

from __future__ import annotations

from datetime import date

import pytest

from engine.core.figures.definition import Figure
from engine.core.figures.facts import Facts
from engine.core.figures.records import Rate, Records, scopes
from engine.core.figures.registry import figure_named
from engine.core.figures.speed import by_invoice, countback, effectiveness, sales_outstanding
from engine.core.figures.values import Value
from tests.figures.builder import day, in_period, known


def figure(name: str) -> Figure:
    found = figure_named(name)
    assert found is not None
    return found


def value(name: str, facts: Facts) -> Value:
    return figure(name).function(facts)


# On 31 May: 1 is 31 days past due, 2 is due in 9, 3 was paid on 20 May, 10 days late; 4 was dated in June.
FOUR = (
    {"item": "1", "date": "03-31", "due": "04-30", "amount": 3_000_00},
    {"item": "2", "date": "05-10", "due": "06-09", "amount": 9_000_00},
    {"item": "3", "date": "04-10", "due": "05-10", "amount": 4_000_00, "open": 0},
    {"item": "4", "date": "06-01", "due": "07-01", "amount": 7_000_00, "first_seen": "06-02"},
)
PAID = ({"item": "3", "amount": 4_000_00, "paid_on": "05-20"},)


def four(**more: object) -> Records:
    return known("06-10", documents=FOUR, payments=PAID, **more)  # type: ignore[arg-type]


def test_what_is_owed_on_a_day_that_is_past() -> None:
    facts = in_period(four(), "05-01", "05-31")
    assert value("receivables", facts) == Value(12_000_00)
    assert value("overdue", facts) == Value(3_000_00)
    assert value("overdue share", facts) == Value(25.0, 3_000_00, 12_000_00)
    assert value("current share", facts).number == 75.0
    assert value("over 60 share", facts).number == 0
    assert value("days past due", facts).number == pytest.approx((3_000 * 31 - 9_000 * 9) / 12_000)


def test_how_fast_it_comes_in() -> None:
    facts = in_period(four(), "05-01", "05-31")
    assert value("DSO", facts).number == pytest.approx(12_000 / 9_000 * 31)
    assert value("best possible DSO", facts).number == pytest.approx(9_000 / 9_000 * 31)
    assert value("ADD", facts).number == pytest.approx(3_000 / 9_000 * 31)
    # May's 9,000 of its 31 days; of April's 4,000 the 3,000 left, of 30 days
    assert value("DSO countback", facts).number == pytest.approx(31 + 3_000 / 4_000 * 30)
    # 7,000 at the beginning, 9,000 sold, 12,000 at the end, of which 9,000 is not past due
    assert value("CEI", facts).number == pytest.approx(100 * (16_000 - 12_000) / (16_000 - 9_000))
    assert value("true DSO", facts).number == pytest.approx(61 * 1.0 + 21 * 1.0)


def test_how_late_what_was_paid_came() -> None:
    facts = in_period(four(), "05-01", "05-31")
    assert value("days to pay", facts) == Value(40.0, of=1)
    assert value("adbt", facts).number == 10
    early = (
        {"item": "3", "amount": 1_000_00, "paid_on": "05-06"},
        {"item": "3", "amount": 3_000_00, "paid_on": "05-20"},
    )
    both = in_period(known("06-10", documents=FOUR, payments=early), "05-01", "05-31")
    assert value("adbt", both).number == pytest.approx(10 * 3 / 4)
    assert value("adbt_signed", both).number == pytest.approx((10 * 3 - 4) / 4)
    assert value("days to pay unweighted", both).number == pytest.approx((26 + 40) / 2)


def test_what_was_collected_of_what_was_past_due() -> None:
    """On 30 April nothing was past due; 1 and 3 fell past due in May, and 3 was paid."""
    found = value("collection rate", in_period(four(), "05-01", "05-31"))
    assert (found.part, found.of) == (4_000_00, 7_000_00)
    later = value("collection rate", in_period(four(), "05-15", "05-31"))
    assert (later.part, later.of) == (4_000_00, 7_000_00)  # both were past due already


def test_what_rolled_into_a_later_bucket() -> None:
    facts = in_period(four(), "05-01", "05-31")
    # On 30 April: 1 was due that day, 3 in ten days. A month on, 1 is past due and 3 was paid.
    assert value("roll rate not due", facts) == Value(pytest.approx(300 / 7), 3_000_00, 7_000_00)
    assert value("roll rate 1-30", facts).note == "nothing was in this bucket a month before"


def test_credits_stand_apart_or_are_set_against_the_oldest_due() -> None:
    credits = (
        {"item": "C", "kind": "credit_note", "date": "05-05", "due": "05-05", "amount": -500_00},
        {"item": "P", "kind": "payment", "date": "05-28", "due": "05-28", "amount": -1_000_00},
    )
    records = known("06-10", documents=(*FOUR, *credits), payments=PAID)
    apart = in_period(records, "05-01", "05-31")
    assert value("credits", apart).number == 1_500_00
    assert value("unapplied cash", apart) == Value(pytest.approx(100 / 12), 1_000_00, 12_000_00)
    assert value("overdue", apart).number == 3_000_00
    netted = in_period(records, "05-01", "05-31", netted=True)
    assert value("overdue", netted).number == 1_500_00
    assert value("receivables", netted).number == 10_500_00
    assert value("DSO", netted).number == pytest.approx(10_500 / 8_500 * 31)


def test_an_invoice_that_reaches_its_90th_day() -> None:
    """Three came to it in May: one was paid on it, one the day after, one not at all."""
    came = [{"item": name, "date": "01-05", "due": "02-10", "amount": 100, "open": 0} for name in "123"]
    came[2]["open"] = 100
    paid = [
        {"item": "1", "amount": 100, "paid_on": "05-11"},
        {"item": "2", "amount": 100, "paid_on": "05-12"},
    ]
    records = known("06-10", documents=came, payments=paid)
    assert value("at-risk rate", in_period(records, "05-01", "05-31", counting=True)) == Value(
        pytest.approx(200 / 3), 2, 3
    )
    young = value(
        "at-risk rate",
        in_period(known("06-10", since="2026-03-01", documents=came), "05-01", "05-31", counting=True),
    )
    assert young.number is None
    assert "half a year" in young.note


def test_what_is_contested() -> None:
    told = (
        {"item": "2", "opened": "05-12", "amount": 1_200_00},
        {"item": "1", "opened": "05-02", "closed": "05-30"},
        {"item": "1", "opened": "06-02"},
    )
    facts = in_period(four(disputes=told), "05-01", "05-31")
    assert value("disputed share", facts) == Value(10.0, 1_200_00, 12_000_00)
    assert value("dispute cycle time", facts) == Value(28.0, of=1)


def test_currencies_are_never_added_up() -> None:
    documents = (FOUR[1], {**FOUR[1], "item": "E", "currency": "EUR", "amount": 1_000_00})
    several = known("06-10", documents=documents)
    assert [scope.name for scope in scopes(several, "USD", day("05-31"))] == ["USD", "EUR"]
    rates = {"EUR": (Rate(1.25, day("05-20")), Rate(1.5, day("04-01")))}
    converted = known("06-10", documents=documents, rates=rates)
    assert [scope.name for scope in scopes(converted, "USD", day("05-31"))] == ["all in USD", "USD", "EUR"]
    assert value("receivables", in_period(converted, "05-01", "05-31")).number == 10_250_00
    assert scopes(converted, "USD", day("05-01"))[0].rates["EUR"] == 1.5  # as it was then
    assert scopes(converted, "USD", day("03-01"))[0].rates["EUR"] == 1.5  # the first there ever was
    yen = known(
        "06-10",
        documents=(FOUR[1], {**FOUR[1], "item": "Y", "currency": "JPY", "amount": 5_000}),
        rates={"JPY": (Rate(0.01, day("05-01")),)},
    )
    assert value("receivables", in_period(yen, "05-01", "05-31")).number == 9_050_00


def test_what_is_not_known_is_not_guessed() -> None:
    """The first ledger is of 10 May: the sales of May are not known in full, nor is its beginning."""
    facts = in_period(known("05-31", since="2026-05-10", documents=FOUR[:2]), "05-01", "05-31")
    for name in ("DSO", "CEI", "collection rate", "roll rate 1-30", "DSO countback", "ADD"):
        assert value(name, facts).number is None, name
        assert value(name, facts).note == "the ledger is known from Sun 10 May 2026 on", name
    assert value("overdue share", facts).number == 25.0
    early = in_period(known("05-31", since="2026-05-10", documents=FOUR[:2]), "03-01", "03-31")
    assert value("receivables", early).number is None


def test_formulas_at_their_edges() -> None:
    assert sales_outstanding(100, 0, 30) is None
    assert countback(0, []) == 0
    assert (
        countback(100, [(60, 31), (0, 28), (80, 31)]) == 31 + 28 + 40 / 80 * 31
    )  # a month without sales counts its days
    assert countback(100, [(60, 31), (40, 28)]) == 59
    assert countback(100, [(60, 31)]) is None  # more than was ever sold
    assert countback(100, [(-50, 31), (100, 28)]) == 31 + 28  # a month of credit notes only
    assert by_invoice([], [], []) is None
    assert by_invoice([10], [5], [0]) is None
    assert effectiveness(100, 0, 1, 100, 100) is None
    assert effectiveness(100, 0, 1, 0, 0) == 100  # all that could be collected was


def test_items_of_months_that_are_not_known_are_left_out_and_counted() -> None:
    old = {"item": "0", "date": "2024-06-05", "due": "2024-07-05", "amount": 500_00}
    found = value(
        "true DSO", in_period(known("06-10", documents=(*FOUR, old), payments=PAID), "05-01", "05-31")
    )
    assert found.number == pytest.approx(61 + 21)
    assert found.note == "1 item is left out: the sales of their months are not known in full"
    assert date(2024, 6, 5) < day("2025-01-01")
