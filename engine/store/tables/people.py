"""Who works here, how they sign in, and where they are signed in. Of a password, link or session only a hash is kept."""

from __future__ import annotations

import sqlalchemy as sa

from engine.store.tables.base import company_column, metadata

person = sa.Table(
    "person",
    metadata,
    company_column(key=True),
    sa.Column("id", sa.String, primary_key=True),  # what an account's owner column holds, and the journal
    sa.Column("name", sa.String, nullable=False),
    sa.Column("roles", sa.Text, nullable=False),  # JSON
    sa.Column("email", sa.String),
    sa.Column("phone", sa.String, nullable=False, server_default=""),
    sa.Column("calls", sa.Integer),  # what a day of theirs takes; null: no own limit
    sa.Column("letters", sa.Integer),
    sa.Column("zone", sa.String),
    sa.Column("since", sa.String, nullable=False),
    sa.Column("by", sa.String, nullable=False),
    sa.Column("ended_at", sa.String),  # null: works here
    sa.Column("password", sa.String),  # argon2; null: does not sign in with one
    sa.Column("password_at", sa.String),
    sa.Column("subject", sa.String),  # who an identity provider says that they are
)

# A link that lets one person in once, to choose a password. Without a person whoever opens it says who they are.
invitation = sa.Table(
    "invitation",
    metadata,
    sa.Column("token", sa.String, primary_key=True),  # its SHA-256
    company_column(),
    sa.Column("person", sa.String),
    sa.Column("at", sa.String, nullable=False),
    sa.Column("by", sa.String, nullable=False),
    sa.Column("until", sa.String, nullable=False),
    sa.Column("used_at", sa.String),  # or taken back
)

session = sa.Table(
    "session",
    metadata,
    sa.Column("token", sa.String, primary_key=True),  # its SHA-256
    sa.Column("number", sa.String, nullable=False, unique=True),  # by which others speak of it
    company_column(),
    sa.Column("person", sa.String, nullable=False),
    sa.Column("how", sa.String, nullable=False),  # password, link, proxy, identity provider
    sa.Column("csrf", sa.String, nullable=False),
    sa.Column("began_at", sa.String, nullable=False),
    sa.Column("seen_at", sa.String, nullable=False),
    sa.Column("until", sa.String, nullable=False),
    sa.Column("ended_at", sa.String),
    sa.Column("agent", sa.String, nullable=False, server_default=""),  # the browser, as it calls itself
    sa.Column("address", sa.String, nullable=False, server_default=""),
    sa.Index(None, "company", "person"),
)

# Wrong passwords in a row, by the name that was tried and by the address that it came from.
guess = sa.Table(
    "guess",
    metadata,
    company_column(key=True),
    sa.Column("whom", sa.String, primary_key=True),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("at", sa.String, nullable=False),
    sa.Column("until", sa.String),  # before then nothing is tried
)

# Forms that were taken: a second press, or a line that broke, does nothing twice.
form = sa.Table(
    "form",
    metadata,
    sa.Column("mark", sa.String, primary_key=True),
    company_column(),
    sa.Column("at", sa.String, nullable=False),
)
