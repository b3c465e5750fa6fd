"""Runs that many workers make together: their parts, and what each part has come to, until the run is sealed."""

from __future__ import annotations

import sqlalchemy as sa

from engine.store.tables.base import company_column, metadata, some_of

DECIDING, SEALED, GIVEN_UP = "deciding", "sealed", "given up"

# One run under way a company. Nothing of it can be seen, or claimed, before it is sealed.
shared_run = sa.Table(
    "shared_run",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    company_column(),
    sa.Column("business_date", sa.Date, nullable=False),
    sa.Column("run", sa.Integer, nullable=False),  # the number that the run will have
    sa.Column("time", sa.Integer, nullable=False),  # how often its day will have been asked for
    sa.Column("state", sa.String, nullable=False),
    sa.Column("book", sa.ForeignKey("book.hash"), nullable=False),
    sa.Column(
        "settings", sa.String, nullable=False
    ),  # a hash of what the settings say that decisions rest on
    sa.Column("file", sa.Integer, nullable=False),  # the newest of ledger_file: what all parts are decided on
    sa.Column("moment", sa.String, nullable=False),  # that all parts are decided for
    sa.Column("agreed", sa.String, nullable=False, server_default=""),  # who lets a stopped run go
    sa.Column("parts", sa.Integer, nullable=False),
    sa.Column(
        "lots", sa.Text, nullable=False, server_default="[]"
    ),  # JSON: whom the day draws for a comparison
    sa.Column("begun_at", sa.String, nullable=False),
    sa.Column("ended_at", sa.String),
    sa.Column("because", sa.Text, nullable=False, server_default=""),  # why it was given up
    sa.Index(None, "run"),
)
_UNDER_WAY = shared_run.c.state == DECIDING
some_of("ix_shared_run_under_way", shared_run.c.company, unique=True, where=_UNDER_WAY)

# The accounts from `first` on, up to and without `before`. `head` is the last entry of the journal that it knew. `decided`
# is the hash of its decisions, as `sealed_part` will have it; `hash` is over all that it has written (`shared.Part`).
run_part = sa.Table(
    "run_part",
    metadata,
    sa.Column("shared_run", sa.ForeignKey("shared_run.id"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("first", sa.String),
    sa.Column("before", sa.String),
    sa.Column("worker", sa.String, nullable=False, server_default=""),  # who has decided it
    sa.Column("done_at", sa.String),
    sa.Column("head", sa.Integer),
    sa.Column("accounts", sa.Integer),
    sa.Column("contacts", sa.LargeBinary),  # what the whole day is put in order by: Arrow
    sa.Column("rows", sa.LargeBinary),  # what is written once the run is sealed: JSON, zlib
    sa.Column("decided", sa.String),
    sa.Column("hash", sa.String),
)

# The classes of a run under way: one number each, whichever part has met it first. `choice` is JSON, as it will be a
# row of `class_choice`; `digest` tells it from the others.
run_class = sa.Table(
    "run_class",
    metadata,
    sa.Column("shared_run", sa.ForeignKey("shared_run.id"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("digest", sa.String, nullable=False),
    sa.Column("choice", sa.Text, nullable=False),
    sa.UniqueConstraint("shared_run", "digest"),
)
