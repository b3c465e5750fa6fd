"""`bands:` in house.yaml: in which band a figure of the report is to stay."""

from __future__ import annotations

import re
from collections.abc import Mapping

from engine.core.figures.bands import Band
from engine.core.figures.definition import Figure
from engine.core.figures.registry import FIGURES, TABLES, figure_named
from engine.core.figures.values import Unit
from engine.core.language import reading
from engine.core.language.source import Block, Line, Notes, short
from engine.core.language.words import nearest

EXAMPLE = "bands: {overdue share: at most 20%}"
NAMES = tuple(figure.name for figure in FIGURES if figure.band)
_NUMBER = r"(-?[0-9]{1,6}(?:\.[0-9]{1,4})?)\s*(%|per cent|percent|days?)?"
_MOST = re.compile(rf"at (most|least) {_NUMBER}")
_BETWEEN = re.compile(rf"between {_NUMBER} and {_NUMBER}")
_NEAR = re.compile(r"within ([0-9]{1,3}(?:\.[0-9]{1,2})?)\s*(?:%|per cent|percent) of its mean")
_UNITS = {
    "%": Unit.PERCENT,
    "per cent": Unit.PERCENT,
    "percent": Unit.PERCENT,
    "day": Unit.DAYS,
    "days": Unit.DAYS,
}


def read_bands(line: Line, notes: Notes) -> Mapping[str, Band]:
    """The bands by the figures' names; what cannot be read is noted and left out."""
    if not isinstance(line.value, Block):
        notes.error(
            line.value.place,
            "“bands” is lines of a figure and its band",
            f"write  {EXAMPLE}",
            "lines-wanted",
        )
        return {}
    found: dict[str, Band] = {}
    for each in line.value.lines:
        figure = _figure(each, notes)
        if figure is None:
            continue
        if figure.name in found:
            notes.error(
                each.key.place,
                f"“{figure.name}” has two bands",
                "keep one; a band may have two ends:  between 60 and 90",
                "band-twice",
                also=found[figure.name].place,
            )
        elif band := _band(figure, each, notes):
            found[figure.name] = band
    return found


def _figure(line: Line, notes: Notes) -> Figure | None:
    said = line.key.value
    figure = figure_named(said)
    if figure is not None and figure.band:
        return figure
    place = line.key.place
    if figure is not None:
        sentence = f"“{figure.name}” is an amount, and grows with the house"
        notes.error(place, sentence, "a share has a band:  overdue share: at most 20%", "no-band")
    elif " ".join(said.lower().split()) in {table.name for table in TABLES}:
        sentence = f"“{short(said)}” is for information, never a score, and has no band"
        notes.error(place, sentence, "leave the line out; the report shows it", "no-band")
    else:
        near = nearest(said, NAMES)
        hint = near if near.startswith("did") else "“dunwell help report” lists what there is"
        notes.error(place, f"the report has no figure “{short(said)}”", hint, "unknown-figure")
    return None


def _band(figure: Figure, line: Line, notes: Notes) -> Band | None:
    unit = "%" if figure.unit is Unit.PERCENT else " days"
    example = f"{figure.name}: at {'least' if figure.better == 'more' else 'most'} 20{unit}"
    text = reading.scalar(line.value, notes, example)
    if text is None:
        return None
    said = reading.word(text).lower()
    if near := _NEAR.fullmatch(said):
        return Band(figure.name, reading.word(text), line.key.place, near=float(near[1]))
    ends: tuple[float, ...]
    units: tuple[str | None, ...]
    if most := _MOST.fullmatch(said):
        ends, units = (float(most[2]),), (most[3],)
    elif between := _BETWEEN.fullmatch(said):
        ends, units = (float(between[1]), float(between[3])), (between[2], between[4])
    else:
        notes.error(
            text.place,
            f"“{short(text.value)}” is no band",
            f"write  {example},  or  between 10 and 20{unit},  or  within 15% of its mean",
            "band",
        )
        return None
    for named in units:
        if named and _UNITS[named] is not figure.unit:
            notes.error(
                text.place,
                f"{figure.name} is counted in {figure.unit.value.replace('%', 'per cent')}",
                f"write  {example}",
                "band-unit",
            )
            return None
    if len(ends) == 2 and ends[0] >= ends[1]:
        notes.error(
            text.place,
            "the band ends before it begins",
            f"write  {figure.name}: between 10 and 20",
            "band-ends",
        )
        return None
    low = ends[0] if len(ends) == 2 or said.startswith("at least") else None
    high = ends[-1] if len(ends) == 2 or said.startswith("at most") else None
    return Band(figure.name, reading.word(text), line.key.place, low=low, high=high)
