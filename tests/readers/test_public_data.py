"""Public ledgers come in with their traps, where they are at hand beside the project."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from engine.core.snapshot import compare
from engine.readers.customers import read_customers
from engine.readers.ledger import read_ledger
from engine.readers.profile import Profile
from engine.readers.reading import Reading

DATA = Path(__file__).parents[2].parent / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the public ledgers are not beside the project")

DATARISK = Profile(
    settled=True,
    currency="BRL",
    key=("date", "due", "amount"),
    set_aside=("missing amount", "due before issue", "exact duplicate"),
)


def read(
    path: str, profile: Profile | None = None, as_of: date | None = None, currency: str | None = None
) -> Reading:
    file = DATA / path
    return read_ledger(file.name, file.read_bytes(), profile=profile, as_of=as_of, currency=currency)


def test_quickbooks_desktop() -> None:
    reading = read("layouts/quickbooks_desktop_open_invoices.csv", as_of=date(2024, 4, 30), currency="USD")
    assert reading.problems == ()
    assert reading.rows.select("account", "item", "open").rows() == [
        ("3000", "INV-B", 20_000),
        ("3000", "payment/2024-03-15/2024-03-15/-50.00", -5_000),
        ("2000", "INV-A", 10_000),
        ("2000", "payment/2024-02-01/2024-02-01/-100.00", -10_000),
    ]


def test_quickbooks_online() -> None:
    reading = read("layouts/quickbooks_online_flat_list.csv", as_of=date(2026, 9, 1), currency="INR")
    assert reading.problems == ()
    assert reading.rows.select("amount", "open").rows() == [(2_500_000, 1_250_000)]


def test_sap_subtotal_is_not_its_rows_sum() -> None:
    asked = read("layouts/sap_fbl5n_cash_line_items.csv", currency="USD")
    assert [problem.suggestion for problem in asked.problems] == [
        "give it when importing: --as-of 2025-09-29 (the day to which its days overdue point)"
    ]
    reading = read("layouts/sap_fbl5n_cash_line_items.csv", as_of=date(2025, 9, 29), currency="USD")
    assert reading.ok
    assert reading.total_of_rows == {"USD": -30_213_31}
    assert reading.notes == (
        "Row 3: the subtotal is -73,618.74 USD, its rows add up to -30,213.31 USD; the "
        "difference is -43,405.43 USD.",
    )


def test_tally() -> None:
    reading = read("layouts/tally_bills_receivable.csv", currency="INR")
    assert reading.problems == ()
    assert reading.as_of == date(2026, 9, 27)
    assert reading.total_of_rows == {"INR": 128_500_00}


def test_xero() -> None:
    reading = read("layouts/xero_aged_receivables_detail.csv", currency="NZD")
    assert reading.ok
    assert reading.as_of == date(2025, 3, 31)
    assert reading.total_in_file == reading.total_of_rows == {"NZD": 425_50}
    assert [(aside.why, aside.item) for aside in reading.set_aside] == [("zero open", "INV-0014")]


def test_ibm_played_forward() -> None:
    profile = Profile(settled=True, currency="USD")
    first, second = (
        read("ibm_ar/WA_Fn-UseC_-Accounts-Receivable.csv", profile, day)
        for day in (date(2013, 6, 1), date(2014, 6, 1))
    )
    assert first.ok
    assert second.rows.height == 2466
    assert second.total_of_rows == {"USD": 0}
    assert second.rows["amount"].sum() == 14_770_318
    assert 0 < first.total_of_rows["USD"] < 14_770_318
    assert second.rows["disputed"].mean() == pytest.approx(0.23, abs=0.01)


def test_datarisk_with_its_missing_amounts() -> None:
    refused = read(
        "datarisk/base_pagamentos_desenvolvimento.csv.gz",
        Profile(settled=True, currency="BRL", key=("date", "due", "amount")),
        date(2020, 6, 1),
    )
    assert refused.rows.is_empty()
    assert any("(1170 in all)" in problem.sentence for problem in refused.problems)
    first, second = (
        read("datarisk/base_pagamentos_desenvolvimento.csv.gz", DATARISK, day)
        for day in (date(2020, 6, 1), date(2020, 6, 2))
    )
    assert first.ok
    assert first.classified == {"header": 1, "item": 77_414}
    assert sum(aside.why == "missing amount" for aside in first.set_aside) == 1_170
    assert first.rows["account"].str.len_chars().max() == 19
    assert first.rows.select("account", "item").is_duplicated().sum() == 0
    change = compare(first.rows, second.rows)
    assert change.vanished.height > 0
    moved = change.appeared["open"].sum() - change.vanished["open"].sum()
    assert first.total_of_rows["BRL"] + moved == second.total_of_rows["BRL"]


def test_datarisk_unpaid_and_its_customers() -> None:
    reading = read("datarisk/base_pagamentos_teste.csv.gz", DATARISK_OPEN, date(2021, 11, 1))
    assert reading.ok
    assert reading.rows.height + len(reading.set_aside) == 12_275
    file = DATA / "datarisk" / "base_cadastral.csv"
    customers = read_customers(file.name, file.read_bytes(), profile=Profile(own={"area": "DDD"}))
    assert customers.ok
    assert customers.customers.height == 1_315
    assert customers.customers["natural_person"].sum() == 66
    assert "area" in customers.customers.columns


DATARISK_OPEN = Profile(currency="BRL", key=DATARISK.key, set_aside=DATARISK.set_aside)
