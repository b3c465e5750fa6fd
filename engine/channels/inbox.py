"""Reads the mailbox that answers come to, a few messages at a time, and leaves it as it was.

Heads first, then as much of each body as is needed. Nothing is deleted and nothing counts as seen; a message is
moved or marked only when `done` is asked to. Every wait has an end: an operation by `wait`, a visit by `visit`.
"""

from __future__ import annotations

import contextlib
import imaplib
import ipaddress
import re
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from types import TracebackType
from typing import Any

from imap_tools.errors import ImapToolsError, MailboxFolderSelectError, MailboxLoginError
from imap_tools.mailbox import BaseMailBox, MailBox, MailBoxUnencrypted
from imap_tools.utils import encode_folder

MOST_HEAD = 64 * 1024  # bytes
MARK = "$Dunwell"  # a keyword, where the server keeps such

# A refusal with one of these is the server's trouble of the moment and says nothing about the password.
_PASSING = re.compile(
    r"\[(?:UNAVAILABLE|INUSE|LIMIT|SERVERBUG)\]|temporary|too many (?:simultaneous )?connections",
    re.IGNORECASE,
)
_TRIES = 5
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Tls(StrEnum):
    """How the way to the server is closed to others."""

    IMPLICIT = "tls"  # usually port 993
    STARTTLS = "starttls"  # usually port 143
    NONE = "none"  # only on this machine, without a password


@dataclass(frozen=True, slots=True)
class Server:
    """The server with the mailbox. `wait` and `visit` are seconds: of one answer, and of all of a visit.

    Raises ValueError where mail or a password would travel in clear.
    """

    host: str
    port: int
    tls: Tls = Tls.IMPLICIT
    user: str = ""
    password: str = field(default="", repr=False)
    folder: str = "INBOX"
    moved_to: str = ""  # the folder for what is done; empty: it stays and is marked
    context: ssl.SSLContext | None = None  # None: the system's certificates
    wait: float = 30
    visit: float = 300

    def __post_init__(self) -> None:
        if self.tls is Tls.NONE and (self.password or not _is_loopback(self.host)):
            raise ValueError("mail without TLS is only read on this machine (127.0.0.1), without a password")


class Shut(Exception):
    """The mailbox cannot be read now. `held`: trying again soon would change nothing, or lock our account."""

    def __init__(self, sentence: str, *, held: bool = False) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.held = held


@dataclass(frozen=True, slots=True)
class Head:
    """A message before its body is read. `at` is when the server got it, where it says so."""

    uid: int
    size: int
    raw: bytes
    at: datetime | None


class _StartTls(MailBoxUnencrypted):
    """A connection that becomes TLS before anything is said on it, or is hung up."""

    def __init__(self, host: str, port: int, wait: float, context: ssl.SSLContext) -> None:
        self.context = context
        super().__init__(host, port, timeout=wait)

    def _get_mailbox_client(self) -> imaplib.IMAP4:
        client = super()._get_mailbox_client()
        try:
            client.starttls(self.context)
        except BaseException:
            client.shutdown()
            raise
        return client


