"""Names and words are kept for as long as the house says, and then let go of; the ledger's facts and the journal stay.

What belongs to an account whose trouble began before that day and has not ended is not touched: it may yet be asked
for. A batch is a transaction of its own, so that nobody waits long.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.core.people import FORGOTTEN
from engine.settings import Workspace
from engine.store import forgetting, halts, noted
from engine.store import tables as t
from engine.store.forgetting import STAY, Table, bare, emptied
from engine.store.tables import COMPANY, UNDER_WAY

MOST = 500  # rows a transaction
_HOUR = 3  # of the office's clock, when the night's look at everything is over
_KEPT_ON = "housekept on"
# The day by which a row is old. What is in force, or a contact of today, does not age.
_DAYS: dict[sa.Table, sa.ColumnElement[Any]] = {
    t.call: t.call.c.on,
    t.call_draft: t.call_draft.c.at,
    t.promise: t.promise.c.made_on,
    t.plan: t.plan.c.made_on,
    t.dispute: t.dispute.c.opened,
    t.pause: t.pause.c.until,
    t.note: t.note.c.at,
    t.learned: t.learned.c.until,
    t.contact_rule: t.contact_rule.c.until,
    t.guard_override: t.guard_override.c.until,
    t.restriction: t.restriction.c.ended_on,
    t.concession: t.concession.c.on,
    t.charge: t.charge.c.on,
    t.received: t.received.c.at,
}
_ENDED = ("sent", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is older goes: of calls, notes and all that was said; of messages as they were sent. None: nothing goes."""

    log: date | None
    messages: date | None

    @classmethod
    def of(cls, files: Workspace, today: date) -> Bounds:
        records = files.settings.records
        return cls(_before(today, records.contact_log_years), _before(today, records.messages_years))


def due(conn: Connection, files: Workspace, now: datetime) -> bool:
    """Once each date, from three in the morning on, while nothing is halted."""
    here = now.astimezone(ZoneInfo(files.settings.workspace.zone))
    if here.hour < _HOUR or halts.halted(conn):
        return False
    return noted.of(conn, _KEPT_ON) != here.date().isoformat()


def done(conn: Connection, today: date) -> None:
    """Until tomorrow nothing is due."""
    noted.put(conn, _KEPT_ON, today.isoformat())


def batches(
    bounds: Bounds, on: date, company: str = COMPANY
) -> Iterator[tuple[str, Callable[[Connection], int]]]:
    """("rows" or "messages", work): each work does one batch, and is to be asked again until it gives 0."""
    if bounds.log is not None:
        for each in forgetting.TABLES:
            if each.table in _DAYS:
                yield "rows", _Rows(each, bounds.log, company).batch
        yield "rows", _Tasks(bounds.log, company).batch
        yield "rows", _Approvals(bounds.log, company).batch
    if bounds.messages is not None:
        yield "messages", _Copies(bounds.messages, on, company).batch
        yield "rows", _Payloads(bounds.messages, company).batch
    yield "rows", _Journal(bounds, company).batch


def _before(today: date, years: int) -> date | None:
    """The same day so many years ago; 0 years: for ever."""
    if years == 0:
        return None
    try:
        return today.replace(year=today.year - years)
    except ValueError:  # 29 February
        return today.replace(year=today.year - years, day=28)


def _settled(account: sa.ColumnElement[str], before: date, company: str) -> sa.ColumnElement[bool]:
    """That no trouble of the account goes on that began before the day."""
    ongoing = sa.select(t.episode.c.account).where(
        t.episode.c.company == company, t.episode.c.ended.is_(None), t.episode.c.started < before
    )
    return account.not_in(ongoing)


def _older(column: sa.ColumnElement[Any], before: date) -> sa.ColumnElement[bool]:
    return column < (before if isinstance(column.type, sa.Date) else before.isoformat())


@dataclass(frozen=True, slots=True)
class _Rows:
    """The names, addresses and words of one table."""

    of: Table
    before: date
    company: str

    def batch(self, conn: Connection) -> int:
        table, empty = self.of.table, self._empty()
        still = []
        for name, value in empty.items():
            column = table.c[name]
            still.append(column.is_not(None) if value is None else column != value)
            if name == self.of.name:
                still[-1] = sa.and_(still[-1], column.not_like("person %"), column != "")
        query = (
            sa.select(*table.primary_key.columns)
            .where(
                table.c.company == self.company,
                _older(_DAYS[table], self.before),
                _settled(table.c.account, self.before, self.company),
                sa.or_(*still),
            )
            .limit(MOST)
        )
        found = conn.execute(query).all()
        for row in found:
            key = [column == value for column, value in zip(table.primary_key.columns, row, strict=True)]
            conn.execute(sa.update(table).where(*key).values(**empty))
        return len(found)

    def _empty(self) -> dict[str, str | None]:
        values: dict[str, str | None] = dict.fromkeys(self.of.ways)
        values |= {name: emptied(self.of.table, name) for name in self.of.words}
        values |= {name: None if self.of.table.c[name].nullable else "{}" for name in self.of.plain}
        return values | ({self.of.name: FORGOTTEN} if self.of.name else {})


