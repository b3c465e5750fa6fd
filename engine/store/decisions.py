"""What a run has decided of each account, and its seal: a decision that is changed later can be seen, to do nothing too.

Each part of a run has a hash over its decisions. The journal's entry that ends the run has a salted hash over those of all
parts, and over what the run's classes stand for; the salt stands beside the journal, since what was decided of few
accounts could be guessed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date
from operator import ge
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.store import bulk
from engine.store.invariants import Broken
from engine.store.spans import Span, among
from engine.store.tables import (
    COMPANY,
    book,
    class_choice,
    decision,
    journal,
    journal_person,
    run,
    sealed_part,
)

BASIS, ENDED = "basis", "run"  # the kinds of the entries that say what a run was decided on, and that end it
DECIDED = "decided"  # what is sealed, in that entry
_CHOICE = ("number", "policy", "step", "verdict", "reason", "gate", "place", "signature")
_PART = ("number", "first", "before", "order", "hash", "again")
_NAMES = (
    "A",
    "B",
    "Z",
    "a",
    "b",
    "z",
    "Ä",
    "ä",
    "é",
    "Ö",
    "ß",
    "ss",
    "10",
    "2",
    "A1",
    "a-1",
    "a_1",
    "A 2",
    "-a",
    "|",
    "%",
    "Ł",
)
_RESTORE = "restore the database from a backup, and find out who changed it"

# Accounts, items ("" but for `each: invoice`) and numbers of classes: three columns of the same length.
Decisions = tuple[Sequence[str], Sequence[str], Sequence[int]]


@dataclass(frozen=True, slots=True)
class SealedPart:
    """A part of a run, with the hash of its decisions. `again` as `sealed_part` has it."""

    number: int
    span: Span
    hash: str
    again: str | None = None


def write(conn: Connection, run: int, time: int, decisions: Decisions) -> None:
    """Write down what an evaluation, or a part of it, has decided."""
    accounts, items, classes = decisions
    of_run: dict[str, int | str] = {"run": run, "time": time}
    if any(items):
        each = list(zip(accounts, items, classes, strict=True))
        bulk.insert(conn, decision, ("account", "item", "class"), each, of_run)
    else:  # most decisions are of whole accounts
        whole = list(zip(accounts, classes, strict=True))
        bulk.insert(conn, decision, ("account", "class"), whole, {**of_run, "item": ""})


def write_choices(conn: Connection, run: int, time: int, choices: Sequence[Mapping[str, Any]]) -> None:
    """Write down what the numbers of classes stand for."""
    rows = [tuple(choice.get(name) for name in _CHOICE) for choice in choices]
    bulk.insert(conn, class_choice, _CHOICE, rows, {"run": run, "time": time})


def digest(decisions: Decisions) -> str:
    """SHA-256 over decisions, whatever order they come in: databases have orders of their own."""
    accounts, items, classes = decisions
    if any(map(ge, accounts, accounts[1:])):
        accounts, items, classes = zip(*sorted(zip(accounts, items, classes, strict=True)), strict=True)
    return hashlib.sha256(orjson.dumps([accounts, items, classes])).hexdigest()


def again(accounts: Sequence[str], instead: Mapping[int, Sequence[Sequence[Any]]]) -> str:
    """What is kept of accounts that were decided once more, as `sealed_part` has it."""
    kept = {"accounts": accounts, "instead": {str(number): rows for number, rows in instead.items()}}
    return orjson.dumps(kept).decode()


def sealed(
    conn: Connection, run: int, time: int, choices: Sequence[Mapping[str, Any]], parts: Sequence[SealedPart]
) -> str:
    """Write down the parts of an evaluation. What its last entry in the journal is to seal comes back."""
    order = _order(conn)
    rows = [(part.number, part.span.first, part.span.before, order, part.hash, part.again) for part in parts]
    bulk.insert(conn, sealed_part, _PART, rows, {"run": run, "time": time})
    return _root([tuple(choice.get(name) for name in _CHOICE) for choice in choices], rows)


@dataclass(frozen=True, slots=True)
class Since:
    """Which runs are looked at: those of days from `day` on; or those that ended after entry `entry` of the journal; or, of
    neither, those of the newest day.
    """

    day: date | None = None
    entry: int | None = None


def broken(
    conn: Connection, since: Since, notes: list[str] | None = None, company: str = COMPANY
) -> Iterator[Broken]:
    """Runs that are not what the journal says of them, and those whose decisions are not what was sealed.

    A run of a version that sealed no decisions is not held against a seal. `notes`, which is added to, names what cannot be.
    """
    bases = {(told["run"], told["time"]): told for (told,) in _told(conn, _BASES, company)}
    endings = [
        (seq, (told["run"], told["time"]), told, kept) for told, seq, kept in _told(conn, _ENDINGS, company)
    ]
    yield from _runs(conn, bases, company)
    yield from _unsealed(conn, {of for _, of, _, _ in endings}, company)
    newest = max((told["on"] for told in bases.values()), default="")
    first = since.day.isoformat() if since.day is not None else "" if since.entry is not None else newest
    for seq, of, told, kept in endings:
        if DECIDED in told and of in bases and bases[of]["on"] >= first and seq > (since.entry or 0):
            yield from _broken(conn, *of, bases[of]["on"], kept, [] if notes is None else notes)


def _told(conn: Connection, query: sa.Select[Any], company: str) -> Iterator[list[Any]]:
    """Entries with what they say."""
    for body, *more in conn.execute(query, {"company": company}):
        yield [orjson.loads(body), *more]


def _runs(
    conn: Connection, bases: Mapping[tuple[int, int], Mapping[str, Any]], company: str
) -> Iterator[Broken]:
    """The day and the policies of each run are those that it was decided on, and these have the words that they had."""
    from engine.core.language.check import book_hash  # which is large

    query = sa.select(run.c.id, run.c.times, run.c.business_date, run.c.book).where(run.c.company == company)
    found = conn.execute(query).all()
    for hash, texts in conn.execute(
        sa.select(book.c.hash, book.c.texts).where(book.c.hash.in_({one.book for one in found}))
    ):
        if book_hash(orjson.loads(texts)) != hash:
            yield Broken(
                "", "", f"the policies {hash[:12]} are not those that runs were decided with", _RESTORE
            )
    for number, times, on, policies in found:
        basis = bases.get((number, times))
        if basis is not None and (basis["on"], basis["book"]) != (on.isoformat(), policies):
            said = f"the run of {on} was decided for {basis['on']} with the policies {basis['book'][:12]}, and says otherwise"
            yield Broken("", "", said, _RESTORE)


def _unsealed(conn: Connection, ended: Set[tuple[int, int]], company: str) -> Iterator[Broken]:
    """No run has decided anything of which the journal does not know."""
    query = (
        sa.select(run.c.business_date, class_choice.c.run, class_choice.c.time)
        .join_from(class_choice, run, run.c.id == class_choice.c.run)
        .where(run.c.company == company)
        .distinct()
    )
    for on, number, time in conn.execute(query):
        if (number, time) not in ended:
            said = f"the journal knows nothing of what the run of {on} decided the {time}. time"
            yield Broken("", "", said, _RESTORE)


def _broken(
    conn: Connection, number: int, time: int, on: str, kept: str | None, notes: list[str]
) -> Iterator[Broken]:
    of = (sealed_part.c.run == number, sealed_part.c.time == time)
    query = sa.select(*(sealed_part.c[name] for name in _PART)).where(*of).order_by(sealed_part.c.number)
    parts = [tuple(row) for row in conn.execute(query)]
    stood_for = (class_choice.c.run == number, class_choice.c.time == time)
    choices = [
        tuple(row)
        for row in conn.execute(sa.select(*(class_choice.c[name] for name in _CHOICE)).where(*stood_for))
    ]
    if _root(choices, parts) != kept:
        said = (
            f"what the run of {on} was sealed over, or what its classes stand for, is not as it was written"
        )
        yield Broken("", "", said, _RESTORE)
        return
    if len(parts) > 1 and parts[0][3] != _order(conn):
        notes.append(
            f"the run of {on} was made in parts where names have another order: its decisions are not looked at"
        )
        return
    later = orjson.loads(parts[-1][-1]) if parts[-1][-1] else {"accounts": [], "instead": {}}
    apart = frozenset(later["accounts"])
    mine = (decision.c.run == number, decision.c.time == time)
    named = sa.select(decision.c.account, decision.c.item, decision.c["class"]).where(*mine)
    for part, first, before, _, hash, again in parts:
        if again is not None:
            rows = conn.execute(named.where(among(conn, decision.c.account, apart))).all()
        else:
            ends = [decision.c.account >= first] if first is not None else []
            ends += [decision.c.account < before] if before is not None else []
            rows = [row for row in conn.execute(named.where(*ends)) if row.account not in apart]
            rows += later["instead"].get(str(part), ())
        accounts, items, classes = zip(*rows, strict=True) if rows else ((), (), ())
        if digest((accounts, items, classes)) != hash:
            whom = _of(first, before) if again is None else "of accounts that were decided once more"
            yield Broken("", "", f"what the run of {on} decided {whom} was changed", _RESTORE)


def _order(conn: Connection) -> str:
    """A mark of how the database orders names: where one account is before another decides in which part it is."""
    if conn.dialect.name == "sqlite":
        names = sorted(_NAMES)
    else:
        query = sa.text("SELECT name FROM unnest(CAST(:names AS text[])) AS name ORDER BY name")
        names = list(conn.execute(query, {"names": list(_NAMES)}).scalars())
    return hashlib.sha256("\n".join(names).encode()).hexdigest()[:16]


def _of(first: str | None, before: str | None) -> str:
    """Which accounts, for a sentence."""
    if first is None and before is None:
        return "of the accounts"
    start = "" if first is None else f" from “{first}”"
    return f"of the accounts{start}" + ("" if before is None else f" up to “{before}”")


def _root(choices: Sequence[Sequence[Any]], parts: Sequence[Sequence[Any]]) -> str:
    return hashlib.sha256(orjson.dumps([sorted(choices), parts])).hexdigest()


_OF_HOUSE = (journal.c.stream == sa.bindparam("company"), journal.c.account == "")
_BASES = sa.select(journal.c.body).where(*_OF_HOUSE, journal.c.kind == BASIS).order_by(journal.c.seq)
_ENDINGS = (
    sa.select(journal.c.body, journal.c.seq, journal_person.c.value)
    .outerjoin(
        journal_person,
        sa.and_(
            journal_person.c.stream == journal.c.stream,
            journal_person.c.seq == journal.c.seq,
            journal_person.c.field == DECIDED,
        ),
    )
    .where(*_OF_HOUSE, journal.c.kind == ENDED)
    .order_by(journal.c.seq)
)
