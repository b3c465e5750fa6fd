"""Every row of an export is one of a few kinds, or the file is refused: nothing is skipped because it
looked odd.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from engine.core.problem import Problem
from engine.readers.aliases import BUCKETS, TOTAL_OF, TOTALS
from engine.readers.dates import parse as parse_date
from engine.readers.headers import Header, normal, words
from engine.readers.numbers import parse as parse_number
from engine.readers.profile import Profile
from engine.readers.table import Cell, Table, cell_text


class RowKind(StrEnum):
    """What a row of an export is."""

    TITLE = "title"
    HEADER = "header"
    PARTY = "party header"
    BUCKET = "bucket section"
    ITEM = "item"
    SUBTOTAL = "subtotal"
    TOTAL = "total"
    BLANK = "blank"


@dataclass(frozen=True, slots=True)
class Classified:
    """The kind of every row, and for every item row the row of the customer it stands under (-1: none).

    `claims` are rows taken for subtotals because they name a customer: no label says it, so their amount must.
    """

    kinds: tuple[RowKind, ...]
    parties: tuple[int, ...]
    problems: tuple[Problem, ...]
    claims: frozenset[int] = frozenset()

    def counts(self) -> dict[str, int]:
        counted = Counter(self.kinds)
        return {kind.value: counted[kind] for kind in RowKind if counted[kind]}


_RULE = re.compile(r"[-=_*.\s–—]*")
_UNITS = "days|day|d|tage|tagen|jours|j|dias|giorni|dagen|months|month|monate|mois|meses|mesi|maanden"
_BUCKET = re.compile(rf"(?:over )?\d+(?: \d+)?(?: (?:and over|plus))?(?: (?:{_UNITS})\b.*)?")
_TOTAL_OF = sorted(TOTAL_OF.split("·"), key=len, reverse=True)
_LABELS = frozenset(("account", "name", "contact", "email", "phone", "terms", "currency"))


def classify(table: Table, header: Header, profile: Profile) -> Classified:
    """The kind of each row of a table. Problems name the rows that are none, and second headers."""
    columns = header.columns
    amounts = [columns[meaning] for meaning in ("open", "amount") if meaning in columns]
    day = columns.get("date", -1)
    sections = _has_sections(table, header)
    last = next((row for row in range(len(table.rows) - 1, 0, -1) if table.cell(row, day) != ""), 0)
    names = [cell.casefold() for cell in header.names]
    kinds: list[RowKind] = []
    parties: list[int] = []
    problems: list[Problem] = []
    claims: set[int] = set()
    party = -1
    closed = False  # after the grand total only notes may follow
    for row in range(len(table.rows)):
        cells = table.rows[row]
        kind: RowKind | None
        if row <= header.last:
            inside = header.first <= row
            kind = RowKind.HEADER if inside else (RowKind.TITLE if _filled(cells) else RowKind.BLANK)
        elif _dated(table.cell(row, day)) and any(table.cell(row, at) != "" for at in amounts):
            kind = RowKind.ITEM if not _is_header(cells, names) else RowKind.HEADER
        else:
            kind = _other(table, row, header, names, amounts, party, sections, closed, last)
        if kind is None:
            problems.append(_unknown(table, row))
            kind = RowKind.TITLE
        if kind is RowKind.HEADER and row > header.last and "repeated header" not in profile.set_aside:
            problems.append(_second_header(table, row, header))
        if kind is RowKind.PARTY:
            party = row
        if kind is RowKind.SUBTOTAL and _names_customer(table, row, header, party):
            claims.add(row)
        closed = kind is RowKind.TOTAL or (closed and kind in (RowKind.TITLE, RowKind.BLANK))
        kinds.append(kind)
        parties.append(party if kind is RowKind.ITEM else -1)
    return Classified(tuple(kinds), tuple(parties), tuple(problems), frozenset(claims))


def _other(
    table: Table,
    row: int,
    header: Header,
    names: list[str],
    amounts: list[int],
    party: int,
    sections: bool,
    closed: bool,
    last: int,
) -> RowKind | None:
    """The kind of a row that is not plainly an item."""
    cells = table.rows[row]
    columns = header.columns
    filled = _filled(cells)
    if not filled:
        return RowKind.BLANK
    if _is_header(cells, names):
        return RowKind.HEADER
    label = next((cell_text(cells[at]) for at in filled if not _is_number(cells[at])), "")
    dated = _dated(table.cell(row, columns.get("date", -1))) or _dated(
        table.cell(row, columns.get("due", -1))
    )
    numbered = table.cell(row, columns.get("item", -1)) != ""
    valued = any(table.cell(row, at) != "" for at in amounts)
    money = any(_is_number(cells[at]) for at in filled if at > 0)
    if not dated and (total := _total(label, table, party, money, header)):
        return total
    if dated and (numbered or len(filled) > 1):
        return RowKind.ITEM
    if len(filled) == 1 and not money:
        if _bucket(label):
            return RowKind.BUCKET
        if closed:
            return RowKind.TITLE
        return RowKind.PARTY if sections else None
    if _bucket(label) and not numbered and not dated:
        return RowKind.BUCKET
    if valued and not numbered:
        # Only who and how much: a subtotal where it names the customer, else the total of all
        owner = any(table.cell(row, columns.get(meaning, -1)) != "" for meaning in ("account", "name"))
        rest = set(filled) - {columns[meaning] for meaning in columns if meaning in _LABELS}
        if all(_is_number(cells[at]) for at in rest):
            return RowKind.SUBTOTAL if owner or row < last else RowKind.TOTAL
        return None
    allowed = {columns[meaning] for meaning in columns if meaning in _LABELS}
    unnamed = "account" not in columns and "name" not in columns
    if sections and not money and not valued and (unnamed or set(filled) <= allowed):
        return RowKind.PARTY
    return RowKind.ITEM if numbered and (valued or len(filled) > 2) else None


def _has_sections(table: Table, header: Header) -> bool:
    """Whether customers stand above their items: no column names them, or items leave it empty."""
    who = [header.columns[meaning] for meaning in ("account", "name") if meaning in header.columns]
    day = header.columns.get("date", -1)
    for row in range(header.last + 1, len(table.rows)):
        if any(table.cell(row, column) != "" for column in who):
            continue
        if table.cell(row, day) != "" and _is_date(table.cell(row, day)):
            return True
    return not who


def _total(label: str, table: Table, party: int, money: bool, header: Header) -> RowKind | None:
    plain = normal(label)
    if plain in words(TOTALS) or (
        plain.rsplit(" ", 1)[0] in words(TOTALS) and len(plain.rsplit(" ", 1)[-1]) == 3
    ):
        return RowKind.TOTAL
    if plain in ("subtotal", "sub total", "zwischensumme", "sous total", "subtotaal", "subtotale"):
        return RowKind.SUBTOTAL
    for start in _TOTAL_OF:
        if plain.startswith(start + " "):
            of = plain[len(start) + 1 :]
            same = party >= 0 and of == normal(cell_text(_label(table, party)))
            return RowKind.SUBTOTAL if same or money or _bucket(of) else None
    if plain.endswith(" total") and money:
        return RowKind.SUBTOTAL
    return None


def _names_customer(table: Table, row: int, header: Header, party: int) -> bool:
    """Whether a subtotal names a customer as an item does: with number and name, or with one and no “total”."""
    who = [cell_text(table.cell(row, header.columns.get(meaning, -1))) for meaning in ("account", "name")]
    if not any(who):
        return False
    return all(who) or not any(_total(text, table, party, True, header) for text in who if text)


def _label(table: Table, row: int) -> Cell:
    return next((cell for cell in table.rows[row] if cell != ""), "")


def _bucket(label: str) -> bool:
    plain = normal(label)
    if plain in words(BUCKETS):
        return True
    unit = any(mark in label for mark in "<>≤≥") or re.search(rf"\b(?:{_UNITS})\b", plain)
    return bool(unit and _BUCKET.fullmatch(plain))


def _filled(cells: Sequence[Cell]) -> list[int]:
    """The cells that say something; a row of dashes is a ruled line."""
    return [
        at
        for at, cell in enumerate(cells)
        if cell != "" and not (isinstance(cell, str) and _RULE.fullmatch(cell))
    ]


def _is_header(cells: Sequence[Cell], names: Sequence[str]) -> bool:
    if cell_text(next((cell for cell in cells if cell != ""), "")).casefold() not in names:
        return False
    texts = [cell_text(cell).casefold() for cell in cells]
    same = sum(1 for text, name in zip(texts, names, strict=False) if text and text == name)
    return same > 1 and same >= 0.8 * sum(1 for text in texts if text)


def _is_number(cell: Cell) -> bool:
    if isinstance(cell, str):
        return parse_number(cell.removesuffix("%").strip()) is not None
    return isinstance(cell, Decimal)


def _dated(cell: Cell) -> bool:
    """Whether a cell stands for a date, right or wrong, and is no label that happens to be in that column."""
    return cell != "" and not (isinstance(cell, str) and cell[0].isalpha() and parse_date(cell) is None)


def _is_date(cell: Cell) -> bool:
    return isinstance(cell, date) or parse_date(cell_text(cell)) is not None


def _unknown(table: Table, row: int) -> Problem:
    filled = _filled(table.rows[row])
    shown = ", ".join(f"“{cell_text(table.rows[row][at])}”" for at in filled[:3])
    return table.problem(
        row,
        filled[0] if filled else 0,
        "unknown-row",
        f"this row is no item, customer, total or title: {shown}{' …' if len(filled) > 3 else ''}",
        "delete the row, or complete it; a row that nobody understands is never skipped",
    )


def _second_header(table: Table, row: int, header: Header) -> Problem:
    return table.problem(
        row,
        0,
        "second-header",
        f"a second header row; the first is row {table.lines[header.first]}",
        "import one export a file; where the system repeats the header on every page, say in the profile: "
        'set_aside = ["repeated header"]',
        also=table.place(header.first),
    )
