"""Ledgers in the shapes of the systems that make them, 240 rows each, come in whole and to the cent."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable
from datetime import date

import polars as pl
import pytest

from engine.readers.ledger import read_ledger
from engine.readers.profile import Profile
from engine.readers.reading import Reading

from .builder import (
    AS_OF,
    Row,
    brackets,
    continental,
    english,
    indian,
    ledger,
    minus_last,
    sheet,
    written,
)

TYPES = {"invoice": "Invoice", "credit_note": "Credit Memo", "payment": "Payment"}


def agree(reading: Reading, rows: list[Row], currency: str = "EUR") -> None:
    assert reading.ok, [f"{problem.place} {problem.sentence}" for problem in reading.problems]
    assert reading.rows.height == len(rows)
    assert reading.total_of_rows == {currency: sum(row.cents for row in rows)}
    got = reading.rows.sort("item").select("item", "kind", "date", "due", "open").rows()
    expected = sorted(rows, key=lambda row: row.item)
    assert got == [(row.item, row.kind, row.issued, row.due, row.cents) for row in expected]


HEADERS = {
    "en": "Customer No|Customer Name|Invoice Number|Type|Invoice Date|Due Date|Open Balance",
    "de": "Kundennr.|Firma|Belegnummer|Belegart|Belegdatum|Fällig am|Offener Betrag",
    "fr": "N° client|Raison sociale|Numéro de pièce|Type de pièce|Date de facture|Échéance|Reste dû",
    "es": "Código de cliente|Razón social|Nº factura|Tipo|Fecha factura|Vencimiento|Importe pendiente",
    "pt": "ID_CLIENTE|Razão Social|Nota Fiscal|Tipo|Data de Emissão|Vencimento|VALOR_A_PAGAR",
    "it": "Cod. cliente|Ragione sociale|N. fattura|Tipo documento|Data fattura|Scadenza|Importo residuo",
    "nl": "Debiteurnummer|Naam|Factuurnummer|Documentsoort|Factuurdatum|Vervaldatum|Openstaand bedrag",
}
STYLES: dict[str, tuple[str, str, Callable[[int], str], str, str]] = {
    "en": (",", "utf-8", english, "%m/%d/%Y", "USD"),
    "de": (";", "cp1252", continental, "%d.%m.%Y", "EUR"),
    "fr": (";", "utf-8-sig", lambda cents: continental(cents).replace(".", "\u202f"), "%d/%m/%Y", "EUR"),
    "es": ("\t", "utf-16", continental, "%d-%m-%Y", "EUR"),
    "pt": (";", "utf-8", lambda cents: f"R$ {continental(cents)}", "%Y-%m-%d", "BRL"),
    "it": ("|", "cp850", minus_last, "%d/%m/%Y", "EUR"),
    "nl": (";", "latin-1", brackets, "%Y%m%d", "EUR"),
}


@pytest.mark.parametrize("language", HEADERS)
def test_any_language_order_of_columns_and_style(language: str) -> None:
    separator, encoding, amount, day, currency = STYLES[language]
    rows = ledger(len(language) + ord(language[0]))
    order = list(range(7))
    random.Random(language).shuffle(order)
    table: list[list[str]] = [[HEADERS[language].split("|")[at] for at in order]]
    for row in rows:
        cells = [
            row.account,
            row.name,
            row.item,
            TYPES[row.kind],
            f"{row.issued:{day}}",
            f"{row.due:{day}}",
            amount(row.cents),
        ]
        table.append([cells[at] for at in order])
    reading = read_ledger("open.csv", written(table, separator, encoding), as_of=AS_OF, currency=currency)
    agree(reading, rows, currency)
    assert set(reading.rows["account"]) == {row.account for row in rows}
    assert dict(reading.customers.select("account", "name").rows()) == {row.account: row.name for row in rows}


def xero(rows: list[Row]) -> list[list[object]]:
    table: list[list[object]] = [
        ["Aged Receivables Detail"],
        ["Kowhai Trading"],
        ["As at 31 March 2026"],
        ["Ageing by due date"],
        [],
        [
            "Contact Account Number",
            "Primary Person",
            "Email",
            "Invoice Date",
            "Due Date",
            "Invoice Number",
            "Invoice Reference",
            "Current",
            "< 1 Month",
            "1 Month",
            "Older",
            "Total",
            "Outstanding GST",
            "Invoice Seen",
        ],
    ]
    for name in dict.fromkeys(row.name for row in rows):
        mine = [row for row in rows if row.name == name]
        table.append([name])
        table += [
            [
                "",
                "",
                "",
                row.issued,
                row.due,
                row.item,
                "",
                0,
                0,
                0,
                row.cents / 100,
                row.cents / 100,
                0,
                "Seen",
            ]
            for row in mine
        ]
        total = sum(row.cents for row in mine) / 100
        table.append([f"Total {name}", "", "", "", "", "", "", 0, 0, 0, total, total, 0])
    total = sum(row.cents for row in rows) / 100
    table.append(["Total", "", "", "", "", "", "", 0, 0, 0, total, total, 0])
    table.append(["Percentage of total", "", "", "", "", "", "", "0%", "0%", "0%", "100%", "100%", ""])
    return table


def test_xero_in_a_spreadsheet_with_titles_sections_and_totals() -> None:
    rows = [row for row in ledger(7) if row.kind != "payment"]
    reading = read_ledger("aged.xlsx", sheet(xero(rows), merge=["A1:N1"]), currency="NZD")
    agree(reading, rows, "NZD")
    assert reading.as_of == AS_OF
    assert reading.total_in_file == {"NZD": sum(row.cents for row in rows)}
    assert reading.classified["item"] == len(rows)
    assert reading.classified["total"] == 2
    assert reading.notes == ()
    assert set(reading.rows["account"]) == {row.name for row in rows}


def test_a_total_that_its_rows_do_not_add_up_to_is_a_note_with_the_difference() -> None:
    rows = ledger(7, rows=3, customers=1)
    table = xero(rows)
    table[-2][11] = 586_642.94
    reading = read_ledger("aged.xlsx", sheet(table), currency="NZD")
    total = sum(row.cents for row in rows)
    assert reading.ok
    assert reading.total_in_file == {"NZD": 586_642_94}
    difference = f"{(586_642_94 - total) / 100:,.2f}"
    assert reading.notes[0] == (
        f"The file's total is 586,642.94 NZD, its rows add up to {total / 100:,.2f} NZD; "
        f"the difference is {difference} NZD."
    )


def test_quickbooks_online_sections_are_buckets() -> None:
    rows = ledger(11)
    table: list[list[object]] = [
        ["A/R Ageing Detail"],
        ["As of March 31, 2026"],
        [],
        ["Date", "Transaction Type", "Num", "Customer", "Due Date", "Amount", "Open Balance"],
    ]
    for bucket, first in (("31 - 60 days past due", 0), ("1 - 30 days past due", 80), ("Current", 160)):
        mine = rows[first : first + 80]
        table.append([bucket])
        table += [
            [
                f"{row.issued:%m/%d/%Y}",
                TYPES[row.kind],
                row.item,
                row.name,
                f"{row.due:%m/%d/%Y}",
                english(row.cents),
                english(row.cents),
            ]
            for row in mine
        ]
        table.append(
            [f"Total for {bucket}", "", "", "", "", "", f"${english(sum(row.cents for row in mine))}"]
        )
    table.append(["TOTAL", "", "", "", "", "", f"${english(sum(row.cents for row in rows))}"])
    table += [[], ["Tuesday, March 31, 2026 10:00 AM - Accrual Basis"]]
    reading = read_ledger("qbo.csv", written(table), currency="USD")
    agree(reading, rows, "USD")
    assert reading.as_of == AS_OF
    assert reading.classified["bucket section"] == 3
    assert reading.classified["subtotal"] == 3
    assert reading.total_in_file == reading.total_of_rows
    assert reading.notes == ()


def test_quickbooks_desktop_has_spacers_sections_and_payments_without_numbers() -> None:
    rows = ledger(13)
    table: list[list[object]] = [
        [
            "",
            "",
            "Type",
            "",
            "Date",
            "",
            "Num",
            "",
            "P. O. #",
            "",
            "Due Date",
            "",
            "Aging",
            "",
            "Open Balance",
        ]
    ]
    for name in dict.fromkeys(row.name for row in rows):
        table.append(["", name, *[""] * 13])
        for row in (row for row in rows if row.name == name):
            number, due = (row.item, f"{row.due:%m/%d/%Y}") if row.kind != "payment" else ("", "")
            table.append(
                [
                    "",
                    "",
                    TYPES[row.kind],
                    "",
                    f"{row.issued:%m/%d/%Y}",
                    "",
                    number,
                    "",
                    "PO-7",
                    "",
                    due,
                    "",
                    "",
                    "",
                    english(row.cents),
                ]
            )
        table.append(["", f"Total {name}", *[""] * 13])
    table.append(["TOTAL", *[""] * 13, english(sum(row.cents for row in rows))])
    reading = read_ledger("qbd.csv", written(table), as_of=AS_OF, currency="USD")
    assert reading.ok, [f"{problem.place} {problem.sentence}" for problem in reading.problems]
    assert reading.rows.height == len(rows)
    assert reading.total_in_file == reading.total_of_rows == {"USD": sum(row.cents for row in rows)}
    payments = reading.rows.filter(pl.col("kind") == "payment")
    assert payments["item"].str.starts_with("payment/2").all()
    assert (payments["due"] == payments["date"]).all()


def test_sap_with_codes_unlabelled_subtotals_and_a_total_for_each_currency() -> None:
    rows = ledger(17)
    codes = {"invoice": "RV", "credit_note": "DG", "payment": "DZ"}
    table: list[list[object]] = [
        [
            "Konto",
            "Zuordnung",
            "Belegnummer",
            "Belegart",
            "Belegdatum",
            "Nettofälligkeit",
            "Verzugstage",
            "Betrag in Belegwährung",
            "Belegwährung",
            "Text",
        ],
    ]
    for account in dict.fromkeys(row.account for row in rows):
        mine = [row for row in rows if row.account == account]
        code = "USD" if int(account) % 3 == 0 else "EUR"
        table += [
            [
                row.account,
                "x",
                row.item,
                codes[row.kind],
                f"{row.issued:%d.%m.%Y}",
                f"{row.due:%d.%m.%Y}",
                (AS_OF - row.due).days,
                minus_last(row.cents),
                code,
                "Ware",
            ]
            for row in mine
        ]
        table.append([account, "", "", "", "", "", "", minus_last(sum(row.cents for row in mine)), code, ""])
    sums = {
        code: sum(row.cents for row in rows if (int(row.account) % 3 == 0) == (code == "USD"))
        for code in ("EUR", "USD")
    }
    table += [["", "", "", "", "", "", "", minus_last(total), code, ""] for code, total in sums.items()]
    reading = read_ledger("fbl5n.csv", written(table, ";"), as_of=AS_OF)
    assert reading.ok, [f"{problem.place} {problem.sentence}" for problem in reading.problems]
    assert reading.total_of_rows == reading.total_in_file == sums
    assert reading.currencies == ("EUR", "USD")
    assert reading.classified["total"] == 2
    assert reading.notes == ()


def test_sap_tables_write_unsigned_amounts_with_an_indicator() -> None:
    data = b"KUNNR;BELNR;BLART;BLDAT;NETDT;WRBTR;WAERS;SHKZG\n"
    data += b"0000100001;0090001;RV;20260105;20260204;1200.00;EUR;S\n"
    data += b"0000100001;0090002;DG;20260110;20260110;200.00;EUR;H\n"
    reading = read_ledger("bsid.csv", data, as_of=AS_OF)
    assert reading.ok
    assert reading.rows["open"].to_list() == [120_000, -20_000]
    assert reading.rows["account"].to_list() == ["0000100001"] * 2
    assert reading.rows["item"].to_list() == ["0090001", "0090002"]


def test_tally_with_a_header_in_two_rows_and_lakhs() -> None:
    rows = [row for row in ledger(19) if row.kind != "payment"]
    table: list[list[object]] = [
        ["Gupta Traders"],
        ["Bills Receivable"],
        ["1-Apr-2025 to 31-Mar-2026"],
        [],
        ["Date", "Ref. No.", "Party's Name", "Opening", "Pending", "Due on", "Overdue"],
        ["", "", "", "Amount", "Amount", "", "by days"],
    ]
    table += [
        [
            f"{row.issued:%d-%b-%Y}",
            row.item,
            row.name,
            indian(row.cents),
            indian(row.cents),
            f"{row.due:%d-%b-%Y}",
            3,
        ]
        for row in rows
    ]
    reading = read_ledger("tally.csv", written(table), currency="INR")
    assert reading.ok, [f"{problem.place} {problem.sentence}" for problem in reading.problems]
    assert reading.as_of == AS_OF
    assert reading.classified["header"] == 2
    assert reading.total_of_rows == {"INR": sum(row.cents for row in rows)}


def test_sage_customer_lines_carry_number_and_name() -> None:
    data = (
        b"Aged Debtors Analysis (Detailed)\nAs at 31/03/2026\n"
        b"No,Type,Date,Details,Balance,Older\nABC001,ABC Supplies,,,,\n5001,SI,01/12/2025,Goods,1200.00,0\n"
        b"5002,SC,13/12/2025,Return,-200.00,0\nTotal,,,,1000.00,\n"
    )
    reading = read_ledger("sage.csv", data, currency="GBP", profile=Profile(terms="net 30"))
    assert reading.ok, [f"{problem.place} {problem.sentence}" for problem in reading.problems]
    assert reading.customers.rows() == [("ABC001", "ABC Supplies", None, None, None)]
    assert reading.rows["due"].to_list() == [date(2025, 12, 31), date(2025, 12, 13)]
    assert reading.rows["kind"].to_list() == ["invoice", "credit_note"]
    assert reading.total_in_file == {"GBP": 100_000}
    assert reading.as_of == AS_OF


def test_netsuite_groups_by_customer() -> None:
    data = (
        b"Customer,Transaction Type,Date,Document Number,P.O. No.,Due Date,Age,Open Balance\n"
        b"Acme,,,,,,,\n"
        b",Invoice,2026-01-05,INV1,77,2026-02-04,55,100.00\n,Credit Memo,2026-01-06,CM1,,,,-30.00\n"
        b"Total - Acme,,,,,,,70.00\nTotal,,,,,,,70.00\n"
    )
    reading = read_ledger("ns.csv", data, currency="USD", as_of=AS_OF)
    assert reading.ok, [f"{problem.place} {problem.sentence}" for problem in reading.problems]
    assert reading.rows.select("account", "item", "open", "po").rows() == [
        ("Acme", "INV1", 10_000, "77"),
        ("Acme", "CM1", -3_000, None),
    ]
    assert reading.total_in_file == {"USD": 7_000}


def test_a_settled_ledger_is_played_forward() -> None:
    data = b"client_id,InvoiceNumber,InvoiceDate,DueDate,InvoiceAmount,SettledDate\n"
    data += b"C1,001,2026-01-05,2026-02-04,100.00,2026-02-20\nC1,002,2026-02-10,2026-03-12,50.00,2026-03-10\n"
    data += b"C2,003,2026-03-01,2026-03-31,70.00,\n"
    profile = Profile(settled=True, currency="EUR")
    played = {
        day: read_ledger("s.csv", data, profile=profile, as_of=date(2026, *day))
        for day in [(2, 15), (3, 1), (3, 31)]
    }
    assert [reading.total_of_rows["EUR"] for reading in played.values()] == [15_000, 12_000, 7_000]
    assert played[2, 15].rows["paid_on"].to_list() == [None, None]
    assert played[3, 31].rows.select("item", "open", "paid_on").rows() == [
        ("001", 0, date(2026, 2, 20)),
        ("002", 0, date(2026, 3, 10)),
        ("003", 7_000, None),
    ]
    assert played[2, 15].notes == (
        "1 documents dated after 2026-02-15 are not in the ledger yet, worth 70.00 EUR.",
    )


def test_packed_files_are_unpacked() -> None:
    data = b"Customer,Num,Date,Due Date,Open Balance\nA,1,2026-01-05,2026-02-05,10.00\n"
    assert read_ledger("a.csv.gz", gzip.compress(data), as_of=AS_OF, currency="EUR").total_of_rows == {
        "EUR": 1_000
    }
    cut = read_ledger("a.csv.gz", gzip.compress(data)[:-9], as_of=AS_OF, currency="EUR")
    assert [problem.sentence for problem in cut.problems] == ["the packed file is cut or damaged"]
