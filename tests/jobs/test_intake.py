"""Files in: CSV and XLSX, all of a file or nothing, with the profile that is meant for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import openpyxl
import pytest
import sqlalchemy as sa

from engine.errors import NotFound, Refused
from engine.jobs.intake import Intake, take_in
from engine.store.tables import customer, item
from tests.jobs.world import House, moment

HEADS = ["customer number", "customer name", "invoice number", "invoice date", "due date", "open amount"]
ROWS = [["0042", "Acme", "A1", "2026-09-01", "2026-10-01", "1200.00"]]


def _take(house: House, path: Path, **more: object) -> Intake:
    now = moment("2026-10-05", "07:00")
    return take_in(house.ws, path, now=now, by="ana", as_of=date(2026, 10, 5), **more)  # type: ignore[arg-type]


def _csv(path: Path, rows: list[list[str]]) -> Path:
    path.write_text("\n".join(",".join(row) for row in rows) + "\n")
    return path


def test_a_workbook_is_read_as_a_csv_is(build: Callable[..., House], tmp_path: Path) -> None:
    house, book = build(), openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (HEADS, ["0042", "Acme", "A1", date(2026, 9, 1), date(2026, 10, 1), 1200]):
        sheet.append(row)
    book.save(tmp_path / "ledger.xlsx")
    taken = _take(house, tmp_path / "ledger.xlsx")
    assert taken.report is not None
    assert dict(taken.report.totals) == {"USD": 120_000}
    assert house.rows(sa.select(item.c.account, item.c.item, item.c.open)) == [("0042", "A1", 120_000)]
    again = _take(house, tmp_path / "ledger.xlsx")
    assert again.report is not None
    assert again.report.already


def test_a_row_that_cannot_be_read_refuses_the_whole_file(
    build: Callable[..., House], tmp_path: Path
) -> None:
    house = build()
    bad = [["0043", "Bolt", "B1", "2026-09-01", "2026-10-01", "twelve"]]
    taken = _take(house, _csv(tmp_path / "ledger.csv", [HEADS, *ROWS, *bad]))
    assert taken.report is None
    assert [problem.severity.value for problem in taken.problems] == ["error"]
    assert house.rows(sa.select(item.c.item)) == []


def test_the_same_content_of_a_later_day_is_a_newer_ledger(house: House) -> None:
    again = house.import_ledger("2026-10-05")
    later = house.import_ledger("2026-10-06")
    assert again.report is not None
    assert later.report is not None
    assert (bool(again.report.already), bool(later.report.already)) == (True, False)
    assert later.report.as_of == date(2026, 10, 6)


def test_a_credit_limit_is_in_the_house_s_currency(build: Callable[..., House], tmp_path: Path) -> None:
    house = build()
    house.settings("")
    text = (house.root / "dunwell.toml").read_text().replace('currency = "USD"', "")
    (house.root / "dunwell.toml").write_text(text)
    heads = ["customer number", "customer name", "credit limit"]
    taken = _take(
        house, _csv(tmp_path / "customers.csv", [heads, ["0042", "Acme", "5000.00"]]), customers=True
    )
    assert taken.report is not None, taken.problems
    assert house.rows(sa.select(customer.c.account, customer.c.credit_limit)) == [("0042", 500_000)]


def test_a_file_or_a_profile_that_is_not_there_is_said_so(
    build: Callable[..., House], tmp_path: Path
) -> None:
    house = build()
    with pytest.raises(Refused, match="there is no file"):
        _take(house, tmp_path / "nothing.csv")
    with pytest.raises(NotFound, match="sap"):
        _take(house, _csv(tmp_path / "ledger.csv", [HEADS, *ROWS]), profile="sap")