class Inbox:
    """One visit to the mailbox; leave it with `with`. Raises `Shut`."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.box: BaseMailBox | None = None
        self.timer = threading.Timer(server.visit, self._cut)
        self.timer.daemon = True
        self.late = False

    def __enter__(self) -> Inbox:
        self.timer.start()
        try:
            with self._told():
                self.box = self._open()
                self._log_in(self.box)
                try:
                    self.box.folder.set(self.server.folder)
                except imaplib.IMAP4.readonly:  # then nothing in it is moved or marked
                    self.box.folder.set(self.server.folder, readonly=True)
        except BaseException:
            self._leave()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    @property
    def validity(self) -> int:
        """UIDVALIDITY: while it stays, a number means the same message."""
        return self._opened("UIDVALIDITY")

    @property
    def highest(self) -> int:
        """The number before the one that the next new message gets, as it was when the folder was opened."""
        return max(0, self._opened("UIDNEXT") - 1)

    def _opened(self, name: str) -> int:
        """What the server said of the folder when it was opened."""
        assert self.box is not None
        found = self._client.untagged_responses.get(name, [])
        numbers = re.findall(rb"\d+", b" ".join(one for one in found if isinstance(one, bytes)))
        return int(numbers[-1]) if numbers else 0

    def new(self, after: int, since: date | None = None) -> list[int]:
        """The numbers of the messages after one, the oldest first; only those that came since a day, if there is one."""
        criteria = f"UID {after + 1}:*"
        if since is not None:
            criteria += f" SINCE {since.day}-{_MONTHS[since.month - 1]}-{since.year}"
        with self._told():
            found = self._asked("SEARCH", criteria)
        # “6:*” is always the last message, even where its number is 5.
        numbers = {
            int(one) for part in found if isinstance(part, bytes) for one in part.split() if one.isdigit()
        }
        return sorted(number for number in numbers if number > after)

    def heads(self, uids: Sequence[int]) -> list[Head]:
        """Their heads, in their order; without those that are gone."""
        wanted = f"(UID RFC822.SIZE INTERNALDATE BODY.PEEK[HEADER]<0.{MOST_HEAD}>)"
        heads: dict[int, Head] = {}
        for said, literal in self._fetch(uids, wanted):
            uid, size = _number(rb"UID (\d+)", said), _number(rb"RFC822\.SIZE (\d+)", said)
            if uid is not None:
                heads[uid] = Head(uid, size or len(literal), literal[:MOST_HEAD], _moment(said))
        return [heads[uid] for uid in uids if uid in heads]

    def body(self, uid: int, most: int) -> bytes | None:
        """The message with its head, cut after `most` bytes; None where it is gone."""
        for said, literal in self._fetch([uid], f"(UID BODY.PEEK[]<0.{most}>)"):
            if _number(rb"UID (\d+)", said) == uid:
                return literal[:most]
        return None

    def done(self, uids: Sequence[int]) -> None:
        """Move what is done, or mark it where it lies; a server that keeps no marks is left in peace."""
        if not uids:
            return
        assert self.box is not None
        with self._told():
            if not self.server.moved_to:
                with contextlib.suppress(imaplib.IMAP4.readonly, ImapToolsError):
                    self._client.uid("STORE", _set(uids), "+FLAGS.SILENT", f"({MARK})")
                return
            if not self.box.folder.exists(self.server.moved_to):
                try:
                    self.box.folder.create(self.server.moved_to)
                except ImapToolsError:  # unless somebody else who reads made it at this moment
                    if not self.box.folder.exists(self.server.moved_to):
                        raise
            if b"MOVE" not in b" ".join(self._client.capability()[1]).upper().split():
                raise Shut("the mail server cannot move messages; take  done  out of [inbox]", held=True)
            self._asked("MOVE", _set(uids), encode_folder(self.server.moved_to))

    # -- the talk with the server ----------------------------------------------------------------------------------

    @property
    def _client(self) -> imaplib.IMAP4:
        assert self.box is not None
        return self.box.client

    def _open(self) -> BaseMailBox:
        server = self.server
        if server.tls is Tls.NONE:
            return MailBoxUnencrypted(server.host, server.port, timeout=server.wait)
        context = server.context or ssl.create_default_context()
        if server.tls is Tls.STARTTLS:
            return _StartTls(server.host, server.port, server.wait, context)
        return MailBox(server.host, server.port, timeout=server.wait, ssl_context=context)

    def _log_in(self, box: BaseMailBox) -> None:
        user, password = self.server.user, self.server.password
        try:
            if (user + password).isascii() and (user + password).isprintable():
                box.login(user, password, initial_folder=None)
            else:
                box.login_utf8(user, password, initial_folder=None)
        except (MailboxLoginError, imaplib.IMAP4.error) as error:
            if isinstance(error, imaplib.IMAP4.abort):
                raise
            said = _one_line(error.command_result[1] if isinstance(error, MailboxLoginError) else error)
            if password:
                said = said.replace(password, "…")  # some servers repeat what they were told
            raise Shut(f"the mail server refuses our login: {said}", held=not _PASSING.search(said)) from None

    def _fetch(self, uids: Sequence[int], wanted: str) -> Iterator[tuple[bytes, bytes]]:
        """(what is said about a message, its literal) for each that is still there."""
        if not uids:
            return
        with self._told():
            found = self._asked("FETCH", _set(uids), wanted)
        for number, one in enumerate(found):
            if isinstance(one, tuple) and len(one) > 1:
                rest = found[number + 1] if number + 1 < len(found) else b""
                yield one[0] + (rest if isinstance(rest, bytes) else b""), one[1]

    def _asked(self, command: str, *arguments: Any) -> list[Any]:
        """What the server answers to a command by numbers of messages."""
        for _ in range(_TRIES):
            answer, found = self._client.uid(command, *arguments)
            said = _one_line(found) if answer != "OK" else ""
            # Somebody else has just moved or deleted one of them. The next answer is without it.
            if "[EXPUNGEISSUED]" not in said:
                break
        if said:
            raise Shut(f"the mail server answers {answer}: {said}")
        return found

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """What goes wrong, as a sentence."""
        try:
            yield
        except Shut:
            raise
        except MailboxFolderSelectError as error:
            said = f"the folder “{self.server.folder}” cannot be opened: {_one_line(error.command_result[1])}"
            raise Shut(said, held=True) from None
        except ssl.SSLCertVerificationError as error:
            raise Shut(
                f"the mail server's certificate is not good: {error.verify_message}", held=True
            ) from None
        except TimeoutError:
            raise Shut("the mail server is silent") from None
        except (imaplib.IMAP4.error, ImapToolsError, OSError, ValueError) as error:
            if self.late:
                raise Shut(
                    "the mail server was too slow; what it has not told yet is read the next time"
                ) from None
            if "TLS not supported" in str(error):
                sentence = "the mail server does not offer TLS, which it must; somebody may be in between"
                raise Shut(sentence, held=True) from None
            raise Shut(f"the mailbox cannot be read: {_one_line(error)}") from None

    def _cut(self) -> None:
        """A server that sends a byte now and then would keep us for ever."""
        self.late = True
        if self.box is not None:
            with contextlib.suppress(OSError):
                # Beneath TLS: whoever reads there at this moment finds the end of it.
                socket.socket.shutdown(self.box.client.socket(), socket.SHUT_RDWR)

    def _leave(self) -> None:
        self.timer.cancel()
        if self.box is None:
            return
        with contextlib.suppress(imaplib.IMAP4.error, ImapToolsError, OSError):
            self._client.logout()
        with contextlib.suppress(OSError):
            self._client.shutdown()
        self.box = None


def _set(uids: Sequence[int]) -> str:
    return ",".join(str(uid) for uid in uids)


def _number(pattern: bytes, text: bytes) -> int | None:
    found = re.search(pattern, text)
    return int(found[1]) if found else None


def _moment(text: bytes) -> datetime | None:
    found = re.search(rb'INTERNALDATE "\s*([^"]{10,40})"', text)
    if found is None:
        return None
    try:
        return datetime.strptime(found[1].decode("ascii", "replace"), "%d-%b-%Y %H:%M:%S %z")
    except ValueError:
        return None


def _one_line(said: object) -> str:
    parts = said if isinstance(said, list | tuple) else [said]
    text = " ".join(one.decode("utf-8", "replace") if isinstance(one, bytes) else str(one) for one in parts)
    return re.sub(r"[^\x20-\x7e\xa0-\ud7ff]+", " ", text).strip()[:300]


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
