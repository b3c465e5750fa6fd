"""Exchange rates as a ledger gives them: one a currency, above 0, and only what can be read in one way."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from engine.readers.cells import Cells
from engine.readers.numbers import Number, decide, parse
from engine.readers.table import cell_text

_OTHER = {".": ",", ",": "."}


class Rates:
    """The rates of one file. `told` is the decimal sign its amounts tell; without one the rates tell it together."""

    def __init__(self, cells: Cells, rows: Sequence[int], told: str) -> None:
        self._cells = cells
        self._told = self._decimal = told
        self._first: dict[str, tuple[float, int]] = {}  # currency -> its rate, and the row that said it first
        column = cells.columns.get("rate")
        if column is None or told:
            return
        first: dict[str, tuple[int, int]] = {}
        for row, cell in zip(rows, cells.table.column(rows, column), strict=True):
            if isinstance(cell, str) and cell:
                first.setdefault(cell, (row, column))
        numbers = {text: number for text in first if (number := parse(text)) is not None}
        self._decimal, problems = decide(cells.table, numbers, first, replace(cells.profile, decimal=""))
        cells.found.extend(problems)

    def of(self, row: int, currency: str) -> float | None:
        """A row's rate; None where it says none, or one that is wrong."""
        cell = self._cells.raw(row, "rate")
        if cell == "":
            return None
        rate = float(cell) if isinstance(cell, Decimal) else self._read(row, cell_text(cell))
        if rate is not None and rate <= 0:
            sentence = f"the exchange rate is {cell_text(cell)}; it must be above 0"
            self._wrong(row, "no-rate", sentence, "write for example 1.0842")
            return None
        if rate is not None:
            self._same(row, currency, rate)
        return rate

    def _same(self, row: int, currency: str, rate: float) -> None:
        before, at = self._first.setdefault(currency, (rate, row))
        if rate == before:
            return
        one, two = (cell_text(self._cells.raw(which, "rate")) for which in (row, at))
        column, table = self._cells.columns["rate"], self._cells.table
        self._cells.found.add(
            row,
            column,
            "two-rates",
            f"the exchange rate of {currency} is {one} here and {two} in row {table.lines[at]}",
            "write one rate for each currency, or say in the profile, under [columns], that no column is "
            'to count: rate = ""',
            also=table.place(at, column),
        )

    def _read(self, row: int, text: str) -> float | None:
        number = parse(text)
        if number is None or number.mark:
            self._wrong(row, "not-a-number", f"“{text}” is not an exchange rate", "write for example 1.0842")
            return None
        if not self._decimal:
            return None  # which sign comes before the decimals is asked already
        sentence = ""
        if self._decimal not in number.decimals:
            sentence = f"“{text}” is no number where amounts have “{self._decimal}” before the cents"
        elif self._told and len(number.decimals) > 1 and _OTHER[self._told] in number.body:
            sentence = f"“{text}” could be two exchange rates, a small one and a large one"
        if not sentence:
            return _value(number, self._decimal)
        hint = f"write it like the amounts, and without a sign between thousands: 1{self._decimal}0842"
        self._wrong(row, "rate-format", sentence, hint)
        return None

    def _wrong(self, row: int, code: str, sentence: str, suggestion: str) -> None:
        self._cells.wrong(row, "rate", code, sentence, suggestion)


def _value(number: Number, decimal: str) -> float:
    whole, _, fraction = number.body.partition(decimal)
    value = float(f"{re.sub(r'[^0-9]', '', whole) or '0'}.{fraction or '0'}")
    return -value if number.negative else value
