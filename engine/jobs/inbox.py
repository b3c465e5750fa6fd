"""The mailbox that answers come to is read, a little at a time, each message once.

How far it is read is written down after what its messages do; where the line breaks in between, the same messages
are met again and known.
"""

from __future__ import annotations

import ssl
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.engine import Engine

from engine.channels import inbox as channel
from engine.channels.inbox import Head, Inbox, Shut
from engine.core import returned, sentences
from engine.core.returned import Kind, Returned
from engine.errors import DunwellError, Refused
from engine.jobs import mailroom
from engine.jobs.mailroom import Came
from engine.jobs.workspace import Workspace
from engine.store import alarms, database, received
from engine.store.received import Place

_BATCH = 50  # messages whose heads are read at once
_VISIT = timedelta(seconds=60)  # then the others get their turn; the rest is read next
_STRANGERS = 90  # days that mail of nobody we know is remembered beyond the first look
_FAULTS = 3  # visits that fail for the moment before anybody is told


def read_inbox(ws: Workspace, clock: Callable[[], datetime], stop: threading.Event) -> list[str]:
    """Read what is new in the mailbox of `[inbox]`. Sentences for the log, without anybody's name."""
    if not ws.settings.inbox.host:
        return []
    engine = ws.database()
    try:
        return _Visit(ws, engine, clock, stop).make()
    finally:
        engine.dispose()


