"""A workspace as the jobs need it: settings, policies and templates read and checked together, and its database."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from engine import settings as workspace_settings
from engine.core.language.check import check
from engine.core.language.fields import Field, Type
from engine.core.language.invariants import Invariants
from engine.core.language.known import ROLES, Known
from engine.core.language.policy import PolicyBook
from engine.core.language.trials import TrialFile
from engine.core.messages.demands import written_demands
from engine.core.messages.head import Templates, read_templates
from engine.core.problem import Place, Problem, Severity
from engine.core.workdays import Calendar, calendar
from engine.errors import Refused
from engine.settings import texts as on_disk
from engine.settings.texts import Texts

# Whoever only reads the files loads neither columns nor a database, which take longer than all the reading.
if TYPE_CHECKING:
    import polars as pl
    from sqlalchemy.engine import Engine

    from engine.core.decision.allocate import Person
    from engine.core.rules import Rules
    from engine.store.view import View

_TYPES = {"flag": Type.FLAG}


@dataclass(frozen=True)
class Workspace:
    """What a folder with a `dunwell.toml` holds. `book` is None while any file has an error; `problems` has them all.

    `texts` are those it was read from; `release` is their number where they are of a release and not of the disk.
    """

    files: workspace_settings.Workspace
    problems: tuple[Problem, ...]
    book: PolicyBook | None
    templates: Templates
    trials: tuple[TrialFile, ...]
    known: Known
    texts: Texts
    release: int | None = None
    invariants: Invariants = field(default_factory=Invariants)

    @property
    def root(self) -> Path:
        return self.files.root

    @property
    def settings(self) -> workspace_settings.Settings:
        return self.files.settings

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that stand in the way; the others are warnings."""
        return tuple(problem for problem in self.problems if problem.severity is Severity.ERROR)

    @property
    def live(self) -> PolicyBook:
        """The book, or a refusal that says how many mistakes stand in its way."""
        if self.book is None:
            errors = len(self.errors)
            raise Refused(
                f"the policies have {errors} problem{'s' * (errors != 1)}, so nothing is decided",
                "“dunwell check” shows each with its place",
            )
        return self.book

    @cached_property
    def calendar(self) -> Calendar:
        """The house's calendar."""
        return calendar(self.live.house.calendar, self.live.house.open_days)

    @cached_property
    def rules(self) -> tuple[Rules, ...]:
        """Both evaluators over the book, or the plain one alone where durable-rules cannot be imported."""
        from engine.core.decision import questions
        from engine.core.rules import evaluators

        return evaluators(questions.rulesets(self.live))

    @cached_property
    def people(self) -> tuple[Person, ...]:
        """Who works, with what a day of theirs can take."""
        from engine.core.decision.allocate import Person

        return tuple(
            Person(
                id,
                person.name,
                tuple(person.roles),
                {kind: most for kind in ("calls", "letters") if (most := getattr(person, kind)) is not None},
            )
            for id, person in self.settings.people.items()
        )

    @property
    def own_columns(self) -> Mapping[str, pl.DataType]:
        """The workspace's own fields as columns of the account frame."""
        from engine.core.decision.state import OWN

        return {
            field.column: OWN[self.settings.fields[name].type]
            for name, field in self.known.own_fields.items()
        }

    def today(self, now: datetime) -> date:
        """The office's date at a moment."""
        return now.astimezone(ZoneInfo(self.settings.workspace.zone)).date()

    def thorough(self, known: Collection[str] = ()) -> Workspace:
        """The workspace with its messages tried out too, which takes half a second: before anything is sent, and in a check.

        `known` are the files of messages that are sound for certain; they are not tried again.
        """
        left = self.templates.without(known)
        if known and not left.by_name:
            return self
        from engine.core.messages.lint import lint

        found = lint(left, self.demands)
        whole = not any(problem.severity is Severity.ERROR for problem in found)
        return replace(self, problems=(*self.problems, *found), book=self.book if whole else None)

    @property
    def demands(self) -> frozenset[str]:
        """The messages that are written demands, as far as the policies can be read."""
        return written_demands(self.book.policies) if self.book else frozenset()

    def schemas(self) -> dict[str, Any]:
        """The JSON Schemas for editors, with this workspace's own names."""
        from engine.core.language.schema import schemas

        return schemas(self.known, tuple(policy.id for policy in self.book.policies) if self.book else ())

    def database(self, *, read_only: bool = False) -> Engine:
        """The database. Read-only, it must be there already."""
        from engine.store import database

        return database.open(self.files.database_url, read_only=read_only)


def open_workspace(path: Path | None = None, start: Path | None = None) -> Workspace:
    """The workspace at `path`, or around `start`. Refused where there is none, or its settings cannot be read.

    The files are checked against the ledger and the past too, where there is a database. `thorough` tries the messages.
    """
    found, problems = workspace_settings.load(start or Path.cwd(), path)
    if found is None:
        raise BrokenSettings(problems)
    return of_texts(found, on_disk.read(found), problems)


def of_texts(
    found: workspace_settings.Workspace,
    texts: Texts,
    problems: tuple[Problem, ...] = (),
    release: int | None = None,
    *,
    alone: bool = False,
) -> Workspace:
    """The workspace with these settings and texts. `problems` are of the settings.

    With `alone` the texts are looked at by themselves: nobody asks whether they fit the ledger and the past.
    """
    if alone or not found.has_database:
        return _read(found, texts, problems, release, None)
    from engine.jobs import history

    with history.asking(found) as view:
        return _read(found, texts, problems, release, view)


def _read(
    found: workspace_settings.Workspace,
    texts: Texts,
    problems: tuple[Problem, ...],
    release: int | None,
    view: View | None,
) -> Workspace:
    """`view` is a look into the database, where there is one."""
    if view is not None:
        from engine.jobs import history
        from engine.jobs.people.known import with_people

        found, overruled = with_people(found, view)
        problems = (*problems, *overruled)
    templates, more = read_templates(texts.templates)
    known = _known(found, templates)
    if view is not None:
        known = history.known_by_ledger(found, known)
    checked = check(texts.policies, known)
    past = history.lost(view, known, checked.book) if view is not None and checked.book else ()
    everything = (*problems, *texts.problems, *checked.problems, *more, *past)
    whole = not any(problem.severity is Severity.ERROR for problem in everything)
    book = checked.book if whole else None
    return Workspace(
        found, everything, book, templates, checked.trials, known, texts, release, checked.invariants
    )


class BrokenSettings(Refused):
    """`dunwell.toml` is missing or has mistakes; they are in `problems`."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        first = (
            problems[0]
            if problems
            else Problem(Place("dunwell.toml"), "the settings cannot be read", "", "settings")
        )
        super().__init__(first.sentence, first.suggestion)
        self.problems = problems


def _known(found: workspace_settings.Workspace, templates: Templates) -> Known:
    settings = found.settings
    own = {
        name: Field(
            name,
            _TYPES.get(field.type) or Type(field.type),
            field.sentence,
            f"{name}: …",
            name.replace("-", "_"),
        )
        for name, field in settings.fields.items()
    }
    return Known(
        templates=templates.heads,
        roles=frozenset(ROLES) | {role for person in settings.people.values() for role in person.roles},
        people=frozenset(settings.people),
        webhooks=frozenset(settings.webhooks),
        own_fields=own,
    )
