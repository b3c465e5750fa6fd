"""A preview as a workbook: the week, then every action, then everything that waits."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from engine.channels.folder import plain_cell
from engine.core.decision.summary import Preview
from engine.core.money import Amount
from engine.exports.values import COLUMNS, rows

# What makes a workbook is loaded where one is made.
if TYPE_CHECKING:
    from openpyxl.cell.cell import Cell
    from openpyxl.worksheet.worksheet import Worksheet

_LONGEST = 32_000  # letters that a cell may hold
_WIDE = 40


def preview_xlsx(view: Preview) -> bytes:
    """Three sheets. Text is written as text: nothing in it can be a formula."""
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

    book = Workbook()
    week = book.active
    assert isinstance(week, Worksheet)
    week.title = "Week"
    fill(week, ["", *(day.on for day in view.days), "all"], _week(view))
    all_rows = list(rows(view))
    fill(book.create_sheet("Actions"), COLUMNS, (row for row in all_rows if row[3] != "waits"))
    fill(book.create_sheet("Held back"), COLUMNS, (row for row in all_rows if row[3] == "waits"))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _week(view: Preview) -> Iterable[Sequence[object]]:
    kinds = dict.fromkeys(kind for day in view.days for kind, number in day.counts.items() if number)
    for kind in kinds:
        counts = [day.counts.get(kind, 0) for day in view.days]
        yield [kind.value, *counts, sum(counts)]
    sums = [sum(day.counts.values()) for day in view.days]
    yield ["all", *sums, sum(sums)]
    yield ["closed", *(day.closed for day in view.days)]
    yield []
    yield ["held back on the first day", "accounts", "amount", "currency", "line"]
    for group in view.groups:
        owed = Amount.of_minor(group.amount, view.currency).value
        yield [group.reason.value, group.accounts, owed, view.currency, str(group.place or "")]
    yield []
    yield [f"Assumes that {view.assumes}. Nothing has been sent. Policies {view.book[:6]}."]


def fill(sheet: Worksheet, head: Sequence[object], body: Iterable[Sequence[object]]) -> None:
    """A sheet with a head that stays in sight, and columns as wide as they need."""
    from openpyxl.cell.cell import Cell
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    widths: dict[int, int] = {}
    for number, row in enumerate((head, *body), 1):
        for column, value in enumerate(row, 1):
            if value == "":
                continue
            cell = sheet.cell(number, column)
            assert isinstance(cell, Cell)
            _put(cell, value)
            if number == 1:
                cell.font = Font(bold=True)
            widths[column] = min(_WIDE, max(widths.get(column, 8), len(str(value)) + 2))
    for column, width in widths.items():
        sheet.column_dimensions[get_column_letter(column)].width = width
    sheet.freeze_panes = "A2"


def _put(cell: Cell, value: object) -> None:
    if isinstance(value, str):
        cell.value = plain_cell(value)[:_LONGEST]
        cell.data_type = "s"
    elif isinstance(value, date | Decimal | int):
        cell.value = value
        if isinstance(value, Decimal):
            cell.number_format = "#,##0.00"
