"""The report on one screen: the ageing, the figures that matter most, each with its trend; all of it when asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from engine.core.figures.ageing import SAYS
from engine.core.figures.bands import Left
from engine.core.figures.definition import Chapter, Column, Figure
from engine.core.figures.report import Line, Report, Sheet
from engine.core.figures.values import Unit, Value
from engine.core.sentences import figures as said
from engine.screen.lines import fitted, plain_table
from engine.screen.written import clean, count, day_month, line_of, span

_SIDE = 3  # currencies side by side
_TREND = 12  # columns
_BARS = "▁▂▃▄▅▆▇█"


def report_drawn(found: Report, *, width: int = 100, all_: bool = False, definitions: bool = False) -> Group:
    """The first screen; with `all_` every figure and table; with `definitions` what each of them means."""
    everything = all_ or definitions
    lines = [line for line in found.lines if everything or line.figure.first]
    figures, side = _figures(found, lines, width)
    parts: list[RenderableType] = [*_head(found, width), Text(), *_ageing(found, side), Text()]
    if definitions:
        parts += _defined(found, lines)
    else:
        parts += [figures, Text(), *_beside(lines)]
    if everything:
        for sheet in found.sheets:
            parts += _sheet(sheet, found)
        parts += [Text(), *map(_beneath, notes(found))]
    else:
        parts += _hints(len(found.scopes) > side)
    return Group(*parts)


def left_said(gone: Left) -> str:
    """A figure that has left its band, on a line."""
    line, band = gone.line, gone.band
    value = value_said(line.figure, line.value, line.currency)
    usual = (
        f"; its mean was {said.written(gone.mean, line.figure.unit.value, line.currency)}"
        if gone.mean is not None
        else ""
    )
    return f"{line.figure.name} is {value}, its band is {band.text} ({line_of(band.place)}){usual}"


def notes(found: Report) -> list[str]:
    """What the report stands on, a sentence each."""
    ground, told = found.ground, [said.AS_INVOICED]
    told.append(said.CREDITS_NETTED if found.netted else said.CREDITS_APART)
    told.append(said.SALES)
    if found.rates:
        told.append(said.converted(found.rates, found.scopes[0].currency))
    elif not found.single:
        told.append(said.not_converted(found.house))
    if ground.ledgers:
        first, newest = ground.ledgers
        told.append(said.told_between(first, newest))
        if ground.told_from and ground.told_from < first:
            told.append(said.told_before(first, ground.told_from, ground.settled))
        else:
            told.append(said.nothing_before(first))
    if ground.presumed:
        told.append(said.presumed(ground.presumed, ground.payments))
    if ground.compared:
        told.append(said.compared(ground.compared, ground.differs))
    return told


def facts(found: Report) -> list[str]:
    """What every report says of itself first: currency, credits, day count."""
    currencies = " · ".join(scope.name for scope in found.scopes)
    credits = "credits set against the oldest due" if found.netted else "credits not included"
    return [currencies, credits, f"{count(found.period.days, 'day')}, calendar days"]


def title(found: Report) -> str:
    return f"Report of {span(found.period.first, found.period.last)}"


def _head(found: Report, width: int) -> Iterator[RenderableType]:
    right = Text(f"{count(found.accounts, 'account')} · as of {day_month(found.as_of)}", "dim")
    left = Text(title(found), "bold")
    space = width - left.cell_len - right.cell_len - 1
    yield Text.assemble(left, " " * max(space, 2), right)
    yield Text("  " + " · ".join(facts(found)), "dim")
    if found.asked_to > found.as_of:
        yield Text(f"  {said.ends_earlier(found.asked_to, found.as_of)}", "yellow")
    if found.policy:
        yield Text(f"  {said.of_policy(clean(found.policy), found.accounts)}", "yellow")


def _ageing(found: Report, side: int) -> Iterator[RenderableType]:
    """The buckets of so many currencies, side by side."""
    columns = found.ageing[:side]
    table = plain_table(1, 3)
    for _ in columns:
        table.add_column(justify="right", no_wrap=True)
        table.add_column(justify="right", no_wrap=True)
    sums = [sum(bucket.amount for bucket in one.buckets) for one in columns]

    def add(name: str, amounts: Sequence[int], style: str, shares: bool = False) -> None:
        cells: list[Text] = []
        for one, amount, whole in zip(columns, amounts, sums, strict=True):
            cells.append(Text(said.written(amount, "money", one.currency) if amount else "–", style))
            cells.append(Text(f"{100 * amount / whole:.0f}%" if shares and whole else "", "dim"))
        table.add_row(Text(f"  {name}", style), *cells)

    table.add_row("", *(cell for one in columns for cell in (Text(one.scope, "bold"), "")))
    for number, bucket in enumerate(found.ageing[0].buckets):
        add(bucket.name, [one.buckets[number].amount for one in columns], "", shares=True)
    add("all", sums, "bold")
    add("credits, apart", [one.credits for one in columns], "dim")
    yield Text(f"OPEN ITEMS, {SAYS[found.convention]}", "bold")
    yield table


def _figures(found: Report, lines: Sequence[Line], width: int) -> tuple[Table, int]:
    """The figures, and how many currencies there was room for: an amount is never cut."""
    most = min(_SIDE, len(found.scopes))
    for side, before in (
        (most, True),
        *((fewer, before) for before in (True, False) for fewer in range(most, 0, -1)),
    ):
        rows = _rows(found, lines, side, before=before)
        widths = [max(cell.cell_len for cell in column) for column in list(zip(*rows, strict=True))[:-1]]
        if sum(widths) + 2 * len(widths) + _TREND <= width:
            break
    last = len(rows[0]) - 1
    return fitted(rows, width, right=tuple(range(1, last)), elastic=(last,)), side


def _rows(found: Report, lines: Sequence[Line], side: int, *, before: bool) -> list[tuple[Text, ...]]:
    scopes = [scope.name for scope in found.scopes[:side]]
    head = [Text(), *(Text(scope, "bold") for scope in scopes), *[Text()] * (side == 1)]
    head += [Text("a month ago", "dim")] * before
    rows = [(*head, Text("12 months", "dim"))]
    chapter: Chapter | None = None
    for figure in dict.fromkeys(line.figure for line in lines):
        mine = [line for line in lines if line.figure is figure]
        if figure.chapter is not chapter:
            chapter = figure.chapter
            rows.append((Text(chapter.value.upper(), "bold"), *[Text()] * (len(rows[0]) - 1)))
        rows.append(_row(figure, mine, scopes, before=before))
    return rows


def _row(figure: Figure, mine: Sequence[Line], scopes: Sequence[str], *, before: bool) -> tuple[Text, ...]:
    first = mine[0]
    if figure.of_money:
        by = {line.scope: line for line in mine}
        cells = [Text(value_said(figure, by[scope].value, by[scope].currency)) for scope in scopes]
        cells += [Text()] * (len(scopes) == 1)
    else:
        cells = [Text(value_said(figure, first.value, first.currency)), Text(made_of(first.value), "dim")]
        cells += [Text()] * (len(scopes) - 2)
    if before:
        cells.append(Text(value_said(figure, first.trend[-2], first.currency), "dim"))
    known = any(value.number is not None for value in first.trend)
    trend = Text(spark([value.number for value in first.trend])) if known else Text(first.value.note, "dim")
    return (Text(f"  {figure.name}"), *cells, trend)


def value_said(figure: Figure, value: Value, currency: str) -> str:
    """The number in its unit; a dash where there is none."""
    return "–" if value.number is None else said.written(value.number, figure.unit.value, currency)


def made_of(value: Value) -> str:
    """What a share was made of, or how many an average is of."""
    if value.number is None or not value.of:
        return ""
    return f"{value.part:,.0f} of {value.of:,.0f}" if value.part is not None else f"of {value.of:,.0f}"


def spark(numbers: Sequence[float | None]) -> str:
    """A bar a number, from the least to the most of them; a gap where there is none."""
    known = [number for number in numbers if number is not None]
    low, high = (min(known), max(known)) if known else (0.0, 0.0)
    step = (high - low) / (len(_BARS) - 1)
    return "".join(
        " " if number is None else _BARS[round((number - low) / step) if step else 0] for number in numbers
    )


def _defined(found: Report, lines: Sequence[Line]) -> Iterator[RenderableType]:
    """Each figure with what it means beneath."""
    chapter: Chapter | None = None
    for figure in dict.fromkeys(line.figure for line in lines):
        mine = [line for line in lines if line.figure is figure]
        if figure.chapter is not chapter:
            chapter = figure.chapter
            yield Text()
            yield Text(chapter.value.upper(), "bold")
        values = " · ".join(
            f"{value_said(figure, line.value, line.currency)}{f' ({line.scope})' if line.scope and not found.single else ''}"
            for line in mine
        )
        made = made_of(mine[0].value) if not figure.of_money else ""
        yield Text.assemble(f"  {figure.name}  ", (values, "bold"), (f"  {made}" if made else "", "dim"))
        yield Padding(Text(figure.says, "dim"), (0, 0, 0, 4))
        for note in (
            figure.formula,
            f"usual: {figure.usual}" if figure.usual else "",
            figure.beside,
            mine[0].value.note,
        ):
            if note:
                yield Padding(Text(note, "dim italic"), (0, 0, 0, 4))


def _sheet(sheet: Sheet, found: Report) -> Iterator[RenderableType]:
    if not sheet.rows or (sheet.scope and sheet.scope != found.scopes[0].name):
        return
    where = f", {sheet.scope}" if sheet.scope and not found.single else ""
    yield Text()
    yield Text(f"{sheet.table.name.upper()}{where}", "bold")
    yield _beneath(sheet.table.says)
    table = plain_table(0, 3)
    for column in sheet.table.columns:
        table.add_column(justify="left" if column.unit is Unit.TEXT else "right")
    table.add_row(
        *(
            Text(f"  {column.name}" if not n else column.name, "dim")
            for n, column in enumerate(sheet.table.columns)
        )
    )
    for row in sheet.rows:
        cells = [
            cell_said(cell, column, sheet.currency)
            for cell, column in zip(row, sheet.table.columns, strict=True)
        ]
        table.add_row(f"  {cells[0]}", *cells[1:])
    yield table
    if sheet.table.beside:
        yield _beneath(sheet.table.beside)


def cell_said(cell: object, column: Column, currency: str) -> str:
    """A cell of a table as it is read."""
    if cell is None:
        return "–"
    if isinstance(cell, int | float):
        unit = "" if column.unit is Unit.DAYS else column.unit.value
        return f"{cell:,.0f}" if not unit else said.written(cell, unit, currency)
    return clean(str(cell))


def _beside(lines: Sequence[Line]) -> Iterator[RenderableType]:
    """What must stand beside a figure wherever it is shown."""
    for figure in dict.fromkeys(line.figure for line in lines):
        for note in (figure.beside, f"Usual is {figure.usual}." if figure.usual else ""):
            if note:
                yield _beneath(f"{figure.name}: {note[0].lower()}{note[1:]}")


def _beneath(text: str) -> RenderableType:
    """A remark, which may take several lines."""
    return Padding(Text(text, "dim"), (0, 0, 0, 2))


def _hints(more: bool) -> list[RenderableType]:
    return [
        *([Text("  There are more currencies than fit: --currency CODE", "dim")] if more else []),
        Text("  Every figure and table: --all    what each means: --definitions", "dim"),
        Text("  A page to print or send: --html report.html", "dim"),
    ]
