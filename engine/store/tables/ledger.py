"""The ledger as it was last seen: customers, whom to ask for there, items, payments, rates."""

from __future__ import annotations

import sqlalchemy as sa

from engine.store.tables.base import company_column, flag, metadata, some_of
from engine.store.words import COMPANY

ledger_file = sa.Table(
    "ledger_file",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    company_column(),
    sa.Column("sha256", sa.String, nullable=False),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("kind", sa.String, nullable=False),  # ledger, customers
    sa.Column("as_of", sa.Date),
    sa.Column("imported_at", sa.String, nullable=False),
    sa.Column("by", sa.String, nullable=False),
    sa.Column("rows", sa.Integer, nullable=False),
    sa.Column("summary", sa.Text, nullable=False),  # JSON: counts and totals as they were told
    sa.UniqueConstraint("company", "sha256"),
)

customer = sa.Table(
    "customer",
    metadata,
    sa.Column("company", sa.String, primary_key=True, server_default=COMPANY),
    sa.Column("account", sa.String, primary_key=True),
    sa.Column("name", sa.String, nullable=False, server_default=""),
    *(
        sa.Column(word, sa.String)
        for word in ("segment", "terms", "country", "language", "currency", "risk", "owner", "legal_form")
    ),
    *(sa.Column(word, sa.String) for word in ("industry", "status", "time_zone")),
    sa.Column("tags", sa.String),  # words with a line feed between them
    *(flag(name) for name in ("insolvent", "attorney", "natural_person", "strategic", "contract_supply")),
    sa.Column("credit_limit", sa.BigInteger),  # minor units of the house's currency
    sa.Column("opened", sa.Date),
    sa.Column("terms_changed", sa.Date),
    sa.Column("own", sa.Text),  # JSON: the workspace's own columns
)

contact = sa.Table(
    "contact",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    company_column(),
    sa.Column("account", sa.String, nullable=False),
    sa.Column("role", sa.String, nullable=False),  # accounts payable, principal, account owner
    sa.Column("name", sa.String, nullable=False, server_default=""),
    sa.Column("email", sa.String),
    sa.Column("phone", sa.String),
    flag("email_ok"),  # it has the form of an address that mail can go to, and none came back for good
    *(sa.Column(part, sa.String) for part in ("address", "postcode", "city", "country", "language")),
    flag("post_ok"),  # a letter can find it
    sa.Index(None, "company", "account"),
)

item = sa.Table(
    "item",
    metadata,
    sa.Column("company", sa.String, primary_key=True, server_default=COMPANY),
    sa.Column("account", sa.String, primary_key=True),
    sa.Column("item", sa.String, primary_key=True),
    sa.Column("kind", sa.String, nullable=False),  # invoice, debit_note, credit_note, payment, journal
    sa.Column("date", sa.Date),
    sa.Column("due", sa.Date, nullable=False),
    sa.Column("statement", sa.Date),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("open", sa.BigInteger, nullable=False),  # 0: settled
    sa.Column("currency", sa.String, nullable=False),
    sa.Column("rate", sa.Float),  # units of the house's currency for one of its own
    sa.Column("terms", sa.String),
    sa.Column("po", sa.String),
    sa.Column("reference", sa.String),
    sa.Column("text", sa.String),
    sa.Column("first_file", sa.Integer),
    sa.Column("last_file", sa.Integer),
    sa.Column("vanished_on", sa.Date),  # the date of the ledger that no longer had it
)
# What is still open: what every decision reads. A settled item never comes back into it unless a ledger
# brings it back.
some_of("ix_item_open", item.c.company, item.c.account, where=item.c.open != 0)

payment = sa.Table(
    "payment",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    company_column(),
    sa.Column("account", sa.String, nullable=False),
    sa.Column("item", sa.String),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.String, nullable=False),
    sa.Column("paid_on", sa.Date, nullable=False),
    sa.Column("days_late", sa.Integer),  # paid_on minus the item's due date
    flag("presumed"),  # no ledger said so; the item vanished or became smaller
    flag("reversed"),  # the item came back
    sa.Column("file", sa.Integer),
    sa.Index(None, "company", "account", "paid_on"),
    sa.Index(None, "company", "paid_on"),  # what came in since yesterday
)

rate = sa.Table(
    "rate",
    metadata,
    sa.Column("company", sa.String, primary_key=True, server_default=COMPANY),
    sa.Column("currency", sa.String, primary_key=True),
    sa.Column("on", sa.Date, primary_key=True),
    sa.Column("rate", sa.Float, nullable=False),  # units of the house's currency for one of it
)
