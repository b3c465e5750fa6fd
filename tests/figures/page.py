"""The definitions of the manual's page on the report, as the registry has them.

`python -m tests.figures.page` writes them into the page, between its two marks.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from engine.core.figures.definition import Figure, TableOf
from engine.core.figures.registry import CHAPTERS, FIGURES, TABLES

PAGE = Path(__file__).parents[2] / "engine" / "help" / "report.md"
BEGINS, ENDS = "## Every figure\n", "## What it stands on\n"


def definitions() -> str:
    """Everything between the two heads."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield ""
    for chapter in CHAPTERS:
        yield f"### {chapter.value}"
        yield ""
        for figure in FIGURES:
            if figure.chapter is chapter:
                yield from _figure(figure)
        for table in TABLES:
            if table.chapter is chapter:
                yield from _table(table)


def _figure(figure: Figure) -> Iterator[str]:
    unit = {"%": "per cent", "money": "an amount", "days": "days", "count": "a number"}[figure.unit.value]
    yield f"**{figure.name}** ({unit}). {figure.says}"
    yield f"Formula: {figure.formula}. Source: {figure.source}."
    if figure.check is not None:
        yield f"Example: {figure.check.given}: {figure.check.gives:g}."
    if figure.usual:
        yield f"Usual: {figure.usual}."
    if figure.beside:
        yield figure.beside
    if not figure.band:
        yield "It has no band."
    yield ""


def _table(table: TableOf) -> Iterator[str]:
    yield f"**{table.name}** (a table). {table.says}"
    yield f"Columns: {', '.join(column.name for column in table.columns)}. Source: {table.source}."
    if table.beside:
        yield table.beside
    yield ""


def parts(text: str) -> tuple[str, str, str]:
    """The page before the definitions, the definitions, and what follows."""
    before, _, rest = text.partition(BEGINS)
    middle, _, after = rest.partition(ENDS)
    return before + BEGINS, middle, ENDS + after


if __name__ == "__main__":
    first, _, last = parts(PAGE.read_text("utf-8"))
    PAGE.write_text(f"{first}{definitions()}\n{last}", "utf-8")
