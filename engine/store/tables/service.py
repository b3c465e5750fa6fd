"""What the service keeps of itself: who runs it, which policies are live, what it warns of, what came in by itself."""

from __future__ import annotations

import sqlalchemy as sa

from engine.store.tables.base import company_column, metadata

# One daemon works, others wait. `owner` is a name of `store.owner`, whose lock proves that its process lives.
lease = sa.Table(
    "lease",
    metadata,
    company_column(key=True),
    sa.Column("name", sa.String, primary_key=True),  # daemon
    sa.Column("owner", sa.String, nullable=False),
    sa.Column("host", sa.String, nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("since", sa.String, nullable=False),
    sa.Column("beat", sa.String, nullable=False),  # the last tick
    sa.Column("doing", sa.Text, nullable=False, server_default=""),  # what it is at, in words
)

# The policies and templates as they were when somebody made them live, and those that wait for a second person.
release = sa.Table(
    "release",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    company_column(),
    sa.Column("hash", sa.String, nullable=False),  # of all texts
    sa.Column("book", sa.String),  # of the policies among them; null: they cannot be read
    sa.Column("texts", sa.Text, nullable=False),  # JSON: path from the workspace → text
    sa.Column("state", sa.String, nullable=False),  # staged, live, replaced, declined, withdrawn, broken
    sa.Column("problems", sa.Text, nullable=False, server_default="[]"),  # JSON: sentences with their places
    sa.Column("staged_at", sa.String, nullable=False),
    sa.Column("staged_by", sa.String, nullable=False),
    sa.Column("live_at", sa.String),
    sa.Column("live_by", sa.String),
    sa.Column("ended_at", sa.String),
    sa.Column("because", sa.Text, nullable=False, server_default=""),
    sa.Index(None, "company", "state"),
)

# One row for each thing that is wrong, for as long as it is; `told_at` is when people last heard of it.
alarm = sa.Table(
    "alarm",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    company_column(),
    sa.Column("kind", sa.String, nullable=False),  # uncertain, silent, feed, policies, disk, invariant, …
    sa.Column(
        "about", sa.String, nullable=False, server_default=""
    ),  # which of its kind: a key, a feed, a file
    sa.Column("sentence", sa.Text, nullable=False),
    sa.Column("first_at", sa.String, nullable=False),
    sa.Column("last_at", sa.String, nullable=False),
    sa.Column("times", sa.Integer, nullable=False, server_default="1"),
    sa.Column("told_at", sa.String),
    sa.Column("told", sa.Integer, nullable=False, server_default="0"),  # how often
    sa.Column("quiet", sa.Text, nullable=False, server_default=""),  # why nobody is to be told again
    sa.Column("cleared_at", sa.String),
    sa.Index(None, "company", "kind", "about"),
)

# Where ledgers come from by themselves, and how fresh each is.
feed = sa.Table(
    "feed",
    metadata,
    company_column(key=True),
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("tried_at", sa.String),
    sa.Column("taken_at", sa.String),  # the last time that something was taken in whole
    sa.Column("as_of", sa.Date),
    sa.Column("file", sa.Integer),  # of ledger_file
    sa.Column("sentence", sa.Text, nullable=False, server_default=""),  # what came of the last try
    sa.Column("failed", sa.Integer, nullable=False, server_default="0"),  # times in a row
)

# The version of the last word that another program has said on a document; "" as document is the customer itself.
pushed = sa.Table(
    "pushed",
    metadata,
    company_column(key=True),
    sa.Column("account", sa.String, primary_key=True),
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("event", sa.String, nullable=False),
)

# Mail that came back: once each, by its Message-ID. The words of people stay here and not in the journal.
received = sa.Table(
    "received",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    company_column(),
    sa.Column("message_id", sa.String, nullable=False),  # or the checksum of a message that has none
    sa.Column("at", sa.String, nullable=False),
    sa.Column("kind", sa.String, nullable=False),  # bounce, delayed, automatic, reply, own, unknown
    sa.Column("account", sa.String),  # null: nothing of ours that it answers
    sa.Column("action", sa.String),  # the key of the message that it answers
    sa.Column("sender", sa.String, nullable=False, server_default=""),
    sa.Column("subject", sa.Text, nullable=False, server_default=""),
    sa.Column("text", sa.Text, nullable=False, server_default=""),
    sa.Column("words", sa.Text, nullable=False, server_default=""),  # what a person wrote themselves
    sa.Column("status", sa.String, nullable=False, server_default=""),  # of a bounce: 5.1.1
    sa.Column(
        "mailbox", sa.String, nullable=False, server_default=""
    ),  # where it lay: folder, uidvalidity, uid
    sa.UniqueConstraint("company", "message_id"),
    sa.Index(None, "company", "account"),
)
