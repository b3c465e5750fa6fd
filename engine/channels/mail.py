"""An e-mail as bytes: both texts, the right headers and no others, and every time the same for the same."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from email import policy
from email.headerregistry import Address as Header
from email.message import EmailMessage, MIMEPart
from email.utils import format_datetime
from typing import Any

from email_validator import EmailNotValidError, validate_email

from engine.channels.receipt import Unsendable

# NUL and a lone surrogate pass EmailMessage, a line break in a header does not: none belongs in a message.
_IN_HEADER = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_IN_BODY = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A document that goes with a message. `kind` is a media type such as `application/pdf`."""

    name: str
    kind: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Mail:
    """A finished e-mail: what goes over the wire, and to whom. No envelope is ever read from headers."""

    key: str
    raw: bytes
    sender: str
    recipients: tuple[str, ...]
    message_id: str
    day: date
    international: bool = False  # an address or header that only a server with SMTPUTF8 can take

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.raw).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """As it is kept with the outbox, so that a later try is the very same message."""
        raw = self.raw.decode("utf-8", "surrogateescape")
        return {**asdict(self), "raw": raw, "day": self.day.isoformat()}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any], reached: Collection[str] = ()) -> Mail:
        """The kept message for the recipients who have not been reached."""
        left = tuple(address for address in kept["recipients"] if address not in reached)
        raw, day = kept["raw"].encode("utf-8", "surrogateescape"), date.fromisoformat(kept["day"])
        return cls(**{**kept, "raw": raw, "recipients": left, "day": day})


def read_address(text: str) -> str | Unsendable:
    """One address in the form that is sent, its domain in ASCII where it can be; else why it cannot be used.

    Nothing is guessed: an empty field, two addresses in one, a name around it or a line break is refused.
    """
    shown = _IN_HEADER.sub(" ", text)
    if not text.strip():
        return Unsendable("the contact has no e-mail address; add one")
    try:
        found = validate_email(text, check_deliverability=False)
    except EmailNotValidError as error:
        if re.search(r"[,;]|\S\s+\S", text.strip()):
            return Unsendable(f"“{shown}” is not one e-mail address; write one address a contact")
        return Unsendable(f"“{shown}” is not an e-mail address: {str(error).rstrip('.')}")
    return found.ascii_email or found.normalized


def message_id(key: str, sender: str) -> str:
    """The same for every try of the same action, so that a mail server or archive can be asked for it."""
    digest = hashlib.sha256(key.encode()).hexdigest()[:40]
    return f"<{digest}@{sender.rpartition('@')[2]}>"


def compose(
    key: str,
    *,
    sender: str,
    to: Sequence[str],
    subject: str,
    text: str,
    html: str = "",
    at: datetime,
    name: str = "",
    reply_to: str = "",
    attachments: Sequence[Attachment] = (),
) -> Mail | Unsendable:
    """The mail for one action, made at the aware moment `at`.

    Pure: the same arguments give the same bytes, so that a second try is the same message to every archive.
    All addresses are checked first; the first that cannot be used is the answer.
    """
    checked: list[str] = []
    for address in (sender, *([reply_to] if reply_to else []), *to):
        read = read_address(address)
        if isinstance(read, Unsendable):
            return read
        checked.append(read)
    if not to:
        return Unsendable("the contact has no e-mail address; add one")
    origin, reply = checked[0], checked[1] if reply_to else ""
    recipients = tuple(dict.fromkeys(checked[-len(to) :]))
    international = not all(address.isascii() for address in checked)
    identity = message_id(key, origin)

    style = (policy.SMTPUTF8 if international else policy.SMTP).clone(cte_type="7bit")
    message = EmailMessage(policy=style)
    message["Message-ID"] = identity
    message["Date"] = format_datetime(at)
    message["From"] = _header(origin, name)
    message["To"] = tuple(_header(recipient) for recipient in recipients)
    if reply:
        message["Reply-To"] = _header(reply)
    message["Subject"] = _IN_HEADER.sub(" ", subject).strip()
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_IN_BODY.sub("", text), cte="quoted-printable")
    if html:
        message.add_alternative(_IN_BODY.sub("", html), subtype="html", cte="quoted-printable")
    for attachment in attachments:
        main, _, sub = attachment.kind.partition("/")
        file_name = _IN_HEADER.sub(" ", attachment.name).replace("/", "-").replace("\\", "-")
        message.add_attachment(attachment.content, maintype=main, subtype=sub, filename=file_name)
    _name_parts(message, hashlib.sha256(key.encode()).hexdigest()[:24])
    return Mail(key, message.as_bytes(), origin, recipients, identity, at.date(), international)


def _header(address: str, name: str = "") -> Header:
    user, _, domain = address.rpartition("@")
    return Header(_IN_HEADER.sub(" ", name).strip(), user, domain)


def _name_parts(message: MIMEPart, digest: str) -> None:
    """Boundaries from the key: Python's own are random, and the bytes would differ from try to try."""
    for number, part in enumerate(part for part in message.walk() if part.is_multipart()):
        part.set_boundary(f"={digest}.{number}=")
