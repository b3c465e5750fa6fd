"""The cells of a ledger's items by their meaning, and the customers they belong to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

from engine.core.problem import Severity
from engine.readers.profile import Profile
from engine.readers.reading import Found
from engine.readers.table import Cell, Table, cell_text

_DAMAGED = re.compile(r"\d([.,]\d+)?E\+\d+", re.IGNORECASE)
_FAILED = re.compile(r"#(?:N/[AD]|NV|[¡¿]?[^\W_]+(?:/0)?[!?])")  # in the languages of spreadsheets


def spoilt(cell: Cell) -> tuple[str, str, str] | None:
    """Why a cell cannot be a number that somebody gave: a problem's code, sentence and suggestion."""
    text = cell_text(cell)
    if (isinstance(cell, Decimal) and abs(cell) >= 10**15) or _DAMAGED.fullmatch(text):
        return (
            "lost-digits",
            f"“{text}”: a spreadsheet has rounded this number",
            "format the column as text before the numbers are put in, or export as CSV and do not open it",
        )
    if _FAILED.fullmatch(text):
        return (
            "failed-formula",
            f"“{text}”: a formula of a spreadsheet has failed here",
            "mend the formula, or write the number itself",
        )
    return None


class Cells:
    """One table's cells by row and meaning; what is wrong with one goes to `found`, with its place."""

    def __init__(self, table: Table, columns: Mapping[str, int], profile: Profile, found: Found) -> None:
        self.table = table
        self.columns = columns
        self.profile = profile
        self.found = found

    def text(self, row: int, meaning: str) -> str:
        """The cell as text; empty where no column has the meaning."""
        column = self.columns.get(meaning)
        return "" if column is None else cell_text(self.table.cell(row, column))

    def raw(self, row: int, meaning: str) -> Cell:
        column = self.columns.get(meaning)
        return "" if column is None else self.table.cell(row, column)

    def wrong(
        self,
        row: int,
        meaning: str,
        code: str,
        sentence: str,
        suggestion: str,
        severity: Severity = Severity.ERROR,
    ) -> None:
        self.found.add(row, self.columns.get(meaning, 0), code, sentence, suggestion, severity)

    def identity(self, row: int, meaning: str) -> str:
        """A customer's or document's number as text; a problem where a spreadsheet has spoilt it."""
        cell = self.raw(row, meaning)
        if wrong := spoilt(cell):
            self.wrong(row, meaning, *wrong)
        return cell_text(cell)


class Parties:
    """Which customer each item belongs to, from its own cells or from the line above the section."""

    def __init__(self, cells: Cells, sections: Sequence[int], rows: Sequence[int]) -> None:
        self._cells = cells
        self._numbered = any(cells.raw(row, "account") != "" for row in rows)
        self._sections = sections  # of every row, the row of the customer's line above it, or -1
        self._bits: dict[str, dict[str, str]] = {}

    def of(self, row: int) -> tuple[str, str]:
        """Account and name; empty with a problem where the row has no customer."""
        cells, above = self._cells, self._sections[row]
        account = cells.identity(row, "account")
        name = cells.text(row, "name") if account else cells.identity(row, "name")
        if above >= 0:
            texts = [cell_text(cell) for cell in cells.table.rows[above] if cell != ""]
            named = {"account", "name"} & set(cells.columns)
            second = texts[1] if len(texts) > 1 and not named else ""  # a customer's line "ACME01  Acme Ltd"
            account = account or name or cells.identity(above, "account") or texts[0]
            name = name or cells.text(above, "name") or second or texts[0]
        elif not account and name and self._numbered:
            self._unnumbered(row, name)
            return "", ""
        account = account or name
        name = name or account
        if not account:
            cells.wrong(row, "account", "no-customer", "this item has no customer", "fill in the customer")
            return "", ""
        bits = self._bits.get(account)
        if bits is None:
            bits = self._bits[account] = {"name": name}
        for meaning in ("contact", "email", "phone"):
            if meaning in cells.columns and not bits.get(meaning):
                bits[meaning] = cells.text(row, meaning) or (cells.text(above, meaning) if above >= 0 else "")
        return account, name

    def _unnumbered(self, row: int, name: str) -> None:
        """A name alone among numbers is no new customer."""
        code = "no-customer-number"
        named = self._bits.items() if self._cells.found.has_room(code) else ()
        known = next((account for account, bits in named if bits["name"] == name), "")
        sentence = f"this item of “{name}” has no customer number, others have one"
        hint = f"fill it in; a row above has {known} for that name" if known else "fill it in"
        self._cells.wrong(row, "account", code, sentence, hint)

    def customers(self) -> list[tuple[str | None, ...]]:
        """Account, name, contact, e-mail and phone, as the ledger itself has them."""
        return [
            (account, *(bits.get(name) or None for name in ("name", "contact", "email", "phone")))
            for account, bits in self._bits.items()
        ]
