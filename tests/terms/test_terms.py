"""Terms of payment: what is understood, what falls due when, and what is refused as it reads two ways."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.language.policy import Clock
from engine.core.ledger import (
    Ambiguous,
    Terms,
    clock_date,
    due_date,
    end_of_month,
    infer_terms,
    net_days,
    read_terms,
)

INVOICE = date(2026, 1, 15)


def terms(text: str) -> Terms:
    read = read_terms(text)
    assert isinstance(read, Terms), text
    return read


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        *(
            (text, "net 30")
            for text in ("Net 30", "NET30", "net-30", "30 days", "n/30", "N30", "NT30", "30D")
        ),
        *(
            (text, "net 30")
            for text in ("30 Tage netto", "Zahlbar innerhalb von 30 Tagen ohne Abzug", "N030")
        ),
        *((text, "net 30") for text in ("30 jours", "30 jours date de facture", "30 días", "a 30 giorni")),
        *((text, "net 30") for text in ("Net 30 days from invoice date", "Within 30 days Due net", "30")),
        *((text, "2/10 net 30") for text in ("2/10 net 30", "2% 10, Net 30", "2%10 n/30", "2/10, n/30")),
        *((text, "2/10 net 30") for text in ("10 Tage 2 % Skonto, 30 Tage netto",)),
        ("2,5 % 10 Tage, 30 Tage netto", "2.5/10 net 30"),
        (
            "14 days 3 % discount, within 20 days 2 % cash discount, within 30 days due net",
            "3/14 2/20 net 30",
        ),
        *((text, "eom") for text in ("EOM", "end of month", "fin de mois", "E.O.M.")),
        *((text, "net 10 eom") for text in ("N10 EOM", "net 10 EOM", "10 days EOM", "EOM + 10 days")),
        *((text, "15 mfi") for text in ("15 MFI", "15th of the following month", "15th prox.", "15 proximo")),
        *((text, "due on receipt") for text in ("Due on receipt", "upon receipt", "net 0", "sofort fällig")),
        *((text, "due on receipt") for text in ("Payable immediately Due net", "à réception", "al contado")),
        *((text, "cash on delivery") for text in ("COD", "C.O.D.", "per Nachnahme", "cash on delivery")),
        *(
            (text, "cash in advance")
            for text in ("CIA", "PIA", "CBS", "CWO", "Vorkasse", "paiement d'avance")
        ),
        *((text, "eom + 30 days") for text in ("EOM + 30", "30 days from end of month", "30 days after EOM")),
        ("end of following month", "30 days, end of following month"),
    ],
)
def test_any_usual_spelling_is_stored_as_one(written: str, stored: str) -> None:
    assert terms(written).text == stored


@pytest.mark.parametrize(
    "text", ["", "30/60/90", "7/14/21", "net 999", "0001", "contra", "2/10 net 5", "soon"]
)
def test_what_is_not_understood_is_not_guessed(text: str) -> None:
    assert read_terms(text) is None


@pytest.mark.parametrize(
    ("written", "due"),
    [
        ("net 30", date(2026, 2, 14)),
        ("EOM", date(2026, 1, 31)),
        ("N10 EOM", date(2026, 2, 10)),
        ("15 MFI", date(2026, 2, 15)),
        ("eom + 30 days", date(2026, 3, 2)),
        ("30 days, end of following month", date(2026, 2, 28)),
        ("45 days then eom", date(2026, 3, 31)),
        ("eom + 45 days", date(2026, 3, 17)),
        ("31 mfi", date(2026, 2, 28)),
        ("2/10 net 30", date(2026, 2, 14)),
        ("60 days, end of second following month", date(2026, 3, 31)),
        ("due on receipt", INVOICE),
        ("cash on delivery", INVOICE),
        ("cash in advance", INVOICE),
    ],
)
def test_due_dates_of_an_invoice_of_15_january_2026(written: str, due: date) -> None:
    assert due_date(INVOICE, terms(written)) == due


@pytest.mark.parametrize(
    ("written", "readings"),
    [
        (
            "net 30 EOM",
            {
                "eom + 30 days": date(2026, 3, 2),
                "30 days then eom": date(2026, 2, 28),
                "30 days, end of following month": date(2026, 2, 28),
            },
        ),
        (
            "30 days end of month",
            {
                "eom + 30 days": date(2026, 3, 2),
                "30 days then eom": date(2026, 2, 28),
                "30 days, end of following month": date(2026, 2, 28),
            },
        ),
        (
            "45 jours fin de mois",
            {"eom + 45 days": date(2026, 3, 17), "45 days then eom": date(2026, 3, 31)},
        ),
        (
            "2/10 net 30 EOM",
            {
                "2/10 eom + 30 days": date(2026, 3, 2),
                "2/10 30 days then eom": date(2026, 2, 28),
                "2/10 30 days, end of following month": date(2026, 2, 28),
            },
        ),
    ],
)
def test_terms_that_trade_reads_in_several_ways_come_back_spelled_out(
    written: str, readings: dict[str, date]
) -> None:
    read = read_terms(written)
    assert isinstance(read, Ambiguous)
    assert read.written == written
    assert {reading.text: due_date(INVOICE, reading) for reading in read.readings} == readings


@pytest.mark.parametrize(
    "written", ["proximo", "15 jours fin de mois", "30 Tage Monatsende", "60 gg d.f.f.m."]
)
def test_more_terms_that_must_be_spelled_out(written: str) -> None:
    assert isinstance(read_terms(written), Ambiguous)


ANY_TERMS = st.one_of(
    st.integers(1, 365).map(lambda n: f"net {n}"),
    st.integers(1, 120).map(lambda n: f"eom + {n} days"),
    st.integers(1, 120).map(lambda n: f"{n} days then eom"),
    st.integers(1, 31).map(lambda n: f"{n} mfi"),
    st.tuples(st.decimals(1, 9, places=1), st.integers(1, 20), st.integers(21, 90)).map(
        lambda t: f"{t[0]}/{t[1]} net {t[2]}"
    ),
    st.sampled_from(["eom", "due on receipt", "cash on delivery", "cash in advance"]),
    st.sampled_from(["net 30 eom", "60 days end of month", "45 jours fin de mois", "proximo"]),
)
DAYS = st.dates(date(2015, 1, 1), date(2035, 12, 31))


@given(ANY_TERMS, DAYS)
@settings(max_examples=200)
def test_every_stored_spelling_reads_as_itself_and_never_falls_due_before_the_invoice(
    text: str, day: date
) -> None:
    read = read_terms(text)
    for one in read.readings if isinstance(read, Ambiguous) else (terms(text),):
        assert read_terms(one.text) == one
        assert read_terms(one.text.upper()) == one
        assert due_date(day, one) >= day
        if (days := net_days(one)) is not None:
            assert due_date(day, one) - day == timedelta(days=days)


@given(st.text(max_size=40))
@settings(max_examples=200)
def test_any_text_is_read_or_refused(text: str) -> None:
    assert isinstance(read_terms(text), Terms | Ambiguous | None)


@given(DAYS, st.integers(1, 365))
def test_terms_are_inferred_from_an_invoices_own_dates(day: date, days: int) -> None:
    inferred = terms(infer_terms(day, day + timedelta(days=days)))
    assert due_date(day, inferred) == day + timedelta(days=days)


def test_an_invoice_due_at_once_or_before_its_date_is_due_on_receipt() -> None:
    assert infer_terms(INVOICE, INVOICE) == "due on receipt"
    assert infer_terms(INVOICE, INVOICE - timedelta(days=3)) == "due on receipt"


def test_the_four_clocks() -> None:
    due, statement = date(2026, 2, 14), date(2026, 1, 28)
    assert clock_date(Clock.INVOICE_DATE, INVOICE, due, statement) == INVOICE
    assert clock_date(Clock.DUE_DATE, INVOICE, due, statement) == due
    assert clock_date(Clock.STATEMENT_DATE, INVOICE, due, statement) == statement
    assert clock_date(Clock.STATEMENT_DATE, INVOICE, due) == date(2026, 1, 31)
    assert clock_date(Clock.END_OF_MONTH, INVOICE, due, statement) == date(2026, 1, 31)


def test_the_end_of_a_month_knows_leap_years_and_new_years() -> None:
    assert end_of_month(date(2028, 1, 31), 1) == date(2028, 2, 29)
    assert end_of_month(date(2026, 12, 2), 1) == date(2027, 1, 31)
    assert end_of_month(date(2026, 11, 30), 13) == date(2027, 12, 31)
