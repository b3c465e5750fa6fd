"""What a message that came back does: an address is struck out, an answer holds the letters, a person is told.

All of it is one transaction with the message's row in `received`, so that a second reading does nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.engine import Connection

from engine.channels.mail import read_address
from engine.core import sentences
from engine.core.language.policy import Kind as Action
from engine.core.returned import Kind, Returned
from engine.core.workdays import WEEKENDS_ONLY, calendar
from engine.jobs.cases import Who, paused, tasks
from engine.jobs.workspace import Workspace
from engine.outbox import Resolution, resolve
from engine.store import journal, marks, outbox, received
from engine.store.journal import Entry
from engine.store.moments import moment_text
from engine.store.outbox import UNCERTAIN
from engine.store.received import Ours

BY = "the inbox"
OWN = "own"  # a message of our own people, which no customer has written
NOBODY = "nobody"  # how a person's mail is counted that is about no account we know
# The names of the tasks.
ANSWER, ADDRESS, REFUSED, LOOK = "answer a mail", "find an address", "mail refused", "look at a mail"
UNMATCHED = "mail of nobody we know"
_WRITTEN = tuple(kind.value for kind in Action if kind.written)
_MOST_ANSWERS = 20  # of an account on somebody's list; the others are kept, and change nothing more
_MOST_WORDS = 2_000  # of a task; the whole text is kept with the message


@dataclass(frozen=True, slots=True)
class Came:
    """A message with what it answers. `ours` is a message of ours; without one `account` is by the sender's address.

    `at` is when the mail server got it, `where` says where it lies.
    """

    what: Returned
    ours: Ours | None
    account: str | None
    at: datetime | None
    where: str


def matched(
    ws: Workspace, conn: Connection, new: Sequence[tuple[Returned, datetime | None, str]]
) -> list[Came]:
    """Which of ours each answers; where none, whose it is by the sender, if that is one account alone."""
    answers = [received.ours(conn, what.ids) for what, _, _ in new]
    strangers = {what.sender for (what, _, _), mine in zip(new, answers, strict=True) if mine is None}
    whose = received.accounts_of(conn, strangers - _own(ws) - {""})
    found = []
    for (what, at, where), mine in zip(new, answers, strict=True):
        accounts = whose.get(what.sender, set()) if what.kind in (Kind.REPLY, Kind.AUTOMATIC) else set()
        by_sender = next(iter(accounts)) if len(accounts) == 1 else None
        found.append(Came(what, mine, mine.account if mine else by_sender, at, where))
    return found


def take(ws: Workspace, conn: Connection, came: Came, now: datetime) -> str | None:
    """All that a message does. As what it counts, or None where it was taken in before."""
    what = came.what
    failed = _failed(conn, came) if what.kind is Kind.BOUNCE else set()
    kind = _counts_as(ws, came, failed)
    known = came.account is not None
    row: dict[str, Any] = {
        "message_id": what.message_id,
        "at": moment_text(min(came.at or now, now)),
        "kind": kind,
        "account": came.account,
        "action": came.ours.key if came.ours else None,
        "sender": what.sender,
        "subject": what.subject,
        # What strangers write to us is none of Dunwell's business.
        "text": what.text if known else "",
        "words": what.words if known else "",
        "status": what.status,
        "mailbox": came.where,
    }
    number = received.keep(conn, row)
    if number is None:
        return None
    desk = _Desk(ws, conn, came, number, Who(BY, now, ws.today(now)))
    if not known:
        entries = desk.of_nobody(kind)
    else:
        entries = [desk.received(kind), *desk.effects(kind, failed)]
    if entries:
        journal.append(conn, entries, now)
    return NOBODY if not known and kind in (Kind.REPLY, Kind.UNKNOWN) else kind


def _counts_as(ws: Workspace, came: Came, failed: set[str]) -> str:
    """A bounce counts only where it is about an address that the message went to: anybody can write one."""
    kind = came.what.kind
    if came.what.sender in _own(ws) and kind in (Kind.REPLY, Kind.AUTOMATIC):
        return OWN
    if kind is Kind.BOUNCE and came.ours is not None and not failed:
        return Kind.UNKNOWN.value
    return kind.value


def _failed(conn: Connection, came: Came) -> set[str]:
    """The addresses that a bounce is about, of those that our message went to."""
    if came.ours is None:
        return set()
    went_to = set(came.ours.recipients)
    if not went_to:  # it was put into the folder, for another program to send
        contacts = received.addresses_of(conn, came.ours.account)
        went_to = {form for _, email, _ in contacts for form in _forms(email)}
    if came.what.failed:
        return set(came.what.failed) & went_to
    return went_to if len(went_to) == 1 else set()


def _forms(email: str) -> set[str]:
    """An address as the master has it, and as it was sent."""
    read = read_address(email)
    return {email, read.lower()} if isinstance(read, str) else {email}


def _own(ws: Workspace) -> set[str]:
    """Addresses of our own, from which no customer writes."""
    ours = ws.settings
    found = [ours.company.email, ours.mail.from_, ours.mail.reply_to, ours.inbox.user]
    found += [person.email for person in ours.people.values()]
    return {str(one).lower() for one in found if one}


class _Desk:
    """One message on somebody's desk. What each part gives is for the journal."""

    def __init__(self, ws: Workspace, conn: Connection, came: Came, number: int, who: Who) -> None:
        self.ws, self.conn, self.what, self.ours = ws, conn, came.what, came.ours
        self.account, self.number, self.who = came.account or "", number, who

    def received(self, kind: str) -> Entry:
        """That it came, of what kind, and what it answers; its words can be forgotten."""
        what = self.what
        body = {
            "mail": self.number,
            "kind": kind,
            "status": what.status,
            "key": self.ours.key if self.ours else None,
        }
        words = {"words": what.words} if what.words else {}
        return Entry(
            "mail received", self.account, body, {"sender": what.sender, "subject": what.subject, **words}
        )

    def of_nobody(self, kind: str) -> list[Entry]:
        """One task for all such mail. Machines, and bounces of what we never sent, make none."""
        if kind not in (Kind.REPLY, Kind.UNKNOWN) or tasks.waiting(self.conn, "", UNMATCHED):
            return []
        return [self._task(UNMATCHED, sentences.UNMATCHED)]

    def effects(self, kind: str, failed: set[str]) -> list[Entry]:
        """What it does to the account that it is about."""
        if kind != OWN:
            self._settle_doubt()
        if kind == Kind.BOUNCE:
            return self._bounced(failed)
        if kind == Kind.REPLY:
            return self._answered()
        if kind == Kind.UNKNOWN:
            return [self._task(LOOK, sentences.look_at_mail(self.what.sender, self.what.subject))]
        return []

    def _settle_doubt(self) -> None:
        """Whoever answers a message, be it a machine, has had it."""
        if self.ours is None or self.ours.state != UNCERTAIN:
            return
        row = outbox.find(self.conn, self.ours.key)
        if row is None or row.state != UNCERTAIN:
            return  # another message of the same visit, or a person, has said so meanwhile
        seen = {
            Kind.REPLY: sentences.WAS_ANSWERED,
            Kind.BOUNCE: sentences.CAME_BACK,
            Kind.DELAYED: sentences.CAME_BACK,
        }.get(self.what.kind, sentences.WAS_SEEN)

        def taken(conn: Connection, key: str, at: datetime) -> None:
            marks.take(conn, key, at, self.who.on)

        resolve(self.conn, self.ours.key, Resolution.DELIVERED, BY, self.who.at, seen, taken)

    def _bounced(self, failed: set[str]) -> list[Entry]:
        """The address is struck out where it is what does not work, and a person finds another.

        The message stays sent and its step taken: it left the house, and the next step has another way to go.
        """
        what, address = self.what, ", ".join(sorted(failed))
        if not what.about_address:
            if tasks.waiting(self.conn, self.account, REFUSED):
                return []
            return [self._task(REFUSED, sentences.refused_mail(address, what.status, what.said))]
        contacts = received.addresses_of(self.conn, self.account)
        struck = [number for number, email, works in contacts if works and _forms(email) & failed]
        if not struck:
            return []  # done before, or the customer master has another address by now
        received.flag(self.conn, struck)
        entry = Entry(
            "address does not work", self.account, {"mail": self.number, "by": BY}, {"address": address}
        )
        if tasks.waiting(self.conn, self.account, ADDRESS):
            return [entry]
        return [entry, self._task(ADDRESS, sentences.find_address(address, what.status))]

    def _answered(self) -> list[Entry]:
        """Letters and e-mails wait until somebody has dealt with the answer, though not for ever."""
        what, ws = self.what, self.ws
        if tasks.waiting(self.conn, self.account, ANSWER) >= _MOST_ANSWERS:
            return []
        days = ws.calendar if ws.book is not None else calendar(WEEKENDS_ONLY)
        until = days.add_open(self.who.on, ws.settings.inbox.pause_days)
        pause, entry = paused(self.conn, self.account, self.who, sentences.ANSWERED, until, _WRITTEN)
        todo = sentences.answer_mail(what.name or what.sender, what.words, what.subject)
        return [entry, self._task(ANSWER, todo, {"pause": pause, "words": what.words[:_MOST_WORDS]})]

    def _task(self, step: str, todo: str, more: dict[str, Any] | None = None) -> Entry:
        amount, currency = (self.ours.amount, self.ours.currency) if self.ours else (0, "")
        detail = {**(more or {}), "mail": self.number}
        return tasks.add(
            self.ws,
            self.conn,
            self.account,
            step,
            self.number,
            todo,
            self.who,
            amount=amount,
            currency=currency,
            more=detail,
        )
