"""What a run has decided of each account, and its seal: a decision that is changed later can be seen, to do nothing too.

Each part of a run has a hash over its decisions. The journal's entry that ends the run has a salted hash over those of all
parts, and over what the run's classes stand for; the salt stands beside the journal, since what was decided of few
accounts could be guessed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
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
from engine.store.tables import COMPANY, class_choice, decision, journal, journal_person, run, sealed_part

ENDED = "run"  # the kind of the entry that ends a run
DECIDED = "decided"  # what is sealed, in that entry
_CHOICE = ("number", "policy", "step", "verdict", "reason", "gate", "place", "signature")
_PART = ("number", "first", "before", "hash", "again")
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
    rows = [(part.number, part.span.first, part.span.before, part.hash, part.again) for part in parts]
    bulk.insert(conn, sealed_part, _PART, rows, {"run": run, "time": time})
    return _root([tuple(choice.get(name) for name in _CHOICE) for choice in choices], rows)


def broken(conn: Connection, since: date | None = None, company: str = COMPANY) -> Iterator[Broken]:
    """Runs whose decisions are not those that were sealed; None: of the newest day alone, else of all days from `since` on.

    A run of a version that sealed no decisions is not looked at.
    """
    mine = run.c.company == company
    days = dict(tuple(row) for row in conn.execute(sa.select(run.c.id, run.c.business_date).where(mine)))
    since = since or max(days.values(), default=date.max)
    for body, kept in conn.execute(_ENDINGS, {"company": company}).all():
        told = orjson.loads(body)
        number, time = told["run"], told["time"]
        on = days.get(number)  # what is not there at all, another rule says
        if DECIDED in told and on is not None and on >= since:
            yield from _broken(conn, number, time, on, kept)


def _broken(conn: Connection, number: int, time: int, on: date, kept: str | None) -> Iterator[Broken]:
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
    later = orjson.loads(parts[-1][4]) if parts[-1][4] else {"accounts": [], "instead": {}}
    apart = frozenset(later["accounts"])
    mine = (decision.c.run == number, decision.c.time == time)
    named = sa.select(decision.c.account, decision.c.item, decision.c["class"]).where(*mine)
    for part, first, before, hash, again in parts:
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


def _of(first: str | None, before: str | None) -> str:
    """Which accounts, for a sentence."""
    if first is None and before is None:
        return "of the accounts"
    start = "" if first is None else f" from “{first}”"
    return f"of the accounts{start}" + ("" if before is None else f" up to “{before}”")


def _root(choices: Sequence[Sequence[Any]], parts: Sequence[Sequence[Any]]) -> str:
    return hashlib.sha256(orjson.dumps([sorted(choices), parts])).hexdigest()


_ENDINGS = (
    sa.select(journal.c.body, journal_person.c.value)
    .outerjoin(
        journal_person,
        sa.and_(
            journal_person.c.stream == journal.c.stream,
            journal_person.c.seq == journal.c.seq,
            journal_person.c.field == DECIDED,
        ),
    )
    .where(journal.c.stream == sa.bindparam("company"), journal.c.account == "", journal.c.kind == ENDED)
    .order_by(journal.c.seq)
)
