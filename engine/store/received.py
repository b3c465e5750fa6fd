"""Mail that came back, in the database: each message once, which of ours it answers, and how far the mailbox is read.

Functions work inside the caller's transaction. Light: a process that only waits asks `due`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.settings import Workspace
from engine.store import bulk, noted
from engine.store.moments import moment_text
from engine.store.tables import COMPANY, action, contact, outbox, received, setting

EVERY = timedelta(minutes=5)
AFTER_REFUSAL = timedelta(hours=1)  # so that no wrong password locks the account
_PLACE = "inbox"


@dataclass(frozen=True, slots=True)
class Mail:
    """A message that came back, as it is kept. `account` and `action` are None where it answers nothing of ours."""

    id: int
    message_id: str
    at: datetime
    kind: str
    account: str | None
    action: str | None
    sender: str
    subject: str
    text: str
    words: str  # of a person: what they wrote themselves
    status: str


@dataclass(frozen=True, slots=True)
class Ours:
    """A message of ours: its action's key, and the addresses it went to, in small letters."""

    key: str
    account: str
    state: str
    amount: int
    currency: str
    recipients: frozenset[str]


@dataclass(frozen=True, slots=True)
class Place:
    """How far a mailbox is read: it is `mailbox`, its numbers hold under `validity`, and `uid` was the last.

    `failed` counts visits in a row that could not be made, `until` is before which none is, `more` that some are left.
    """

    mailbox: str = ""
    validity: int = 0
    uid: int = 0
    tried: datetime | None = None
    read: datetime | None = None
    failed: int = 0
    until: datetime | None = None
    more: bool = False


def due(conn: Connection, files: Workspace, now: datetime) -> bool:
    """Whether the mailbox is to be read: every five minutes, an hour after a refusal, at once where some are left."""
    if not files.settings.inbox.host:
        return False
    at = place(conn)
    if at.until is not None and now < at.until <= now + AFTER_REFUSAL:
        return False
    # A moment of the future is of a clock that was wrong.
    return at.more or at.tried is None or not now - EVERY < at.tried <= now


def place(conn: Connection, company: str = COMPANY) -> Place:
    """How far the mailbox is read."""
    found = noted.of(conn, _PLACE, company)
    told: dict[str, Any] = json.loads(found) if found else {}
    moments = {
        name: datetime.fromisoformat(told[name]) for name in ("tried", "read", "until") if told.get(name)
    }
    return Place(**{**told, "tried": None, "read": None, "until": None, **moments})


def put(conn: Connection, at: Place, company: str = COMPANY) -> None:
    """Write down how far it is read."""
    told = {name: moment_text(one) if isinstance(one, datetime) else one for name, one in asdict(at).items()}
    row = {"company": company, "name": _PLACE, "value": json.dumps(told)}
    insert = bulk.inserting(conn, setting).values(row)
    conn.execute(
        insert.on_conflict_do_update(index_elements=["company", "name"], set_={"value": row["value"]})
    )


def status(conn: Connection, files: Workspace) -> tuple[str, ...]:
    """How the mailbox is, in a line for people; nothing where none is read."""
    if not files.settings.inbox.host:
        return ()
    at = place(conn)
    when = f"read {at.read:%Y-%m-%d %H:%M} UTC" if at.read else "never read yet"
    failed = (
        f"; the last {at.failed} visits failed" if at.failed > 1 else "; the last visit failed" * at.failed
    )
    return (f"mailbox {files.settings.inbox.user}: {when}{failed}{'; more is waiting there' * at.more}",)


def known(conn: Connection, ids: Collection[str], company: str = COMPANY) -> dict[str, str | None]:
    """Those of these messages that were read before, with the account of each."""
    query = sa.select(received.c.message_id, received.c.account)
    query = query.where(received.c.company == company, received.c.message_id.in_(list(ids)))
    return {row.message_id: row.account for row in conn.execute(query)}


