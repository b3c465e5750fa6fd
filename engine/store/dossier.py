"""All that is kept of one account, chapter by chapter, as plain values: what goes into a bundle of evidence.

Days and moments are text in ISO form, money is minor units beside its currency, as in the tables. Columns that hold
JSON are read. Nothing of another account is in it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.core.people import Person, about
from engine.store import copies
from engine.store import tables as t
from engine.store.copies import Copy
from engine.store.tables import COMPANY

Row = dict[str, Any]
_JSON = frozenset({"answers", "calculation", "detail", "own", "payload", "quality", "signature"})


@dataclass(frozen=True, slots=True)
class Scope:
    """Of which account, from and through which day (None: from the first, to the last), and of which person alone."""

    account: str
    since: date | None = None
    until: date | None = None
    person: Person | None = None
    company: str = COMPANY

    def holds(self, day: str | None) -> bool:
        """Whether a day, or the day of a moment, is within; what has none is."""
        if not day:
            return True
        on = day[:10]
        return (self.since is None or on >= self.since.isoformat()) and (
            self.until is None or on <= self.until.isoformat()
        )


@dataclass(frozen=True, slots=True)
class Chapter:
    """One table's rows of an account. `day` is the column that says when; without one all are within every range."""

    name: str
    table: sa.Table
    day: str | None = None


# In the order in which one would ask for them.
CHAPTERS = (
    Chapter("customer", t.customer),
    Chapter("contacts", t.contact),
    Chapter("items", t.item),
    Chapter("payments", t.payment, "paid_on"),
    Chapter("episodes", t.episode),
    Chapter("comparisons", t.assignment, "on"),
    Chapter("actions", t.action, "on"),
    Chapter("calls", t.call, "on"),
    Chapter("drafts", t.call_draft, "at"),
    Chapter("promises", t.promise, "made_on"),
    Chapter("plans", t.plan, "made_on"),
    Chapter("disputes", t.dispute, "opened"),
    Chapter("pauses", t.pause, "from_day"),
    Chapter("notes", t.note, "at"),
    Chapter("learned", t.learned, "from_day"),
    Chapter("contact rules", t.contact_rule, "from_day"),
    Chapter("overrides", t.guard_override, "from_day"),
    Chapter("restrictions", t.restriction, "asked_on"),
    Chapter("concessions", t.concession, "on"),
    Chapter("charges", t.charge, "on"),
    Chapter("mail received", t.received, "at"),
)
_OF_PERSON = ("customer", "items", "payments", "episodes")  # of the account: no person's own


@dataclass(frozen=True, slots=True)
class Dossier:
    """The chapters by name, each a list of rows; the messages' copies; the texts of the policies, by book and file."""

    scope: Scope
    chapters: Mapping[str, list[Row]]
    copies: tuple[Copy, ...]
    books: Mapping[str, Mapping[str, str]]

    def __getitem__(self, chapter: str) -> list[Row]:
        return self.chapters[chapter]


def gather(conn: Connection, scope: Scope) -> Dossier:
    """Everything within the scope, in one view of the database. Reads only."""
    chapters = {chapter.name: _rows(conn, chapter, scope) for chapter in CHAPTERS}
    _with_items(conn, chapters["promises"], t.promise_item, "promise")
    _with_items(conn, chapters["plans"], t.plan_item, "plan")
    chapters["approvals"] = _approvals(conn, scope)
    chapters["messages"], kept = _messages(conn, scope)
    chapters["decisions"] = [] if scope.person else _decisions(conn, scope)
    chapters["runs"] = _runs(conn, {row["run"] for row in chapters["decisions"]})
    if scope.person:
        chapters, kept = _of_person(chapters, kept, scope.person)
    chapters["files"] = _files(conn, chapters)
    books = _books(
        conn, {row["book"] for row in chapters["runs"]} | {r["book"] for r in chapters["decisions"]}
    )
    return Dossier(scope, chapters, tuple(kept), books)


