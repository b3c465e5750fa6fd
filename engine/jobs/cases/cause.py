"""A call that is being logged, and then the cause of what follows it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.engine import Connection

from engine.core.cases.answers import Answers
from engine.core.cases.moments import Due
from engine.core.language.follows import Outcome
from engine.core.sentences import calls as sentences
from engine.jobs.cases.known import Account
from engine.jobs.cases.on_list import Listed
from engine.jobs.cases.who import Who
from engine.jobs.workspace import Workspace
from engine.store.journal import Entry


@dataclass(frozen=True, slots=True)
class Desk:
    """A call that is being logged. `listed` is what it takes from the list; `person` and `role` are ours: who made it."""

    ws: Workspace
    conn: Connection
    who: Who
    known: Account
    listed: Listed
    outcome: Outcome
    person: str | None
    role: str

    @property
    def account(self) -> str:
        return self.known.account

    @property
    def name(self) -> str:
        return self.outcome.name

    def cause(self, number: int, answers: Answers, reason: str) -> Cause:
        """The call once it has a number."""
        ours = (self.person, self.role)
        return Cause(self.ws, self.conn, self.who, self.known, number, self.name, answers, reason, *ours)


@dataclass(frozen=True, slots=True)
class Cause:
    """A call with all that is known around it. `person` and `role` are ours: who made it. `number` counts calls."""

    ws: Workspace
    conn: Connection
    who: Who
    known: Account
    number: int
    outcome: str
    answers: Answers
    reason: str
    person: str | None
    role: str

    @property
    def account(self) -> str:
        return self.known.account

    @property
    def spoken_with(self) -> str:
        return self.answers.text("spoken with")

    def with_known(self, known: Account) -> Cause:
        """The same with what is known now."""
        return replace(self, known=known)

    def when(self, due: Due) -> str:
        """A day, or a moment, as it is said to whoever made the call."""
        office = self.ws.settings.workspace.zone
        return sentences.when(due.day, due.at, self.who.on, self.known.clock.zone, office)

    @property
    def told(self) -> dict[str, Any]:
        """What the next one should know: whom to ask for, their number, the story, and the call that it follows."""
        told = {
            "ask_for": self.spoken_with,
            "number": self.answers.text("number"),
            "story": self.answers.text("story"),
        }
        return {"call": self.number} | {name: text for name, text in told.items() if text}


@dataclass(frozen=True, slots=True)
class Effects:
    """What came of a call: a line for each thing, what to put in the journal, and what was agreed.

    `promise` and `plan` are numbers, `concessions` those of what each side gives, `items` what the agreement is about where
    that is not all that is owed.
    """

    lines: tuple[str, ...] = ()
    entries: tuple[Entry, ...] = ()
    promise: int | None = None
    plan: int | None = None
    concessions: tuple[int, ...] = ()
    items: tuple[str, ...] = ()

    def add(self, line: str = "", *entries: Entry, **more: Any) -> Effects:
        """The same with another line, further entries, or something agreed."""
        lines = (*self.lines, line) if line else self.lines
        return replace(self, lines=lines, entries=(*self.entries, *entries), **more)
