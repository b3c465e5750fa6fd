"""What the database knows that a check of the files alone cannot: the ledger's terms, and the past that a changed name loses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cache, partial

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine import settings
from engine.core import sentences
from engine.core.language.check import check, lost_history
from engine.core.language.known import Known
from engine.core.language.policy import PolicyBook
from engine.core.ledger import infer_terms
from engine.core.problem import Place, Problem
from engine.errors import DatabaseError
from engine.store import database
from engine.store.tables import COMPANY, customer, episode, item, mark, run
from engine.store.tables import book as book_table

NAMED = 3  # accounts named in a problem; the others are counted


def known_by_ledger(found: settings.Workspace, known: Known) -> Known:
    """`known` with the terms that occur in the ledger, where there is one. They are looked for once, when somebody asks."""
    return replace(known, ledger_terms=cache(partial(_terms, found)))


def _terms(found: settings.Workspace) -> frozenset[str]:
    with looking(found) as conn:
        if conn is None:
            return frozenset()
        masters = sa.select(customer.c.terms).where(customer.c.company == COMPANY).distinct()
        terms = set(conn.execute(masters).scalars())
        open_items = sa.select(item.c.terms, item.c.date, item.c.due).where(
            item.c.company == COMPANY, item.c.open > 0
        )
        for written, dated, due in conn.execute(open_items.distinct()):
            terms.add(written or (infer_terms(dated, due) if dated else None))
        return frozenset(term for term in terms if term)


def lost(found: settings.Workspace, known: Known, book: PolicyBook) -> tuple[Problem, ...]:
    """Steps that accounts have had and that the new book no longer has by that name: they would be asked again."""
    with looking(found) as conn:
        return lost_by(conn, known, book) if conn is not None else ()


def lost_by(conn: Connection, known: Known, book: PolicyBook) -> tuple[Problem, ...]:
    """As `lost`, in a transaction that is open already."""
    before = _last_book(conn, known, book.hash)
    if before is None:
        return ()
    return tuple(
        problem
        for policy, step in lost_history(before, book)
        if (problem := _problem(conn, book, policy, step)) is not None
    )


def _last_book(conn: Connection, known: Known, now: str) -> PolicyBook | None:
    """The book of the last run, read again from its own texts; None where it is the one of now."""
    query = (
        sa.select(book_table.c.hash, book_table.c.texts)
        .join(run, run.c.book == book_table.c.hash)
        .where(run.c.company == COMPANY)
    )
    last = conn.execute(query.order_by(run.c.business_date.desc(), run.c.id.desc()).limit(1)).first()
    if last is None or last.hash == now:
        return None
    files: Mapping[str, str] = orjson.loads(last.texts)
    return check({name: text.encode() for name, text in files.items()}, known).book


def _problem(conn: Connection, book: PolicyBook, policy: str, step: str) -> Problem | None:
    query = (
        sa.select(mark.c.account)
        .join(
            episode,
            sa.and_(
                episode.c.company == mark.c.company,
                episode.c.account == mark.c.account,
                episode.c.number == mark.c.episode,
            ),
        )
        .where(
            mark.c.company == COMPANY, mark.c.policy == policy, mark.c.step == step, episode.c.ended.is_(None)
        )
        .distinct()
        .order_by(mark.c.account)
    )
    accounts = list(conn.execute(query).scalars())
    if not accounts:
        return None
    now = book.policy(policy)
    place = now.place if now else Place(f"policies/{policy}.yaml")
    sentence, suggestion = sentences.lost_step(
        policy, step, accounts[:NAMED], len(accounts), gone=now is None
    )
    return Problem(place, sentence, suggestion, "lost-history")


@contextmanager
def looking(found: settings.Workspace, *, must: bool = False) -> Iterator[Connection | None]:
    """A look into the workspace's database; None where there is none yet, or it cannot be read (a run will say why).

    With `must` the DatabaseError that says why is raised: for whoever would say else that there is nothing in it.
    """
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