def plain(row: Mapping[str, Any]) -> Row:
    """A row as JSON has it, without the company."""
    told: Row = {}
    for name, value in row.items():
        if name == "company":
            continue
        if isinstance(value, date):
            value = value.isoformat()
        elif name in _JSON and isinstance(value, str):
            value = orjson.loads(value)
        told[str(name)] = value
    return told


def _rows(conn: Connection, chapter: Chapter, scope: Scope) -> list[Row]:
    table = chapter.table
    query = sa.select(table).where(table.c.company == scope.company, table.c.account == scope.account)
    found = conn.execute(query.order_by(*table.primary_key.columns)).mappings()
    rows = [plain(dict(row)) for row in found]
    return [row for row in rows if chapter.day is None or scope.holds(row[chapter.day])]


def _with_items(conn: Connection, rows: list[Row], table: sa.Table, of: str) -> None:
    """The items that each promise or plan covers."""
    query = sa.select(table).where(table.c[of].in_([row["id"] for row in rows]))
    covered: dict[int, list[Row]] = {}
    for found in conn.execute(query.order_by(table.c[of], table.c.item)).mappings():
        covered.setdefault(found[of], []).append(
            {str(key): value for key, value in found.items() if key != of}
        )
    for row in rows:
        row["items"] = covered.get(row["id"], [])


def _approvals(conn: Connection, scope: Scope) -> list[Row]:
    query = (
        sa.select(t.approval, t.action.c.step, t.action.c.kind, t.action.c.currency)
        .join_from(t.approval, t.action, t.action.c.key == t.approval.c.action)
        .where(t.action.c.company == scope.company, t.action.c.account == scope.account)
        .order_by(t.approval.c.id)
    )
    rows = [plain(dict(row)) for row in conn.execute(query).mappings()]
    return [row for row in rows if scope.holds(row["at"])]


def _messages(conn: Connection, scope: Scope) -> tuple[list[Row], list[Copy]]:
    """Each message with what became of it, and its copies. Its bytes are files, and not in the row."""
    names = (
        "kind",
        "policy",
        "step",
        "item",
        "amount",
        "currency",
        "respond_by",
        "on",
        "role",
        "tone",
        "run",
    )
    query = (
        sa.select(t.outbox, *(t.action.c[name] for name in names))
        .join_from(t.outbox, t.action, t.action.c.key == t.outbox.c.action)
        .where(t.action.c.company == scope.company, t.action.c.account == scope.account)
        .order_by(t.outbox.c.id)
    )
    rows = []
    for found in conn.execute(query).mappings():
        row = plain(dict(found))
        payload = row.pop("payload")
        kept = payload.pop("kept", {})
        row |= payload
        row["recipients"] = list(kept.get("recipients", ()))
        for name in ("owner", "fence"):
            del row[name]
        rows.append(row)
    found_copies = copies.of(conn, [row["action"] for row in rows])
    by_key: dict[str, list[Row]] = {}
    for copy in found_copies:
        told = {"number": copy.number, "at": copy.at, "media": copy.media, "size": copy.size}
        told |= {"sha256": copy.sha256, "forgotten_on": copy.forgotten_on and copy.forgotten_on.isoformat()}
        by_key.setdefault(copy.key, []).append({**told, "text": copy.text})
    for row in rows:
        row["copies"] = by_key.get(row["action"], [])
    rows = [row for row in rows if any(map(scope.holds, [row["changed_at"] or row["on"], *_moments(row)]))]
    within = {row["action"] for row in rows}
    return rows, [copy for copy in found_copies if copy.key in within]


def _moments(row: Row) -> list[str]:
    """When a message went out, or may have."""
    return [copy["at"] for copy in row["copies"]]


