"""What came back by mail: whether it says that an address does not work, that nobody is there, or what a person answers.

Pure: bytes in, a `Returned` out, whatever the bytes are. Where in doubt between a machine and a person it is a
person: a task too many is a smaller fault than an answer that nobody reads.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from email import message_from_bytes, policy
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from enum import StrEnum
from typing import Any

from engine.core import notices, quoted

MOST = (
    512 * 1024
)  # bytes of a message that are read; what a person writes and what a server says stands before that
MOST_TEXT = 20_000  # characters of text that are kept
_MOST_PARTS = 200
_MOST_HEADER = 2_000
_MOST_IDS = 50

# What the email package raises over messages that nobody should send.
_ODD = (HeaderParseError, ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError)


class Kind(StrEnum):
    """What a message is."""

    BOUNCE = "bounce"  # not delivered, for good
    DELAYED = "delayed"  # not yet, or not this time
    AUTOMATIC = "automatic"  # written by a machine: out of office, a receipt, a newsletter
    REPLY = "reply"  # written by a person
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Returned:
    """A message as far as it matters. Addresses are in small letters; `ids` are Message-IDs, the likeliest first.

    `answers` is false for one that merely came by: it refers to no message at all. `failed` are the addresses that
    a bounce or a delay names, `status` its code (5.1.1), `said` what the server said.
    """

    kind: Kind
    message_id: str  # in its angle brackets; one that has none gets the checksum of its head
    sender: str = ""
    name: str = ""
    subject: str = ""
    ids: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    status: str = ""
    said: str = ""
    words: str = ""  # the person's own
    text: str = ""

    @property
    def about_address(self) -> bool:
        """Whether the address itself is what does not work, and not the size, the content or our reputation."""
        return self.kind is Kind.BOUNCE and notices.about_address(self.status)


def identity(head: bytes) -> str:
    """What a message is known by: its Message-ID, or the checksum of its head. From the head alone."""
    return _identity(_parsed(head), head)


def to_many(head: bytes) -> bool:
    """Whether a message is one to many people that answers nobody, as its head alone shows: its body is not needed."""
    message = _parsed(head)
    listed = message.get("List-Unsubscribe") is not None or message.get("List-Id") is not None
    answers = message.get("In-Reply-To") is not None or message.get("References") is not None
    return listed and not answers and message.get_content_type() != "multipart/report"


def read(raw: bytes) -> Returned:
    """What a message is, and which it answers. Any bytes give an answer."""
    raw = raw[:MOST]
    message = _parsed(raw)
    head = raw.partition(b"\r\n\r\n" if b"\r\n\r\n" in raw[:100_000] else b"\n\n")[0]
    known = Returned(Kind.UNKNOWN, _identity(message, head))
    try:
        return _read(message, known)
    except _ODD:
        return known


def _read(message: Message[Any, Any], known: Returned) -> Returned:
    sender, name = _person(_header(message, "From"))
    known = replace(known, sender=sender, name=name, subject=_header(message, "Subject")[:500])
    parts = list(_parts(message))
    text = _text(parts)
    known = replace(known, text=text[:MOST_TEXT], ids=_ids(message, parts, text))
    notice = _notice(message, parts, known, text)
    if notice is not None:
        kind = {"failed": Kind.BOUNCE, "delayed": Kind.DELAYED}.get(notice.action, Kind.AUTOMATIC)
        return replace(known, kind=kind, failed=notice.failed, status=notice.status, said=notice.said)
    if _automatic(message, known):
        return replace(known, kind=Kind.AUTOMATIC)
    if not sender or notices.is_system(sender):
        return known
    return replace(known, kind=Kind.REPLY, words=quoted.own_words(text)[:MOST_TEXT])


def _parsed(raw: bytes) -> Message[Any, Any]:
    try:
        return message_from_bytes(raw, policy=policy.compat32)
    except _ODD:  # nested deeper than Python counts: its head alone
        return message_from_bytes(raw.partition(b"\n\n")[0].partition(b"\r\n\r\n")[0], policy=policy.compat32)


# -- what it is ---------------------------------------------------------------------------------------------------------


def _notice(
    message: Message[Any, Any], parts: list[Message[Any, Any]], known: Returned, text: str
) -> notices.Notice | None:
    """What a mail system says, in the standard form or in one of the older ones; None: it is no such message."""
    for part in parts:
        kind = part.get_content_type()
        if kind in ("message/delivery-status", "message/global-delivery-status"):
            return notices.standard([_fields(group) for group in _groups(part)], text)
        if kind in ("message/disposition-notification", "message/global-disposition-notification"):
            return notices.RECEIPT
    named = tuple(notices.addresses(_header(message, "X-Failed-Recipients")))
    return notices.plain(known.sender, known.subject, text, named, bounced=_no_return(message))


def _groups(part: Message[Any, Any]) -> list[Message[Any, Any]]:
    """The groups of fields of a report's own part."""
    payload = part.get_payload()
    groups = [one for one in payload if isinstance(one, Message)] if isinstance(payload, list) else []
    if _header(part, "Content-Transfer-Encoding").lower() in ("base64", "quoted-printable"):
        # The standard forbids it, and some servers do it.
        part.set_payload("\n".join(str(one.get_payload()) for one in groups))
        groups = []
    if not groups:
        text = _decoded(part).replace("\r\n", "\n")
        pieces = re.split(r"\n[ \t]*\n", text)[:_MOST_PARTS]
        groups = [_parsed(piece.encode("utf-8", "replace") + b"\n\n") for piece in pieces]
    return groups[:_MOST_PARTS]


