"""People are forgotten: their names, addresses and words go out of all that is kept, and a pseudonym stands for each.

The ledger's facts, days, amounts and outcomes stay, and so does the journal's every entry: what it kept of people
stands beside it. What was said in the account's name is theirs who said it; where that was another, their words
stay, without the name. Functions work inside the caller's transaction.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.core.people import FORGOTTEN, Person, about, nobody, plain, pseudonym, same_name, without
from engine.store import copies
from engine.store import tables as t
from engine.store.decisions import ENDED
from engine.store.dossier import read_text
from engine.store.persons import OURS
from engine.store.seals import KIND as SEAL
from engine.store.tables import COMPANY

# Entries whose words tell who may still have what was kept, and that it was forgotten; or what was sealed, and name nobody.
STAY = (SEAL, ENDED, "evidence", "forgotten")
_KEPT = object()  # a value that stays as it is
# Of what an action keeps: what it marks and lists, and what the policy says.
_OF_POLICY = frozenset(
    {"marks", "passed", "items", "aside", "template", "script", "value", "approve", "restore"}
)


@dataclass(frozen=True, slots=True)
class Table:
    """Which columns of a table name a person, are how to reach one, or hold words.

    `ways` become empty. `words` stand empty or, where a table wants a reason, as “forgotten”. `plain` are JSON of
    which only what names nobody stays.
    """

    table: sa.Table
    name: str = ""
    ways: Sequence[str] = ()
    words: Sequence[str] = ()
    plain: Sequence[str] = ()


TABLES = (
    Table(t.contact, "name", ("email", "phone", "address", "postcode", "city")),
    Table(t.call, "spoken_with", ("number",), ("note", "story"), ("answers", "quality")),
    Table(t.call_draft, plain=("answers",)),
    Table(t.promise, "spoken_with", words=("said", "because")),
    Table(t.plan, "spoken_with", words=("because",)),
    Table(t.dispute, words=("said", "result")),
    Table(t.pause, words=("because",)),
    Table(t.note, ways=("source",), words=("text",)),
    Table(t.learned, words=("because",)),
    Table(t.contact_rule, words=("because",)),
    Table(t.guard_override, words=("because",)),
    Table(t.restriction, words=("ended_because",)),
    Table(t.concession, words=("text",)),
    Table(t.charge, words=("because",)),
    Table(t.received, "sender", words=("subject", "text", "words")),
)
_NEEDED = {(t.pause, "because"), (t.note, "text"), (t.guard_override, "because")}


def emptied(table: sa.Table, column: str) -> str:
    """What stands in the place of words: nothing, or where something must stand, that they are forgotten."""
    return FORGOTTEN if (table, column) in _NEEDED else ""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was done: each person's pseudonym, how many rows and messages lost names or words, files that can go."""

    people: Mapping[str, str]
    rows: int
    messages: int
    files: tuple[str, ...]


@dataclass(slots=True)
class _Forgetting:
    """One forgetting under way. `alone`: these people and no others; else everybody of the account."""

    conn: Connection
    account: str
    on: date
    names: Mapping[Person, str]
    alone: bool
    company: str
    calls: set[int] = field(default_factory=set)  # of these people
    rows: int = 0

    def of(self, table: sa.Table) -> list[sa.RowMapping]:
        mine = (table.c.company == self.company, table.c.account == self.account)
        return list(self.conn.execute(sa.select(table).where(*mine)).mappings())

    def change(self, table: sa.Table, row: sa.RowMapping, values: Mapping[str, Any]) -> None:
        """Write what is other than before."""
        changed = {name: value for name, value in values.items() if value is not _KEPT and value != row[name]}
        if changed:
            key = [column == row[column.name] for column in table.primary_key.columns]
            self.conn.execute(sa.update(table).where(*key).values(**changed))
            self.rows += 1

    def text(self, value: Any) -> Any:
        """A value without the people's names, addresses and numbers."""
        return without(self.names, value)

    def name(self, value: str) -> Any:
        """Somebody's name as it is, unless it surely is one of these people's."""
        return self.text(value) if any(about(one, value) for one in self.names) else value


