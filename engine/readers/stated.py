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

Item = tuple[int, int, str, str, str]  # row, open in minor units, currency, account, name


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
) -> tuple[dict[str, int] | None, list[str], list[Problem]]:
    """The file's totals by currency, a sentence for every total or subtotal that its rows do not add up to, and a
    problem for every row that is no subtotal after all.
    """
    sums: dict[str, int] = defaultdict(int)
    for _, opened, currency, *_ in items:
        sums[currency] += opened
    by_row = {item[0]: item for item in items}
    owners = _Owners(table, header, classified, items) if classified.claims else None
    totals: dict[str, int] = {}
    notes: list[str] = []
    off: list[str] = []
    problems: list[Problem] = []
    running: dict[str, int] = defaultdict(int)
    above: Item | None = None
    for row, kind in enumerate(classified.kinds):
        if row in by_row:
            above = by_row[row]
            running[above[2]] += above[1]
        if kind in (RowKind.PARTY, RowKind.BUCKET):
            running = defaultdict(int)
        if kind not in (RowKind.SUBTOTAL, RowKind.TOTAL):
            continue
        currency = _currency(table, row, header, sums)
        amount = _amount(table, row, money, decimal, currency)
        claimed = owners.judged(row, currency, amount, running[currency], above) if owners else None
        if claimed is False and owners:
            problems += owners.problem(row, money)
        elif amount is not None and kind is RowKind.TOTAL:
            totals[currency] = amount
        elif amount is not None and amount != running[currency] and claimed is None:
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
    return totals or None, notes, problems


class _Owners:
    """What each customer's rows add up to, for rows that may be their subtotals or items half filled in."""

    def __init__(self, table: Table, header: Header, classified: Classified, items: Sequence[Item]) -> None:
        self._table = table
        self._header = header
        self._claims = classified.claims
        self._sums: dict[tuple[str, str], int] = defaultdict(int)  # account or name, and currency
        for _, opened, currency, account, name in items:
            for who in {account, name}:
                self._sums[who, currency] += opened
        valued = {item[0] for item in items}
        wrong = (
            row for row, kind in enumerate(classified.kinds) if kind is RowKind.ITEM and row not in valued
        )
        self._unknown = {who for row in wrong for who in self._who(row)}  # customers whose sum nobody can say

    def _who(self, row: int) -> list[str]:
        """The customer's number and name in a row, those that are there."""
        cells = (self._table.cell(row, self._header.columns.get(name, -1)) for name in ("account", "name"))
        return [text for cell in cells if (text := cell_text(cell))]

    def judged(
        self, row: int, currency: str, amount: int | None, running: int, above: Item | None
    ) -> bool | None:
        """Whether a row is its customer's subtotal. None where it is one by its place, whatever it adds up to."""
        if row not in self._claims:
            return None
        who = self._who(row)
        below = above is not None and who[0] in above[3:]  # below the customer's own rows
        if amount is not None and (
            amount == self._sums.get((who[0], currency)) or (below and amount == running)
        ):
            return True
        return None if below and len(who) == 1 else False

    def problem(self, row: int, money: int) -> list[Problem]:
        """That it is none; nothing where the customer's own rows are wrong, which is said already."""
        who = self._who(row)
        if not self._unknown.isdisjoint(who):
            return []
        sums = [written(total, code) for (name, code), total in self._sums.items() if name == who[0] and code]
        rows = f"their rows add up to {' and '.join(sums)}" if sums else "they have no other rows"
        return [
            self._table.problem(
                row,
                money,
                "no-document",
                f"this row of customer {who[0]} has an amount, but no document number and no date; {rows}, so it is no subtotal",
                "fill in its number and date, or delete it",
            )
        ]


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