def _fields(group: Message[Any, Any]) -> dict[str, str]:
    return {name.lower(): _shown(value) for name, value in list(group.items())[:_MOST_IDS]}


def _no_return(message: Message[Any, Any]) -> bool:
    return _header(message, "Return-Path").strip() == "<>"


def _automatic(message: Message[Any, Any], known: Returned) -> bool:
    """RFC 3834 and what was used before it."""
    submitted = _header(message, "Auto-Submitted").partition(";")[0].strip().lower()
    if submitted and submitted != "no":
        return True
    if any(
        message.get(name) is not None for name in ("X-Autoreply", "X-Autorespond", "X-Auto-Response-Suppress")
    ):
        return True
    precedence = _header(message, "Precedence").strip().lower()
    if precedence in ("auto_reply", "auto-reply") or notices.is_absence(known.subject):
        return True
    # A newsletter answers nothing; a person who writes through a list or a desk of tickets does.
    to_many = precedence in ("bulk", "junk", "list") or message.get("List-Unsubscribe") is not None
    return to_many and not known.ids


# -- which of ours it answers -------------------------------------------------------------------------------------------


_ID = re.compile(r"<[^<>\s]{3,400}>")
_OUR_FORM = re.compile(r"\b([0-9a-f]{40}@[A-Za-z0-9.-]{1,253}[A-Za-z0-9])")


def _ids(message: Message[Any, Any], parts: list[Message[Any, Any]], text: str) -> tuple[str, ...]:
    """Message-IDs of what it may answer: of the returned head, In-Reply-To, References, then in the text."""
    found: list[str] = []
    for part in parts:
        kind = part.get_content_type()
        if kind == "text/rfc822-headers":
            found += _ID.findall(
                _shown(_parsed(_decoded(part).encode("utf-8", "replace")).get("Message-ID", ""))
            )
        elif kind in ("message/rfc822", "message/global"):
            payload = part.get_payload()
            inner = payload[0] if isinstance(payload, list) and payload else None
            if isinstance(inner, Message):
                found += _ID.findall(_shown(inner.get("Message-ID", "")))
        elif kind.endswith("disposition-notification"):
            for group in _groups(part):
                found += _ID.findall(_shown(group.get("Original-Message-ID", "")))
    found += _ID.findall(_long(message, "In-Reply-To"))[:_MOST_IDS]
    found += reversed(_ID.findall(_long(message, "References"))[-_MOST_IDS:])
    found += [f"<{one}>" for one in _OUR_FORM.findall(text)[:_MOST_IDS]]
    return tuple(dict.fromkeys(found))[: 2 * _MOST_IDS]