def forget(
    conn: Connection, account: str, people: Sequence[Person], on: date, *, alone: bool, company: str = COMPANY
) -> Forgotten:
    """Forget these people; with `alone` no others, else all words of the account's people go, whoever said them."""
    under_way = _Forgetting(
        conn, account, on, {one: pseudonym(secrets.token_hex(4)) for one in people}, alone, company
    )
    under_way.calls = {
        row["id"] for row in under_way.of(t.call) if not alone or _theirs(under_way, row["spoken_with"])
    }
    for each in TABLES:
        for row in under_way.of(each.table):
            if each.table is not t.contact or row["role"] != OURS:
                _row(under_way, each, row)
    _rules(under_way)
    _customer(under_way)
    _actions(under_way)
    messages, files = _messages(under_way)
    _journal(under_way)
    pseudonyms = {one.name: instead for one, instead in under_way.names.items()}
    return Forgotten(pseudonyms, under_way.rows, messages, files)


def _theirs(under_way: _Forgetting, name: str | None) -> str | None:
    """The pseudonym of the person who has this name, or this address or number."""
    if name:
        for one, instead in under_way.names.items():
            if same_name(one.name, name) or any(same_name(way, name) for way in one.ways):
                return instead
    return None


def _row(under_way: _Forgetting, each: Table, row: sa.RowMapping) -> None:
    """A row of theirs loses its words; of another's, only the names in it."""
    instead = _theirs(under_way, row[each.name]) if each.name else None
    theirs = not under_way.alone or instead is not None or row.get("call") in under_way.calls
    values: dict[str, Any] = {}
    if each.name and row[each.name] and not nobody(row[each.name]):
        values[each.name] = instead or (under_way.name(row[each.name]) if under_way.alone else FORGOTTEN)
    for name in each.ways:
        if row[name]:
            values[name] = None if theirs else under_way.text(row[name])
    for name in each.words:
        if row[name]:
            values[name] = emptied(each.table, name) if theirs else under_way.text(row[name])
    for name in each.plain:
        if row[name]:
            told = under_way.text(orjson.loads(row[name]))
            values[name] = orjson.dumps(plain(told) if theirs else told).decode()
    if each.table is t.contact and theirs:
        values |= {"email_ok": 0, "post_ok": 0}
    under_way.change(each.table, row, values)


def _rules(under_way: _Forgetting) -> None:
    """A wish not to be reached stays for as long as it is in force: without whom it is about it could not be kept."""
    for row in under_way.of(t.contact_rule):
        over = row["until"] is not None and row["until"] < under_way.on
        if row["whom"] and over and not nobody(row["whom"]):
            whom = under_way.text(row["whom"])
            gone = whom if under_way.alone or whom != row["whom"] else FORGOTTEN
            under_way.change(t.contact_rule, row, {"whom": gone})


def _customer(under_way: _Forgetting) -> None:
    """A customer who is a person has the name that the ledger has: it goes where all of the account are forgotten."""
    if under_way.alone:
        return
    for row in under_way.of(t.customer):
        if row["natural_person"] and row["name"]:
            under_way.change(t.customer, row, {"name": FORGOTTEN})


def _actions(under_way: _Forgetting) -> None:
    """What tasks and calls say of people, and what was said when somebody agreed, or not."""
    for row in under_way.of(t.action):
        kept = orjson.loads(row["detail"])
        detail = _detail(under_way, kept)
        theirs = not under_way.alone or any(about(one, kept) for one in under_way.names)
        if theirs and not row["episode"]:  # of a task that what somebody wrote or said has made
            detail |= {name: FORGOTTEN for name in ("what", "words") if detail.get(name)}
        reason = under_way.text(row["reason"]) if row["reason"] else _KEPT
        under_way.change(t.action, row, {"detail": orjson.dumps(detail).decode(), "reason": reason})
    query = (
        sa.select(t.approval)
        .join_from(t.approval, t.action, t.action.c.key == t.approval.c.action)
        .where(t.action.c.company == under_way.company, t.action.c.account == under_way.account)
    )
    for row in under_way.conn.execute(query).mappings().all():
        because = under_way.text(row["because"]) if under_way.alone else ""
        forgotten = orjson.dumps(_detail(under_way, orjson.loads(row["detail"]))).decode()
        under_way.change(t.approval, row, {"detail": forgotten, "because": because})


def _detail(under_way: _Forgetting, kept: Mapping[str, Any]) -> dict[str, Any]:
    """What an action keeps, without the people; items, steps and what a policy wrote are nobody's."""
    return {name: value if name in _OF_POLICY else under_way.text(value) for name, value in kept.items()}


# -- messages --------------------------------------------------------------------------------------------------------


