"""What a ledger file says about itself: its day, and totals, compared with its rows."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from engine.core.problem import Problem, Severity
from engine.readers.dates import stated_day
from engine.readers.headers import Header
from engine.readers.numbers import parse, to_minor, value, written
from engine.readers.profile import Profile
from engine.readers.rows import Classified, RowKind
from engine.readers.table import Table, cell_text

Item = tuple[int, int, str]  # row, open in minor units, currency


def titles(table: Table, classified: Classified) -> list[tuple[int, str]]:
    """Title rows and notes, as row and text."""
    return [
        (row, " ".join(text for cell in table.rows[row] if (text := cell_text(cell))))
        for row, kind in enumerate(classified.kinds)
        if kind is RowKind.TITLE
    ]


def find_day(
    table: Table, header: Header, classified: Classified, order: str, argument: date | None, profile: Profile
) -> tuple[date | None, list[Problem]]:
    """The day the ledger shows: as told, else as the profile says, else as the file's titles say."""
    said = None
    for row, text in titles(table, classified):
        if day := stated_day(text, order):
            said = (row, day)
            break
    given = argument or profile.as_of
    if given and said and given != said[1]:
        return given, [
            table.problem(
                said[0],
                0,
                "other-day",
                f"the file says it is of {said[1]}; it was read as of {given}",
                "leave the date out to use the file's own",
                severity=Severity.WARNING,
            )
        ]
    if given or said:
        return given or (said[1] if said else None), []
    return None, [
        table.problem(
            header.first,
            0,
            "no-day",
            "the file does not say of which day it is",
            "give it when importing: --as-of 2026-03-31",
        )
    ]


def day_by_arrears(table: Table, rows: Sequence[int], column: int, dues: Mapping[int, date]) -> date | None:
    """The one day to which all days overdue point, as a hint; None where they do not agree."""
    found: set[date] = set()
    for row in rows:
        text = cell_text(table.cell(row, column))
        if row in dues and re.fullmatch(r"-?\d{1,5}", text):
            found.add(dues[row] + timedelta(days=int(text)))
    return found.pop() if len(found) == 1 else None


def reconcile(
    table: Table, header: Header, classified: Classified, decimal: str, items: Sequence[Item], money: int
) -> tuple[dict[str, int] | None, list[str]]:
    """The file's totals by currency, and a sentence for every total or subtotal that its rows do not add
    up to.
    """
    sums: dict[str, int] = defaultdict(int)
    for _, opened, currency in items:
        sums[currency] += opened
    by_row = {row: (opened, currency) for row, opened, currency in items}
    totals: dict[str, int] = {}
    notes: list[str] = []
    off: list[str] = []
    running: dict[str, int] = defaultdict(int)
    for row, kind in enumerate(classified.kinds):
        if row in by_row:
            running[by_row[row][1]] += by_row[row][0]
        if kind in (RowKind.PARTY, RowKind.BUCKET):
            running = defaultdict(int)
        if kind not in (RowKind.SUBTOTAL, RowKind.TOTAL):
            continue
        currency = _currency(table, row, header, sums)
        amount = _amount(table, row, money, decimal, currency)
        if amount is not None and kind is RowKind.TOTAL:
            totals[currency] = amount
        elif amount is not None and amount != running[currency]:
            off.append(
                f"Row {table.lines[row]}: the subtotal is {written(amount, currency)}, its rows add up to "
                f"{written(running[currency], currency)}; the difference is "
                f"{written(amount - running[currency], currency)}."
            )
        if kind is RowKind.SUBTOTAL:
            running = defaultdict(int)
    notes += [
        f"The file's total is {written(total, currency)}, its rows add up to "
        f"{written(sums[currency], currency)}; "
        f"the difference is {written(total - sums[currency], currency)}."
        for currency, total in totals.items()
        if total != sums[currency]
    ]
    notes += off[:3]
    if len(off) > 3:
        notes.append(f"{len(off) - 3} more subtotals differ from their rows.")
    return totals or None, notes


def _currency(table: Table, row: int, header: Header, sums: Mapping[str, int]) -> str:
    texts = [cell_text(table.cell(row, header.columns.get("currency", -1)))]
    texts += [part for cell in table.rows[row] if isinstance(cell, str) for part in cell.split()]
    return next((text for text in texts if text in sums), next(iter(sums)) if len(sums) == 1 else "")


def _amount(table: Table, row: int, column: int, decimal: str, currency: str) -> int | None:
    text = cell_text(table.cell(row, column))
    number = parse(text)
    if (
        not currency
        or number is None
        or (isinstance(table.cell(row, column), str) and decimal not in number.decimals)
    ):
        return None
    scaled = value(number, decimal if isinstance(table.cell(row, column), str) else ".")
    return None if scaled is None else to_minor(scaled, currency)