def _identity(message: Message[Any, Any], head: bytes) -> str:
    try:
        found = _ID.search(_long(message, "Message-ID"))
    except _ODD:
        found = None
    return found[0] if found else f"sha256:{hashlib.sha256(head.strip()).hexdigest()}"


# -- headers and texts of strangers ---------------------------------------------------------------------------------------


def _header(message: Message[Any, Any], name: str) -> str:
    """A header as text on one line; empty where it is missing or cannot be read."""
    return _shown(message.get(name, ""))


def _long(message: Message[Any, Any], name: str) -> str:
    return _clean(str(message.get(name, ""))[: 16 * _MOST_HEADER])


def _shown(value: object) -> str:
    text = str(value)[:_MOST_HEADER]
    if "=?" in text:
        try:
            pieces = decode_header(text)
            text = "".join(
                piece if isinstance(piece, str) else _in(piece, charset or "ascii")
                for piece, charset in pieces
            )
        except _ODD:
            pass  # as it stands, then
    return " ".join(_clean(text).split())


_ADDRESS = re.compile(r"<([^<>\s@]{1,64}@[^<>\s@]{1,255})>")
_BARE = re.compile(r"[^\s<>@,;:\"'()]{1,64}@[^\s<>@,;:\"'()]{1,255}")


def _person(text: str) -> tuple[str, str]:
    """(address in small letters, name) of a From header."""
    found = list(_ADDRESS.finditer(text))
    if found:
        return found[-1][1].lower(), text[: found[-1].start()].strip(" \t\"'")[:200]
    bare = _BARE.search(text)
    return (bare[0].lower(), "") if bare else ("", text[:200])


def _parts(message: Message[Any, Any]) -> Iterator[Message[Any, Any]]:
    """The parts in their order, without those inside a returned message, and not without end."""
    waiting = [message]
    for _ in range(_MOST_PARTS):
        if not waiting:
            return
        part = waiting.pop()
        yield part
        payload = part.get_payload()
        if part.get_content_maintype() == "multipart" and isinstance(payload, list):
            waiting += [inner for inner in reversed(payload[:_MOST_PARTS]) if isinstance(inner, Message)]


def _text(parts: list[Message[Any, Any]]) -> str:
    """What a reader sees: the plain texts, or where there are none, the HTML ones as text."""
    for kind in ("text/plain", "text/html"):
        found = [part for part in parts if part.get_content_type() == kind and not _attached(part)]
        texts = [_decoded(part) for part in found[:10]]
        text = "\n".join(quoted.plain(one) if kind == "text/html" else one for one in texts)
        if text.strip():
            return _clean(text.replace("\r\n", "\n").replace("\r", "\n"))[: 5 * MOST_TEXT]
    return ""


def _attached(part: Message[Any, Any]) -> bool:
    return _shown(part.get("Content-Disposition", "")).lower().startswith("attachment")


# Codecs of Python that are no charset of a mail, or that a few bytes can make slow.
_NO_CHARSETS = re.compile(r"idna|punycode|undefined|escape|mbcs|oem", re.IGNORECASE)


def _decoded(part: Message[Any, Any]) -> str:
    try:
        payload = part.get_payload(decode=True)
        charset = part.get_content_charset() or "utf-8"
    except _ODD:
        payload, charset = part.get_payload(), "utf-8"
    if isinstance(payload, bytes):
        return _in(payload, charset)
    return payload if isinstance(payload, str) else ""


def _in(raw: bytes, charset: str) -> str:
    try:
        return raw.decode("latin-1" if _NO_CHARSETS.search(charset) else charset, "replace")
    except (LookupError, ValueError):
        return raw.decode("utf-8", "replace")


def _clean(text: str) -> str:
    """Without what no database takes and no screen should show."""
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]", "", text)