def _messages(under_way: _Forgetting) -> tuple[int, tuple[str, ...]]:
    """E-mails and letters to these people lose their bytes. How many, and their files.

    Where some are forgotten alone, the words of a message stay, without their names. Else none do: they may name
    somebody whom the customer master has long replaced.
    """
    query = (
        sa.select(t.outbox, t.action.c.role)
        .join_from(t.outbox, t.action, t.action.c.key == t.outbox.c.action)
        .where(t.action.c.company == under_way.company, t.action.c.account == under_way.account)
    )
    rows = {row["action"]: row for row in under_way.conn.execute(query).mappings()}
    found: dict[str, list[copies.Copy]] = {}
    for copy in copies.of(under_way.conn, list(rows)):
        found.setdefault(copy.key, []).append(copy)
    count, files = 0, []
    for key, row in rows.items():
        payload = orjson.loads(row["payload"])
        mine = [copy for copy in found.get(key, ()) if copy.media != copies.REQUEST]
        texts = [read_text(copy) for copy in mine]
        reason = under_way.text(row["reason"]) if row["reason"] else _KEPT
        if not (mine or payload.get("kept")):
            told = orjson.dumps(under_way.text(payload)).decode() if payload else _KEPT
            under_way.change(t.outbox, row, {"payload": told, "reason": reason})
            continue
        kept = copies.kept_by_outbox(payload)
        said = [payload, *texts, kept.decode("utf-8", "replace") if kept else ""]
        if under_way.alone and not _addressed(under_way, row, said, mine):
            continue
        gone = kept is not None
        for copy, text in zip(mine, texts, strict=True):
            words = under_way.text(text) if under_way.alone else ""
            if not copy.forgotten_on or words != copy.text:
                copies.forget(under_way.conn, copy, words, under_way.on)
                gone = True
        count += gone
        if path := payload.get("evidence", {}).get("path"):
            files.append(path)
        told = orjson.dumps(bare(under_way.text(payload))).decode()
        under_way.change(t.outbox, row, {"payload": told, "reason": reason})
    return count, tuple(files)


def bare(payload: Mapping[str, Any]) -> dict[str, Any]:
    """What the outbox keeps of a message without its bytes, their hash, and the addresses it went to."""
    told = {name: value for name, value in payload.items() if name not in ("kept", "reached", "answers")}
    if evidence := told.get("evidence"):
        told["evidence"] = {name: value for name, value in evidence.items() if name not in ("sha256", "name")}
    return told


def _addressed(
    under_way: _Forgetting, row: sa.RowMapping, said: Sequence[Any], kept: Sequence[copies.Copy]
) -> bool:
    """Whether a message names one of these people. A letter, which cannot be read here, may by its role."""
    people = list(under_way.names)
    if any(about(one, each) for one in people for each in said):
        return True
    if not any(copy.media == copies.LETTER for copy in kept):
        return False
    pseudonyms = set(under_way.names.values())
    return any(
        contact["role"] == row["role"] and contact["name"] in pseudonyms
        for contact in under_way.of(t.contact)
    )


# -- beside the journal ----------------------------------------------------------------------------------------------


def _journal(under_way: _Forgetting) -> None:
    """Names and words beside the journal's entries. The entries, with their salted hashes, stay as they are."""
    person, entry = t.journal_person, t.journal
    query = (
        sa.select(person.c.seq, person.c.value)
        .join_from(person, entry, sa.and_(entry.c.stream == person.c.stream, entry.c.seq == person.c.seq))
        .where(
            entry.c.stream == under_way.company,
            entry.c.account == under_way.account,
            entry.c.kind.not_in(STAY),
        )
    )
    gone = set()
    for seq, value in under_way.conn.execute(query):
        if not under_way.alone or any(without({one: ""}, value) != value for one in under_way.names):
            gone.add(seq)
    keys = _hashed(under_way) if under_way.alone else set()
    for seq in sorted(gone | keys):
        theirs = (person.c.stream == under_way.company, person.c.seq == seq)
        under_way.conn.execute(sa.delete(person).where(*theirs))
    under_way.rows += len(gone | keys)


def _hashed(under_way: _Forgetting) -> set[int]:
    """The entries that have the hash of a message whose bytes are forgotten."""
    entry = t.journal
    query = (
        sa.select(t.message_copy.c.action)
        .join_from(t.message_copy, t.action, t.action.c.key == t.message_copy.c.action)
        .where(
            t.action.c.company == under_way.company,
            t.action.c.account == under_way.account,
            t.message_copy.c.forgotten_on.is_not(None),
        )
    )
    keys = set(under_way.conn.execute(query).scalars())
    told = sa.select(entry.c.seq, entry.c.body).where(
        entry.c.stream == under_way.company,
        entry.c.account == under_way.account,
        entry.c.kind == "delivery",
    )
    return {seq for seq, body in under_way.conn.execute(told) if orjson.loads(body).get("key") in keys}
