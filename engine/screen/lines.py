"""Lines that fit the screen: a row takes one line, and where something is cut, that shows."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

_ENOUGH = 16  # letters of a text that are cut last
_LEAST = 8  # letters that a cut text keeps


def fitted(
    rows: Sequence[tuple[Text, ...]],
    width: int,
    *,
    right: tuple[int, ...] = (),
    elastic: tuple[int, ...] = (),
) -> Table:
    """A line a row: where the screen is too narrow, the elastic columns are cut, and the cut is shown."""
    table = plain_table(len(rows[0]) if rows else 0)
    widths = [max(cell.cell_len for cell in column) for column in zip(*rows, strict=True)]
    over = sum(widths) + 2 * len(widths) - width
    for least in (_ENOUGH, _LEAST):
        for number in elastic if rows else ():
            cut = min(max(over, 0), max(widths[number] - least, 0))
            widths[number] -= cut
            over -= cut
    for row in rows:
        for number in elastic:
            row[number].truncate(widths[number], overflow="ellipsis")
    for number in right if rows else ():
        table.columns[number].justify = "right"
    for column in table.columns:
        column.no_wrap = True
    for row in rows:
        table.add_row(*row)
    return table


def plain_table(columns: int, space: int = 2) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, space, 0, 0))
    for _ in range(columns):
        table.add_column()
    return table


def heading(title: str, style: str = "bold", more: str = "") -> RenderableType:
    """The head of a part, with what more there is at the end of its line."""
    grid = Table.grid(expand=True)
    grid.add_column()
    grid.add_column(justify="right")
    grid.add_row(Text(title, style), Text(more, "dim"))
    return grid


def apart(left: Text, right: Text, width: int) -> RenderableType:
    """One at each end of a line, or under one another."""
    room = width - len(left.plain) - len(right.plain)
    if room < 2:
        return Group(left, right)
    return Text.assemble(left, " " * room, right)
