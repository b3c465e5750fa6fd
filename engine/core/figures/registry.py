"""Every figure of the report in one list, in the order of the report.

The report, the page of the manual, the words of `bands:` and the tests are made from it.
"""

from __future__ import annotations

from engine.core.figures import compliance, contacts, customers, disputes, followed, owed, promises, speed
from engine.core.figures.definition import Chapter, Figure, TableOf

_ROOMS = (owed, speed, contacts, customers, followed, promises, disputes, compliance)
CHAPTERS = tuple(Chapter)
FIGURES: tuple[Figure, ...] = tuple(
    sorted(
        (figure for room in _ROOMS for figure in room.FIGURES), key=lambda one: CHAPTERS.index(one.chapter)
    )
)
TABLES: tuple[TableOf, ...] = (*contacts.TABLES, *followed.TABLES, *promises.TABLES, *disputes.TABLES)

_BY_NAME = {figure.name.lower(): figure for figure in FIGURES}


def figure_named(name: str) -> Figure | None:
    """The figure of that name, whatever its capitals and dashes."""
    return _BY_NAME.get(" ".join(name.lower().replace("–", "-").split()))