def _decisions(conn: Connection, scope: Scope) -> list[Row]:
    """What each run decided, doing nothing included, the oldest first."""
    choice, made = t.class_choice, t.decision
    named = ("policy", "step", "verdict", "reason", "gate", "place", "signature")
    query = (
        sa.select(
            t.run.c.business_date.label("on"),
            made.c.run,
            made.c.time,
            made.c.item,
            *(choice.c[name] for name in named),
            t.run.c.book,
            t.run.c.times,
        )
        .join(
            choice,
            sa.and_(
                choice.c.run == made.c.run, choice.c.time == made.c.time, choice.c.number == made.c["class"]
            ),
        )
        .join(t.run, t.run.c.id == made.c.run)
        .where(t.run.c.company == scope.company, made.c.account == scope.account)
    )
    if scope.since:
        query = query.where(t.run.c.business_date >= scope.since)
    if scope.until:
        query = query.where(t.run.c.business_date <= scope.until)
    found = conn.execute(query.order_by(t.run.c.business_date, made.c.time, made.c.item)).mappings()
    return [plain(dict(row)) for row in found]


def _runs(conn: Connection, numbers: Collection[int]) -> list[Row]:
    """The runs that decided something of the account. What they counted of others is left out."""
    names = (
        "id",
        "business_date",
        "state",
        "book",
        "as_of",
        "started",
        "finished",
        "times",
        "seal",
        "seal_seq",
    )
    return _some(conn, t.run, names, numbers)


def _files(conn: Connection, chapters: Mapping[str, list[Row]]) -> list[Row]:
    """The ledgers that the facts come from. What they count of others is left out."""
    named = {
        row.get(name)
        for rows in chapters.values()
        for row in rows
        for name in ("first_file", "last_file", "file")
    }
    names = ("id", "name", "kind", "sha256", "as_of", "imported_at", "by")
    return _some(conn, t.ledger_file, names, {number for number in named if isinstance(number, int)})


def _some(conn: Connection, table: sa.Table, names: Collection[str], numbers: Collection[int]) -> list[Row]:
    rows: list[Row] = []
    wanted = sorted(numbers)
    for start in range(0, len(wanted), 500):
        query = sa.select(*(table.c[name] for name in names)).where(
            table.c.id.in_(wanted[start : start + 500])
        )
        rows += [plain(dict(row)) for row in conn.execute(query.order_by(table.c.id)).mappings()]
    return rows


def _books(conn: Connection, hashes: Collection[str]) -> dict[str, Mapping[str, str]]:
    query = sa.select(t.book.c.hash, t.book.c.texts).where(t.book.c.hash.in_(sorted(hashes)))
    return {row.hash: orjson.loads(row.texts) for row in conn.execute(query.order_by(t.book.c.first_used))}


# -- of one person ---------------------------------------------------------------------------------------------------


def _of_person(
    chapters: dict[str, list[Row]], kept: list[Copy], person: Person
) -> tuple[dict[str, list[Row]], list[Copy]]:
    """The rows that surely name the person, or are of a call in which they were spoken with."""
    calls = {row["id"] for row in chapters["calls"] if about(person, row)}
    mails = {copy.key for copy in kept if about(person, read_text(copy))}
    mine: Callable[[Row], bool] = lambda row: row.get("call") in calls or about(person, row)  # noqa: E731
    found = {
        name: [row for row in rows if name not in _OF_PERSON and (mine(row) or row.get("action") in mails)]
        for name, rows in chapters.items()
    }
    keys = {row["action"] for row in found["messages"]}
    return found, [copy for copy in kept if copy.key in keys]


def read_text(copy: Copy) -> str:
    """The words of a copy: of an e-mail with its headers, else as they were kept with it."""
    if copy.text or copy.content is None:
        return copy.text
    if copy.media == copies.MAIL:
        return mail_text(copy.content)
    return copy.content.decode("utf-8", "replace") if copy.media == copies.REQUEST else ""


def mail_text(content: bytes) -> str:
    """An e-mail as a person reads it: from, to, date, subject, and the words."""
    from email import message_from_bytes
    from email.policy import default

    mail = message_from_bytes(content, policy=default)
    head = [f"{name}: {mail[name]}" for name in ("From", "To", "Date", "Subject") if mail[name]]
    body = mail.get_body(("plain", "html"))
    return "\n".join([*head, "", str(body.get_content()) if body is not None else ""])
