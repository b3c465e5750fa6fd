"""The programs that may ask for something, and what they were answered. Of a token only a hash is kept."""

from __future__ import annotations

import sqlalchemy as sa

from engine.store.tables.base import company_column, metadata

token = sa.Table(
    "token",
    metadata,
    company_column(key=True),
    sa.Column("name", sa.String, primary_key=True),  # its author in the journal: no other ever has it
    sa.Column("secret", sa.String, nullable=False, unique=True),  # its SHA-256
    sa.Column("scopes", sa.Text, nullable=False),  # JSON
    sa.Column("at", sa.String, nullable=False),
    sa.Column("by", sa.String, nullable=False),
    sa.Column("until", sa.String),  # null: until somebody ends it
    sa.Column("ended_at", sa.String),
    sa.Column("ended_by", sa.String),
    sa.Column("seen_at", sa.String),
)

# A request that was done: written down with what it did, and its answer right after. The same request is not done again.
answered = sa.Table(
    "answered",
    metadata,
    company_column(key=True),
    sa.Column("token", sa.String, primary_key=True),
    sa.Column("key", sa.String, primary_key=True),
    sa.Column("digest", sa.String, nullable=False),  # SHA-256 of what was asked for
    sa.Column("at", sa.String, nullable=False),
    sa.Column("answer", sa.Text),  # JSON; null: it was done, but the process ended before it could say so
)
