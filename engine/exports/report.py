"""The report as plain values, as one table, and as a workbook.

Days are `2026-11-23`; amounts are decimal numbers as text beside their currency; shares are per cent.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from engine.channels.folder import plain_cell
from engine.core.figures.ageing import SAYS
from engine.core.figures.bands import Left
from engine.core.figures.definition import Column
from engine.core.figures.periods import Period
from engine.core.figures.registry import FIGURES, TABLES
from engine.core.figures.report import Line, Report
from engine.core.figures.values import Unit, Value
from engine.core.money import Amount
from engine.exports.values import amount
from engine.exports.workbook import fill
from engine.screen.report import facts, notes

COLUMNS = (
    *(
        "chapter",
        "figure",
        "row",
        "column",
        "currency",
        "converted",
        "from",
        "to",
        "value",
        "unit",
        "part",
        "of",
    ),
    "note",
)
_DIGITS = 4  # of a share or of days, behind the point


def report_value(found: Report) -> dict[str, object]:
    """What `--json` writes; the keys stay as they are."""
    return {
        "from": found.period.first.isoformat(),
        "to": found.period.last.isoformat(),
        "days": found.period.days,
        "as_of": found.as_of.isoformat(),
        "credits": "set against the oldest due" if found.netted else "not included",
        "ageing_by": found.convention.value,
        "policy": found.policy or None,
        "accounts": found.accounts,
        "currencies": [scope.name for scope in found.scopes],
        "rates": {
            code: {"rate": rate, "on": on.isoformat()} for code, (rate, on) in sorted(found.rates.items())
        },
        "periods": [{"from": one.first.isoformat(), "to": one.last.isoformat()} for one in found.periods],
        "figures": [_line(line) for line in found.lines],
        "ageing": [
            {
                "currency": one.currency,
                "scope": one.scope,
                "buckets": [
                    {
                        "name": bucket.name,
                        "items": bucket.items,
                        "amount": amount(bucket.amount, one.currency),
                        "trend": [
                            None if each is None else amount(each, one.currency) for each in bucket.trend
                        ],
                    }
                    for bucket in one.buckets
                ],
                "credits": amount(one.credits, one.currency),
            }
            for one in found.ageing
        ],
        "tables": [
            {
                "name": sheet.table.name,
                "scope": sheet.scope or None,
                "currency": sheet.currency if sheet.table.of_money else None,
                "rows": [
                    {
                        column.name: _plain(cell, column, sheet.currency)
                        for cell, column in zip(row, sheet.table.columns, strict=True)
                    }
                    for row in sheet.rows
                ],
                "beside": sheet.table.beside or None,
            }
            for sheet in found.sheets
        ],
        "notes": notes(found),
    }


def left_value(gone: Left) -> dict[str, object]:
    """A figure that has left its band."""
    return {
        **_line(gone.line),
        "band": gone.band.text,
        "line": str(gone.band.place),
        "mean": _number(gone.mean, gone.line.figure.unit, gone.line.currency),
    }


def _line(line: Line) -> dict[str, object]:
    figure, currency = line.figure, line.currency
    return {
        "name": figure.name,
        "chapter": figure.chapter.value,
        "unit": currency if figure.unit is Unit.MONEY else figure.unit.value,
        "scope": line.scope or None,
        "value": _number(line.value.number, figure.unit, currency),
        "part": _made(line.value.part, line),
        "of": _made(line.value.of, line),
        "note": line.value.note or None,
        "trend": [_number(value.number, figure.unit, currency) for value in line.trend],
        "beside": figure.beside or None,
    }


def _number(number: float | None, unit: Unit, currency: str) -> object:
    if number is None:
        return None
    if unit is Unit.MONEY:
        return amount(round(number), currency)
    return int(number) if unit is Unit.COUNT else round(number, _DIGITS)


def _made(number: float | None, line: Line) -> object:
    """What a share is made of: amounts of a figure of money, else counts. Of an average only how many there were."""
    if number is None:
        return None
    money = line.figure.of_money and line.value.part is not None
    return amount(round(number), line.currency) if money else int(number)


def _plain(cell: object, column: Column, currency: str) -> object:
    return _number(cell, column.unit, currency) if isinstance(cell, int | float) else cell


# -- one table ---------------------------------------------------------------------------------------------------------


def rows(found: Report) -> Iterator[tuple[object, ...]]:
    """A row a figure, currency and month; then the ageing and the tables, a row each of their cells."""
    for line in found.lines:
        for period, value in zip(found.periods, line.trend, strict=True):
            yield _row(found, line, period, value)
    days = (found.period.first.isoformat(), found.period.last.isoformat())
    by = f"open items {SAYS[found.convention]}"
    for one in found.ageing:
        where = (one.currency, _converted(found, one.scope), *days)
        for bucket in one.buckets:
            money = _cell(bucket.amount, Unit.MONEY, one.currency)
            yield ("What is owed", by, bucket.name, "amount", *where, money, one.currency, "", "", "")
    for sheet in found.sheets:
        table = sheet.table
        where = (sheet.currency if table.of_money else "", _converted(found, sheet.scope), *days)
        for row in sheet.rows:
            head = (table.chapter.value, table.name, row[0])
            for column, cell in zip(table.columns[1:], row[1:], strict=True):
                unit = sheet.currency if column.unit is Unit.MONEY else column.unit.value
                number = _cell(cell, column.unit, sheet.currency)
                yield (*head, column.name, *where, number, unit, "", "", table.beside)


def _row(found: Report, line: Line, period: Period, value: Value) -> tuple[object, ...]:
    figure = line.figure
    now = Line(figure, line.scope, line.currency, value, line.trend)
    return (
        *(figure.chapter.value, figure.name, "", ""),
        *(line.currency if figure.of_money else "", _converted(found, line.scope)),
        *(period.first.isoformat(), period.last.isoformat()),
        _cell(value.number, figure.unit, line.currency),
        line.currency if figure.unit is Unit.MONEY else figure.unit.value,
        *(_made_cell(value.part, now), _made_cell(value.of, now)),
        value.note or figure.beside,
    )


def _converted(found: Report, scope: str) -> str:
    return "yes" if any(one.converted and one.name == scope for one in found.scopes) else ""


def _cell(number: object, unit: Unit, currency: str) -> object:
    if not isinstance(number, int | float):
        return "" if number is None else number
    if unit is Unit.MONEY:
        return Amount.of_minor(round(number), currency).value
    return int(number) if unit is Unit.COUNT else Decimal(str(round(number, _DIGITS)))


def _made_cell(number: float | None, line: Line) -> object:
    if number is None:
        return ""
    money = line.figure.of_money and line.value.part is not None
    return _cell(number, Unit.MONEY if money else Unit.COUNT, line.currency)


def report_csv(found: Report) -> bytes:
    """UTF-8 with a mark, so that every spreadsheet shows names as they are; no cell is a formula."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in rows(found):
        writer.writerow([plain_cell(cell) if isinstance(cell, str) else cell for cell in row])
    return b"\xef\xbb\xbf" + text.getvalue().encode()