@dataclass(frozen=True, slots=True)
class _Tasks:
    """What somebody wrote or said, as a task had it."""

    before: date
    company: str

    def batch(self, conn: Connection) -> int:
        query = (
            sa.select(t.action.c.key, t.action.c.detail)
            .where(
                t.action.c.company == self.company,
                t.action.c.episode == 0,
                t.action.c.on < self.before,
                sa.text(f"NOT (action.{UNDER_WAY})"),
                t.action.c.detail.like('%"what":%'),
                t.action.c.detail.not_like(f'%"what":"{FORGOTTEN}"%'),
                _settled(t.action.c.account, self.before, self.company),
            )
            .limit(MOST)
        )
        found = conn.execute(query).all()
        for key, kept in found:
            told = {**orjson.loads(kept), "what": FORGOTTEN}
            told |= {"words": FORGOTTEN} if told.get("words") else {}
            change = {"detail": orjson.dumps(told).decode()}
            conn.execute(sa.update(t.action).where(t.action.c.key == key).values(**change))
        return len(found)


@dataclass(frozen=True, slots=True)
class _Approvals:
    """What was said when somebody agreed, or did not."""

    before: date
    company: str

    def batch(self, conn: Connection) -> int:
        of = (t.action.c.company == self.company, _settled(t.action.c.account, self.before, self.company))
        query = (
            sa.select(t.approval.c.id)
            .join_from(t.approval, t.action, t.action.c.key == t.approval.c.action)
            .where(*of, t.approval.c.because != "", _older(t.approval.c.at, self.before))
            .limit(MOST)
        )
        found = list(conn.execute(query).scalars())
        conn.execute(sa.update(t.approval).where(t.approval.c.id.in_(found)).values(because=""))
        return len(found)


@dataclass(frozen=True, slots=True)
class _Copies:
    """Messages as they were sent."""

    before: date
    on: date
    company: str

    def batch(self, conn: Connection) -> int:
        copy = t.message_copy
        query = (
            sa.select(copy.c.action, copy.c.number)
            .join_from(copy, t.action, t.action.c.key == copy.c.action)
            .where(
                copy.c.forgotten_on.is_(None),
                _older(copy.c.at, self.before),
                t.action.c.company == self.company,
                _settled(t.action.c.account, self.before, self.company),
            )
            .limit(MOST)
        )
        found = conn.execute(query).all()
        empty = {"content": None, "sha256": "", "text": "", "forgotten_on": self.on}
        for key, number in found:
            conn.execute(sa.update(copy).where(copy.c.action == key, copy.c.number == number).values(**empty))
        return len(found)


@dataclass(frozen=True, slots=True)
class _Payloads:
    """What the outbox keeps of messages: the mail as it was, the addresses, what servers said of them."""

    before: date
    company: str

    def batch(self, conn: Connection) -> int:
        payload = t.outbox.c.payload
        query = (
            sa.select(t.outbox.c.id, payload)
            .join_from(t.outbox, t.action, t.action.c.key == t.outbox.c.action)
            .where(
                t.outbox.c.state.in_(_ENDED),
                _older(t.outbox.c.changed_at, self.before),
                sa.or_(*(payload.like(f'%"{name}":%') for name in ("kept", "reached", "answers"))),
                t.action.c.company == self.company,
                _settled(t.action.c.account, self.before, self.company),
            )
            .limit(MOST)
        )
        found = conn.execute(query).all()
        for number, kept in found:
            change = {"payload": orjson.dumps(bare(orjson.loads(kept))).decode()}
            conn.execute(sa.update(t.outbox).where(t.outbox.c.id == number).values(**change))
        return len(found)


@dataclass(slots=True)
class _Journal:
    """Names and words beside the journal's entries, in its order; of what went out for as long as the messages are kept."""

    bounds: Bounds
    company: str
    at: int = 0  # the last entry looked at

    def batch(self, conn: Connection) -> int:
        person, entry = t.journal_person, t.journal
        last = max((day for day in (self.bounds.log, self.bounds.messages) if day), default=None)
        while last is not None:
            query = (
                sa.select(person.c.seq, entry.c.at, entry.c.kind, entry.c.account)
                .join_from(
                    person, entry, sa.and_(entry.c.stream == person.c.stream, entry.c.seq == person.c.seq)
                )
                .where(person.c.stream == self.company, person.c.seq > self.at)
                .order_by(person.c.seq)
                .limit(MOST)
            )
            found = [row for row in conn.execute(query) if row.at < last.isoformat()]
            if not found:
                return 0
            self.at = found[-1].seq
            gone = {row.seq for row in found if self._old(row)} - self._asked_for(conn, found)
            if gone:
                theirs = (person.c.stream == self.company, person.c.seq.in_(gone))
                conn.execute(sa.delete(person).where(*theirs))
                return len(gone)
        return 0

    def _old(self, row: Any) -> bool:
        before = self.bounds.messages if row.kind == "delivery" else self.bounds.log
        return before is not None and row.at < before.isoformat() and row.kind not in STAY

    def _asked_for(self, conn: Connection, rows: list[Any]) -> set[int]:
        """The entries of accounts whose trouble goes on."""
        before = self.bounds.log or self.bounds.messages
        assert before is not None
        accounts = {row.account for row in rows}
        free = sa.select(t.episode.c.account).where(
            t.episode.c.company == self.company,
            t.episode.c.account.in_(accounts),
            t.episode.c.ended.is_(None),
            t.episode.c.started < before,
        )
        ongoing = set(conn.execute(free).scalars())
        return {row.seq for row in rows if row.account in ongoing}
