"""What the database knows that a check of the files alone cannot: the ledger's terms, and the past that a changed name loses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING

from engine import settings
from engine.core import sentences
from engine.core.language.check import check, lost_history
from engine.core.language.known import Known
from engine.core.language.policy import PolicyBook
from engine.core.ledger import infer_terms
from engine.core.problem import Place, Problem
from engine.errors import DatabaseError
from engine.store import glance
from engine.store.view import View

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

NAMED = 3  # accounts named in a problem; the others are counted


def known_by_ledger(found: settings.Workspace, known: Known) -> Known:
    """`known` with the terms that occur in the ledger, where there is one. They are looked for once, when somebody asks."""
    return replace(known, ledger_terms=cache(partial(_terms, found)))


def _terms(found: settings.Workspace) -> frozenset[str]:
    with asking(found) as view:
        all_ = glance.terms(view) if view is not None else ()
        terms = {
            written or (infer_terms(dated, due) if dated and due else None) for written, dated, due in all_
        }
    return frozenset(term for term in terms if term)


def lost(view: View, known: Known, book: PolicyBook) -> tuple[Problem, ...]:
    """Steps that accounts have had and that the new book no longer has by that name: they would be asked again."""
    before = _last_book(view, known, book.hash)
    if before is None:
        return ()
    return tuple(
        problem
        for policy, step in lost_history(before, book)
        if (problem := _problem(view, book, policy, step)) is not None
    )


def _last_book(view: View, known: Known, now: str) -> PolicyBook | None:
    """The book of the last run, read again from its own texts; None where it is the one of now."""
    last = glance.last_book(view)
    if last is None or last[0] == now:
        return None
    return check({name: text.encode() for name, text in last[1].items()}, known).book


def _problem(view: View, book: PolicyBook, policy: str, step: str) -> Problem | None:
    accounts = glance.had(view, policy, step)
    if not accounts:
        return None
    now = book.policy(policy)
    place = now.place if now else Place(f"policies/{policy}.yaml")
    sentence, suggestion = sentences.lost_step(
        policy, step, accounts[:NAMED], len(accounts), gone=now is None
    )
    return Problem(place, sentence, suggestion, "lost-history")


@contextmanager
def asking(found: settings.Workspace) -> Iterator[View | None]:
    """As `looking`, for what only asks the questions of `glance`."""
    with ExitStack() as opened:
        view = None
        if found.has_database:
            with suppress(DatabaseError):
                view = opened.enter_context(glance.glance(found.database_url))
        yield view


@contextmanager
def looking(found: settings.Workspace, *, must: bool = False) -> Iterator[Connection | None]:
    """A look into the workspace's database; None where there is none yet, or it cannot be read (a run will say why).

    With `must` the DatabaseError that says why is raised: for whoever would say else that there is nothing in it.
    """
    from engine.store import database

    if not found.has_database:
        yield None
        return
    try:
        engine = database.open(found.database_url, read_only=True)
    except DatabaseError:
        if must:
            raise
        yield None
        return
    try:
        with database.reading(engine) as conn:
            yield conn
    finally:
        engine.dispose()