# -- a workbook --------------------------------------------------------------------------------------------------------


def report_xlsx(found: Report) -> bytes:
    """Sheets: the figures with their months, the ageing, each table that has rows, the definitions, what it stands on."""
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

    book = Workbook()
    first = book.active
    assert isinstance(first, Worksheet)
    first.title = "Figures"
    fill(
        first,
        ["chapter", "figure", "in", "unit", "value", "part", "of", *_months(found), "note"],
        _figures(found),
    )
    ageing = book.create_sheet("Ageing")
    fill(ageing, [SAYS[found.convention], "in", "items", "amount", *_months(found)], _ageing(found))
    for sheet in found.sheets:
        if sheet.rows and (not sheet.scope or sheet.scope == found.scopes[0].name):
            cells = (
                [
                    _cell(cell, column.unit, sheet.currency)
                    for cell, column in zip(row, sheet.table.columns, strict=True)
                ]
                for row in sheet.rows
            )
            head = [column.name for column in sheet.table.columns]
            tail = [[], [sheet.table.says], [sheet.scope], [sheet.table.beside]]
            fill(book.create_sheet(sheet.table.name.capitalize()), head, (*cells, *tail))
    defined = [[one.name, one.says, one.formula, one.unit.value, one.source, one.beside] for one in FIGURES]
    defined += [[one.name, one.says, "", "", one.source, one.beside] for one in TABLES]
    fill(
        book.create_sheet("Definitions"),
        ["figure", "what it is", "formula", "unit", "source", "note"],
        defined,
    )
    about = [[f"{found.period.first} to {found.period.last}"], *([fact] for fact in facts(found))]
    fill(book.create_sheet("About"), ["this report"], [*about, *([note] for note in notes(found))])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _months(found: Report) -> list[object]:
    return [period.last for period in found.periods]


def _figures(found: Report) -> Iterable[Sequence[object]]:
    for line in found.lines:
        figure, value = line.figure, line.value
        unit = line.currency if figure.unit is Unit.MONEY else figure.unit.value
        yield [
            *(figure.chapter.value, figure.name, line.scope, unit),
            _cell(value.number, figure.unit, line.currency),
            *(_made_cell(value.part, line), _made_cell(value.of, line)),
            *(_cell(each.number, figure.unit, line.currency) for each in line.trend),
            value.note or figure.beside,
        ]


def _ageing(found: Report) -> Iterable[Sequence[object]]:
    for one in found.ageing:
        for bucket in one.buckets:
            trend = ("" if each is None else _cell(each, Unit.MONEY, one.currency) for each in bucket.trend)
            yield [
                bucket.name,
                one.scope,
                bucket.items,
                _cell(bucket.amount, Unit.MONEY, one.currency),
                *trend,
            ]
        yield ["credits, apart", one.scope, "", _cell(one.credits, Unit.MONEY, one.currency)]