class _Visit:
    """One visit to the mailbox."""

    def __init__(
        self, ws: Workspace, engine: Engine, clock: Callable[[], datetime], stop: threading.Event
    ) -> None:
        self.ws, self.engine, self.clock, self.stop = ws, engine, clock, stop
        self.began = clock()
        self.counts: Counter[str] = Counter()
        self.said: list[str] = []
        self.unmoved: Shut | None = None  # why what is done could not be put away

    def make(self) -> list[str]:
        with database.reading(self.engine) as conn:
            at = received.place(conn)
        fault = None
        try:
            with Inbox(imap_server(self.ws)) as box:
                self._read(box, at)
        except Shut as shut:
            fault = shut
        self._end(fault, at.failed + 1)
        if self.counts:
            self.said.insert(0, sentences.mail_read(self.counts))
        return self.said

    # -- how far -------------------------------------------------------------------------------------------------

    def _read(self, box: Inbox, at: Place) -> None:
        inbox = self.ws.settings.inbox
        name, validity, highest = f"{inbox.user} {inbox.host} {inbox.folder}", box.validity, box.highest
        known = at.mailbox == name and at.validity == validity
        since = None
        if not known:
            # A mailbox may hold years. One whose numbers are new is looked through as far as it was not read.
            since = self.ws.today(self.began) - timedelta(days=inbox.first_days)
            if at.mailbox == name and at.read is not None:
                since = min(since, self.ws.today(at.read) - timedelta(days=1))
        uids = box.new(at.uid if known else 0, since)
        place = Place(name, validity, at.uid if known else 0, self.began, self.began, more=True)
        for first in range(0, len(uids), _BATCH):
            late = bool(first) and self.clock() - self.began > _VISIT
            batch = uids[first : first + _BATCH]
            handled = None if late else self._batch(box, batch, f"{inbox.folder} {validity}")
            if handled is None:
                self._put(place)
                return
            self._put_away(box, handled)
            place = replace(place, uid=batch[-1])
            self._put(place)
        self._put(replace(place, uid=max(place.uid, highest), more=False))

    def _put(self, place: Place) -> None:
        with database.writing(self.engine) as conn:
            received.put(conn, place)

    def _put_away(self, box: Inbox, uids: Sequence[int]) -> None:
        """Move or mark what is done. Where the server never lets us, it stays where it is and somebody is told."""
        if self.unmoved is None:
            try:
                box.done(uids)
            except Shut as shut:
                if not shut.held:
                    raise
                self.unmoved = shut

    def _end(self, fault: Shut | None, times: int) -> None:
        """Write down how the visit went, and tell somebody of what does not pass by itself."""
        now = self.clock()
        wrong = fault or self.unmoved
        with database.writing(self.engine) as conn:
            at = received.place(conn)
            if fault is None:
                received.put(conn, replace(at, tried=now, failed=0, until=None))
                # Longer than a first look goes back, so that none of it is new again.
                days = self.ws.settings.inbox.first_days + _STRANGERS
                received.forget_strangers(conn, now - timedelta(days=days))
            else:
                until = now + received.AFTER_REFUSAL if fault.held else None
                received.put(conn, replace(at, tried=now, failed=times, until=until, more=False))
            if wrong is None:
                alarms.cleared(conn, alarms.INBOX, now)
            elif wrong.held or times >= _FAULTS:
                alarms.raised(conn, alarms.INBOX, "", wrong.sentence, now)
        if wrong is not None:
            self.said.append(f"the inbox: {wrong.sentence}")

    # -- a few at a time -----------------------------------------------------------------------------------------

    def _batch(self, box: Inbox, uids: Sequence[int], where: str) -> list[int] | None:
        """Read some messages. The numbers of those about our accounts, new or not; None when told to stop."""
        heads = {head.uid: (head, returned.identity(head.raw)) for head in box.heads(uids)}
        with database.reading(self.engine) as conn:
            known = received.known(conn, [name for _, name in heads.values()])
        handled = [uid for uid, (_, name) in heads.items() if known.get(name) is not None]
        new: list[tuple[Returned, datetime | None, str]] = []
        numbers: list[int] = []
        for uid, (head, name) in heads.items():
            if self.stop.is_set():
                return None
            if name not in known and (raw := _whole(box, head)) is not None:
                new.append((replace(returned.read(raw), message_id=name), head.at, f"{where} {uid}"))
                numbers.append(uid)
        with database.reading(self.engine) as conn:
            came = mailroom.matched(self.ws, conn, new)
        self._take(came)
        return handled + [uid for uid, one in zip(numbers, came, strict=True) if one.account is not None]

    def _take(self, came: Sequence[Came]) -> None:
        """Take in messages in one transaction. Where one of them is wrong, each for itself; somebody looks at that one."""
        try:
            counts = self._written(came)
        except DunwellError:
            raise
        except Exception as error:
            if len(came) > 1:
                for one in came:
                    self._take([one])
                return
            self.said.append(f"the inbox: a message could not be taken in: {type(error).__name__}")
            odd = Returned(Kind.UNKNOWN, came[0].what.message_id, came[0].what.sender)
            counts = self._written([Came(odd, None, None, came[0].at, came[0].where)])
        self.counts.update(counts)

    def _written(self, came: Sequence[Came]) -> list[str]:
        """As what each counts; without those that were taken in before."""
        if not came:
            return []
        with database.writing(self.engine) as conn:
            found = [mailroom.take(self.ws, conn, one, self.clock()) for one in came]
        return [counts for counts in found if counts is not None]


def _whole(box: Inbox, head: Head) -> bytes | None:
    """As much of a message as it takes to know it; None where it is gone."""
    if head.size <= len(head.raw) or returned.to_many(head.raw):
        return head.raw
    return box.body(head.uid, returned.MOST)


def imap_server(ws: Workspace) -> channel.Server:
    inbox = ws.settings.inbox
    context = None
    if inbox.ca_file:
        try:
            context = ssl.create_default_context(cafile=ws.root / inbox.ca_file)
        except OSError as error:  # ssl's own errors are of this kind
            raise Refused(
                f"the certificates in {inbox.ca_file} cannot be read: {error.strerror or error}",
                "mend  ca_file  under [inbox] in dunwell.toml",
            ) from error
    return channel.Server(
        inbox.host,
        inbox.used_port,
        channel.Tls(inbox.tls),
        inbox.user,
        inbox.password.get_secret_value() if inbox.password else "",
        inbox.folder,
        inbox.done,
        context=context,
    )
