"""An account's own pages of the journal, with what shows that they are the book's: and nothing of anybody else's."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.core.people import about
from engine.store import seals
from engine.store.decisions import BASIS
from engine.store.dossier import Row, Scope
from engine.store.seals import Seal, Shown
from engine.store.tables import OF_THE_HOUSE, journal, journal_person

_NAMES = ("seq", "at", "kind", "account", "body", "prev", "hash")
_ENTRY = sa.select(*(journal.c[name] for name in _NAMES))
Kept = Mapping[int, Mapping[str, Mapping[str, str]]]


@dataclass(frozen=True, slots=True)
class Pages:
    """Entries in full, in the book's order. `people` is {entry: {field: {salt, value}}} of what is kept beside them.

    `seals` are those from the first that covers an entry up to the newest, in full, and `shown` says of each entry,
    and of the entry that ended each run, that it is under one.
    """

    entries: tuple[Row, ...]
    people: Kept
    seals: tuple[Row, ...]
    shown: tuple[Shown, ...]
    head: Seal | None


def pages(conn: Connection, scope: Scope, runs: Sequence[Row], messages: Collection[str]) -> Pages:
    """The account's entries that are sealed, what its `runs` were decided on, and what shows it.

    Of one person: the entries that name them, and those of these `messages`, by their keys.
    """
    head = seals.last(conn, scope.company)
    if head is None:
        return Pages((), {}, (), (), None)
    mine = (journal.c.stream == scope.company, journal.c.seq <= head.last)
    own = _read(conn, _ENTRY.where(*mine, journal.c.account == scope.account))
    entries = [entry for entry in own if scope.holds(entry["at"])]
    people = _people(conn, [entry["seq"] for entry in entries], scope.company)
    if scope.person is not None:
        person = scope.person
        keys = frozenset(messages)
        named = {seq for seq, fields in people.items() if about(person, {"": fields})}
        entries = [
            entry
            for entry in entries
            if entry["seq"] in named or orjson.loads(entry["body"]).get("key") in keys
        ]
        people = {entry["seq"]: people[entry["seq"]] for entry in entries if entry["seq"] in people}
    entries = sorted([*entries, *_bases(conn, scope, runs, head.last)], key=lambda entry: int(entry["seq"]))
    numbers = {entry["seq"] for entry in entries}
    shown = seals.show(conn, numbers | ends(runs, numbers, head.last), scope.company)
    first = min((one.seal for one in shown), default=head.seq)
    sealed = _ENTRY.where(
        journal.c.stream == scope.company,
        journal.c.seq.between(first, head.seq),
        sa.text(OF_THE_HOUSE),
        journal.c.kind == seals.KIND,
    )
    return Pages(tuple(entries), people, tuple(_read(conn, sealed)), tuple(shown), head)


def ends(runs: Sequence[Row], shown: Collection[int], last: int) -> set[int]:
    """The entries that ended these runs, by their numbers, as far as their hashes can be shown.

    One that follows an entry in the bundle cannot: what a run counted of all accounts could be guessed from it.
    """
    ended = {run["seal_seq"] for run in runs if run["seal_seq"] <= last}
    return {seq for seq in ended if seq - 1 not in shown}


def _read(conn: Connection, query: sa.Select[Any]) -> list[Row]:
    """Entries in the book's order."""
    return [dict(zip(_NAMES, row, strict=True)) for row in conn.execute(query.order_by(journal.c.seq))]


def _bases(conn: Connection, scope: Scope, runs: Sequence[Row], last: int) -> list[Row]:
    """What each of these runs was decided on: an entry of the house, which says nothing of any account."""
    wanted = {run["id"] for run in runs}
    if not wanted:
        return []
    query = _ENTRY.where(
        journal.c.stream == scope.company,
        journal.c.seq <= last,
        sa.text(OF_THE_HOUSE),
        journal.c.kind == BASIS,
    )
    return [row for row in _read(conn, query) if orjson.loads(row["body"])["run"] in wanted]


def _people(conn: Connection, numbers: Sequence[int], stream: str) -> dict[int, dict[str, dict[str, str]]]:
    people: dict[int, dict[str, dict[str, str]]] = {}
    table = journal_person
    for start in range(0, len(numbers), 500):
        query = sa.select(table.c.seq, table.c.field, table.c.salt, table.c.value).where(
            table.c.stream == stream, table.c.seq.in_(numbers[start : start + 500])
        )
        for seq, name, salt, value in conn.execute(query.order_by(table.c.seq, table.c.field)):
            people.setdefault(seq, {})[name] = {"salt": salt, "value": value}
    return people
