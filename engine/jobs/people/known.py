"""The people of a workspace: those of the database, and those of `dunwell.toml` whom it has never had."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from engine.core.problem import Place, Problem, Severity
from engine.settings import FILE, Person, Workspace
from engine.store.glance import Worker, workers
from engine.store.view import View


def with_people(files: Workspace, view: View) -> tuple[Workspace, tuple[Problem, ...]]:
    """The settings with the people that count; and a warning where the file says something else of them."""
    kept = workers(view)
    return overlaid(files, kept) if kept else (files, ())


def overlaid(files: Workspace, kept: Sequence[Worker]) -> tuple[Workspace, tuple[Problem, ...]]:
    """As `with_people`, with the people of the database at hand."""
    written = files.settings.people
    in_file = {id: place for place, id in enumerate(written)}
    here = {one.id: person(one) for one in kept if one.ended_at is None}
    fresh = {id: one for id, one in written.items() if id not in {worker.id for worker in kept}}
    both = sorted((here | fresh).items(), key=lambda one: (in_file.get(one[0], len(in_file)), one[0]))
    settings = files.settings.model_copy(update={"people": dict(both)})
    problems = tuple(
        _overruled(worker)
        for worker in kept
        if worker.id in written and written[worker.id] != here.get(worker.id)
    )
    return replace(files, settings=settings), problems


def _overruled(one: Worker) -> Problem:
    sentence = f"what [people.{one.id}] says does not count any more: people are kept in the database"
    return Problem(
        Place(FILE, 0),
        sentence,
        "change them on the page People, and take the section out",
        "people-kept",
        Severity.WARNING,
    )


def person(one: Worker) -> Person:
    """As the settings have them."""
    return Person(
        name=one.name,
        roles=one.roles,
        email=one.email or None,
        phone=one.phone,
        calls=one.calls,
        letters=one.letters,
        zone=one.zone,
    )
