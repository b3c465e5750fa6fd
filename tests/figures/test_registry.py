"""Every figure is defined, comes to its worked example, and says why where it cannot be given."""

from __future__ import annotations

import pytest

from engine.core.figures.definition import Figure, TableOf
from engine.core.figures.followed import TONES
from engine.core.figures.registry import CHAPTERS, FIGURES, TABLES, figure_named
from engine.core.figures.values import Unit
from engine.core.language.policy import Tone
from engine.core.sentences.figures import HANG_UPS, NO_CAUSE
from tests.figures.builder import in_period, known

CHECKED = [figure for figure in FIGURES if figure.check is not None]
# What the field gives as worked checks; each must be among ours, to the digits it is given in.
VECTORS = {
    "DSO": 9.33,
    "DSO countback": 73.7,
    "best possible DSO": 7.47,
    "true DSO": 24.2,
    "ADD": 1.87,
    "CEI": 64.3,
    "days past due": 5.31,
}


@pytest.mark.parametrize("figure", CHECKED, ids=lambda figure: figure.name)
def test_the_formula_comes_to_its_worked_example(figure: Figure) -> None:
    assert figure.check is not None
    worked = figure.check.worked()
    assert worked is not None
    assert round(worked, 2) == figure.check.gives


@pytest.mark.parametrize(("name", "value"), VECTORS.items())
def test_the_checks_of_the_field_are_ours(name: str, value: float) -> None:
    figure = figure_named(name)
    assert figure is not None
    assert figure.check is not None
    digits = len(str(value).partition(".")[2])
    assert round(figure.check.worked() or 0, digits) == value


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.name)
def test_each_is_defined(figure: Figure) -> None:
    assert figure.says.endswith(".")
    assert figure.formula
    assert figure.source
    assert figure.better in ("", "less", "more")
    assert figure.of_money or figure.unit is not Unit.MONEY  # what counts over currencies adds no amounts up
    assert figure.band is (figure.unit is not Unit.MONEY)


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.name)
def test_each_says_why_there_is_none(figure: Figure) -> None:
    nothing = figure.function(in_period(known(), "05-01", "05-31", counting=not figure.of_money))
    assert nothing.note or nothing.number == 0
    assert nothing.number is not None or not nothing.note.endswith(".")


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_each_table_is_defined_and_may_be_empty(table: TableOf) -> None:
    assert table.says.endswith(".")
    assert table.columns[0].unit is Unit.TEXT
    assert table.of_money is any(column.unit is Unit.MONEY for column in table.columns)
    assert list(table.function(in_period(known(), "05-01", "05-31", counting=not table.of_money))) == []


def test_names_are_each_others_own_and_are_found() -> None:
    names = [figure.name.lower() for figure in FIGURES] + [table.name for table in TABLES]
    assert len(names) == len(set(names))
    assert figure_named(" dso ") is figure_named("DSO")
    assert figure_named("roll rate 1–30") is figure_named("roll rate 1-30") is not None
    assert [figure.chapter for figure in FIGURES] == sorted((f.chapter for f in FIGURES), key=CHAPTERS.index)


def test_what_followed_is_never_called_a_cause() -> None:
    beside = {one.name: one.beside for one in (*FIGURES, *TABLES)}
    followed = (
        "action efficiency",
        "efficiency by kind",
        "outcomes by tone",
        "still buying",
        "first-contact resolution",
    )
    assert {beside[name] for name in followed} == {NO_CAUSE}
    assert beside["hang-ups"] == HANG_UPS


def test_tones_are_those_of_the_language() -> None:
    assert {tone.rank: tone.value for tone in Tone} == TONES