def keep(conn: Connection, mail: dict[str, Any], company: str = COMPANY) -> int | None:
    """Keep a message; its number, or None where another has kept it already."""
    insert = bulk.inserting(conn, received).values(company=company, **mail).on_conflict_do_nothing()
    found: int | None = conn.execute(insert.returning(received.c.id)).scalar()
    return found


def ours(conn: Connection, ids: Sequence[str], company: str = COMPANY) -> Ours | None:
    """The message of ours with the first of these Message-IDs that is one."""
    if not ids:
        return None
    query = (
        sa.select(
            outbox.c.message_id,
            outbox.c.action,
            outbox.c.state,
            outbox.c.payload,
            action.c.account,
            action.c.amount,
            action.c.currency,
        )
        .join_from(outbox, action, action.c.key == outbox.c.action)
        .where(outbox.c.message_id.in_(list(ids)), action.c.company == company)
    )
    found = {row.message_id: row for row in conn.execute(query)}
    for name in ids:
        if row := found.get(name):
            payload = json.loads(row.payload)
            to = {*payload.get("kept", {}).get("recipients", ()), *payload.get("reached", ())}
            to |= {answer["address"] for answer in payload.get("answers", ())}
            low = frozenset(address.lower() for address in to)
            return Ours(row.action, row.account, row.state, row.amount, row.currency, low)
    return None


def accounts_of(conn: Connection, senders: Collection[str], company: str = COMPANY) -> dict[str, set[str]]:
    """address in small letters → the accounts that have it as a contact's. One look through all contacts."""
    if not senders:
        return {}
    low = sa.func.lower(contact.c.email)
    query = sa.select(low, contact.c.account).where(contact.c.company == company, low.in_(sorted(senders)))
    found: dict[str, set[str]] = {}
    for address, account in conn.execute(query.distinct()):
        found.setdefault(address, set()).add(account)
    return found


def addresses_of(conn: Connection, account: str, company: str = COMPANY) -> list[tuple[int, str, bool]]:
    """(number, address in small letters, whether mail may go to it) of each contact of an account that has one."""
    mine = (contact.c.company == company, contact.c.account == account, contact.c.email.is_not(None))
    rows = conn.execute(sa.select(contact.c.id, contact.c.email, contact.c.email_ok).where(*mine))
    return [(number, email.lower(), ok == 1) for number, email, ok in rows]


def flag(conn: Connection, numbers: Collection[int]) -> None:
    """The addresses of these contacts do not work, until the customer master names others."""
    conn.execute(sa.update(contact).where(contact.c.id.in_(list(numbers))).values(email_ok=0))


def forget_strangers(conn: Connection, before: datetime, company: str = COMPANY) -> int:
    """Forget what came before a moment and was about none of our accounts. How many messages that were."""
    theirs = (
        received.c.company == company,
        received.c.account.is_(None),
        received.c.at < moment_text(before),
    )
    return int(conn.execute(sa.delete(received).where(*theirs)).rowcount)


def recent(
    conn: Connection,
    limit: int = 50,
    *,
    account: str | None = None,
    unmatched: bool = False,
    company: str = COMPANY,
) -> list[Mail]:
    """What came back, the latest first; of one account, or only what nobody could be matched to."""
    query = _MAILS.where(received.c.company == company)
    if account is not None:
        query = query.where(received.c.account == account)
    if unmatched:
        query = query.where(received.c.account.is_(None), received.c.kind.in_(["reply", "unknown"]))
    return [_mail(row) for row in conn.execute(query.order_by(received.c.id.desc()).limit(limit))]


def find(conn: Connection, number: int, company: str = COMPANY) -> Mail | None:
    """The message with this number."""
    row = conn.execute(_MAILS.where(received.c.company == company, received.c.id == number)).first()
    return None if row is None else _mail(row)


_MAILS = sa.select(
    received.c.id,
    received.c.message_id,
    received.c.at,
    received.c.kind,
    received.c.account,
    received.c.action,
    received.c.sender,
    received.c.subject,
    received.c.text,
    received.c.words,
    received.c.status,
)


def _mail(row: Any) -> Mail:
    told = dict(row._mapping)
    return Mail(**{**told, "at": datetime.fromisoformat(told["at"])})
