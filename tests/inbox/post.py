"""A house that mails by a server and reads what comes back, with the collection of messages that may."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from engine.jobs.inbox import read_inbox
from engine.jobs.verify import verify
from engine.store import alarms, database, received
from engine.store.history import history
from engine.store.tables import action, contact, outbox
from engine.store.tables import received as received_table
from tests.inbox.dovecot import Dovecot
from tests.jobs.world import HOUSE, House, moment

MAILS = Path(__file__).parent / "mails"
FORM = b"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@seller.example.com"
TWO = """
policy: Standard
clock: due date
steps:
  - day: 5
    email: friendly-reminder
  - day: 8
    letter: firm-reminder
  - day: 25
    call: collector
    script: first-call
"""
QUICK = HOUSE.replace("answer: 7 days", "answer: 1 day")
MON, TUE, THU = "2026-10-05", "2026-10-06", "2026-10-08"


@dataclass
class Post:
    """A house that mails by a server and reads its mailbox."""

    house: House
    dovecot: Dovecot
    user: str

    def came(self, *names: str, account: str = "ACME", change: Callable[[bytes], bytes] = bytes) -> None:
        """Messages of the collection, as answers to the last mail of the account."""
        self.dovecot.put(self.user, *(change(self.mail(name, account)) for name in names))

    def mail(self, name: str, account: str = "ACME") -> bytes:
        raw = (MAILS / f"{name}.eml").read_bytes()
        address = self.house.contacts[account]["email"].encode()
        return raw.replace(FORM, self.sent(account).strip("<>").encode()).replace(
            b"ap@acme.example.com", address
        )

    def sent(self, account: str = "ACME") -> str:
        query = sa.select(outbox.c.message_id).join(action, action.c.key == outbox.c.action)
        query = query.where(action.c.account == account, outbox.c.message_id.is_not(None))
        return str(self.house.rows(query.order_by(outbox.c.id.desc()))[0][0])

    def read(self, on: str = TUE, at: str = "09:00") -> list[str]:
        return read_inbox(self.house.ws, lambda: moment(on, at), threading.Event())

    def kept(self) -> list[tuple[str, str | None]]:
        query = sa.select(received_table.c.kind, received_table.c.account).order_by(received_table.c.id)
        return [(kind, account) for kind, account in self.house.rows(query)]

    def tasks(self, on: str = TUE) -> list[tuple[str, str]]:
        return [(one.account, one.step) for one in self.house.worklist(on)]

    def happened(self, account: str = "ACME") -> list[str]:
        def look(engine: sa.Engine) -> list[str]:
            with database.reading(engine) as conn:
                return [f"{one.kind} {one.text}" for one in history(conn, account)]

        return self.house.do(look)

    def broken(self) -> tuple[object, ...]:
        """What breaks a rule of the book; the chain of the journal is one of them."""

        def look(engine: sa.Engine) -> tuple[object, ...]:
            with database.reading(engine) as conn:
                return verify(conn).broken

        return self.house.do(look)

    def works(self, account: str = "ACME") -> list[int]:
        query = sa.select(contact.c.email_ok).where(contact.c.account == account).order_by(contact.c.id)
        return [ok for (ok,) in self.house.rows(query)]

    def due(self, on: str, at: str) -> bool:
        def look(engine: sa.Engine) -> bool:
            with database.reading(engine) as conn:
                return received.due(conn, self.house.ws.files, moment(on, at))

        return self.house.do(look)

    def alarms(self) -> list[str]:
        def look(engine: sa.Engine) -> list[str]:
            with database.reading(engine) as conn:
                return [one.sentence for one in alarms.standing(conn, alarms.INBOX)]

        return self.house.do(look)


def fill(house: House, *accounts: str) -> None:
    for account in accounts:
        house.owes(account, f"{account}-1", "2026-09-30")
        house.contact(account)
    house.import_customers()
    house.import_ledger(MON)


Make = Callable[..., Post]
