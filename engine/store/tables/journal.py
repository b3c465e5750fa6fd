"""The book of all that happened, what it keeps apart of people, and a few settings."""

from __future__ import annotations

import sqlalchemy as sa

from engine.store.tables.base import metadata, some_of
from engine.store.words import COMPANY

journal = sa.Table(
    "journal",
    metadata,
    sa.Column("stream", sa.String, primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True),
    sa.Column("at", sa.String, nullable=False),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("account", sa.String, nullable=False),
    sa.Column("body", sa.Text, nullable=False),  # JSON
    sa.Column("prev", sa.String, nullable=False),
    sa.Column("hash", sa.String, nullable=False),
    sa.Index(None, "account"),
    sqlite_with_rowid=False,
)

# The house's own entries that say something of others: few, found without a look at the rest. Queries name the kinds
# as they stand here, since SQLite uses such an index only for the very same words.
OF_THE_HOUSE = "kind IN ('seal', 'basis')"
some_of("ix_journal_house", journal.c.kind, journal.c.stream, journal.c.seq, where=sa.text(OF_THE_HOUSE))

journal_head = sa.Table(
    "journal_head",
    metadata,
    sa.Column("stream", sa.String, primary_key=True),
    sa.Column("seq", sa.Integer, nullable=False),
    sa.Column("hash", sa.String, nullable=False),
)

# Names and words of people. The journal has only their salted hash, so that a person can be forgotten and it
# still holds.
journal_person = sa.Table(
    "journal_person",
    metadata,
    sa.Column("stream", sa.String, primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True),
    sa.Column("field", sa.String, primary_key=True),
    sa.Column("salt", sa.String, nullable=False),
    sa.Column("value", sa.Text, nullable=False),
)

setting = sa.Table(
    "setting",
    metadata,
    sa.Column("company", sa.String, primary_key=True, server_default=COMPANY),
    sa.Column("name", sa.String, primary_key=True),  # "hold next run": why the next run must ask first
    sa.Column("value", sa.Text, nullable=False),
)
