"""What was decided and done: episodes, runs, actions, marks, approvals, messages."""

from __future__ import annotations

import sqlalchemy as sa

from engine.store.tables.base import company_column, metadata, some_of
from engine.store.words import COMPANY, UNDER_WAY

episode = sa.Table(
    "episode",
    metadata,
    sa.Column("company", sa.String, primary_key=True, server_default=COMPANY),
    sa.Column("account", sa.String, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("started", sa.Date, nullable=False),
    sa.Column("ended", sa.Date),
    sa.Column("home", sa.String),
    sa.Column("ended_because", sa.String),
)

# To which side of a comparison an account was drawn, once and for good; `stratum` is what it was alike in to those of
# its urn, `episode` the one that began.
assignment = sa.Table(
    "assignment",
    metadata,
    sa.Column("company", sa.String, primary_key=True, server_default=COMPANY),
    sa.Column("split", sa.String, primary_key=True),
    sa.Column("account", sa.String, primary_key=True),
    sa.Column("side", sa.String, nullable=False),
    sa.Column("stratum", sa.String, nullable=False),
    sa.Column("episode", sa.Integer, nullable=False),
    sa.Column("on", sa.Date, nullable=False),
    sa.Index(None, "company", "account"),
)

book = sa.Table(
    "book",
    metadata,
    sa.Column("hash", sa.String, primary_key=True),
    sa.Column("texts", sa.Text, nullable=False),  # JSON: file name → text
    sa.Column("first_used", sa.String, nullable=False),
)

run = sa.Table(
    "run",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    company_column(),
    sa.Column("policy_set", sa.String, nullable=False),
    sa.Column("business_date", sa.Date, nullable=False),
    sa.Column("state", sa.String, nullable=False),  # done, stopped
    sa.Column("book", sa.ForeignKey("book.hash"), nullable=False),
    sa.Column("as_of", sa.Date),  # of the ledger it decided on
    sa.Column("started", sa.String, nullable=False),
    sa.Column("finished", sa.String, nullable=False),
    sa.Column(
        "times", sa.Integer, nullable=False, server_default="1"
    ),  # how often it was asked for on that day
    sa.Column("counts", sa.Text, nullable=False),  # JSON
    sa.Column("seal", sa.String, nullable=False),  # the journal's hash when the run was committed
    sa.Column("seal_seq", sa.Integer, nullable=False),
    sa.UniqueConstraint("company", "policy_set", "business_date"),
)

# `time` counts how often the run was asked for on its day: the first evaluation is 1.
class_choice = sa.Table(
    "class_choice",
    metadata,
    sa.Column("run", sa.ForeignKey("run.id"), primary_key=True),
    sa.Column("time", sa.Integer, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("policy", sa.String),
    sa.Column("step", sa.String),
    sa.Column("verdict", sa.String, nullable=False),
    sa.Column("reason", sa.String, nullable=False),
    sa.Column("gate", sa.String),
    sa.Column("place", sa.String),  # file:line:column
    sa.Column("signature", sa.Text),  # JSON
)

# One row an account (an item, under `each: invoice`) of every run: doing nothing is kept like any other
# decision.
decision = sa.Table(
    "decision",
    metadata,
    sa.Column("account", sa.String, primary_key=True),
    sa.Column("run", sa.Integer, primary_key=True),
    sa.Column("time", sa.Integer, primary_key=True),
    sa.Column("item", sa.String, primary_key=True, server_default=""),
    sa.Column("class", sa.Integer, nullable=False),
    # On PostgreSQL the parts of a run write theirs before the run is there.
    sa.ForeignKeyConstraint(["run"], ["run.id"]).ddl_if(dialect="sqlite"),
    sqlite_with_rowid=False,
)

# What each evaluation has decided, part by part: a run that was made at once has one. `hash` is over the decisions of the
# accounts from `first` on, up to and without `before`, as the part has made them. Accounts that were decided once more
# when the run was sealed are a part of their own, the last: `again` is JSON with
#   accounts  which they are
#   instead   {part: [[account, item, class], …]}  what the parts had made of them
sealed_part = sa.Table(
    "sealed_part",
    metadata,
    sa.Column("run", sa.ForeignKey("run.id"), primary_key=True),
    sa.Column("time", sa.Integer, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("first", sa.String),
    sa.Column("before", sa.String),
    sa.Column("order", sa.String, nullable=False),  # a mark of how the database orders names
    sa.Column("hash", sa.String, nullable=False),
    sa.Column("again", sa.Text),
)

# The key is defined in `runs.action_key`. `detail` is JSON with, as far as they apply:
#   marks    [[item, step], …]  marked as taken when the action is taken
#   passed   [[item, step], …]  marked as passed over at the same moment
#   items    [[item, open], …]  what the message lists, minor units
#   aside    [[item, open, why], …]  listed apart
#   people   {"to": …, "from": …, "notify": …}
#   template, script, what, value   what to render or do
# What followed a call also has:
#   call     the call's number
#   ask_for, number  whom at the customer to ask for, and their direct number
#   story    what they told
#   promise, plan, concessions  what was agreed; once a promise is settled, what hangs on it ends
#   despite  why an item may be set aside (disputed, promised, planned) and still be spoken of
#   address  where a message goes in place of the contact's own
#   checklist, resources  what to go through with the customer
#   effective   the day from which terms, a hold or the way back hold; `change` what a notice says of them
#   reason, because, by, review   of terms and holds; `lifts` the restriction that the action takes back
action = sa.Table(
    "action",
    metadata,
    sa.Column("key", sa.String, primary_key=True),
    company_column(),
    sa.Column("account", sa.String, nullable=False),
    sa.Column("episode", sa.Integer, nullable=False),
    sa.Column("policy", sa.String, nullable=False),
    sa.Column("step", sa.String, nullable=False),
    sa.Column("item", sa.String, nullable=False),  # the oldest item newly marked
    sa.Column("each", sa.SmallInteger, nullable=False, server_default="0"),  # 1 under `each: invoice`
    sa.Column("occurrence", sa.Integer, nullable=False),
    sa.Column("event", sa.Date),  # the day of the event a policy with `start:` counts from
    sa.Column(
        "kind", sa.String, nullable=False
    ),  # call, email, letter, statement, terms, hold, hand off, task, webhook
    sa.Column(
        "role", sa.String, nullable=False, server_default=""
    ),  # who calls, or the contact's role it goes to
    sa.Column("day", sa.Integer, nullable=False),  # the step's `day`; below 0 it is a courtesy
    sa.Column("tone", sa.SmallInteger, nullable=False, server_default="0"),  # Tone.rank of its template
    sa.Column("state", sa.String, nullable=False),
    sa.Column("reason", sa.String),  # why it waits, failed or was cancelled
    sa.Column("run", sa.Integer),
    sa.Column("on", sa.Date, nullable=False),  # the day it was decided
    sa.Column("since", sa.Date, nullable=False),  # the first day it waited in its present state
    sa.Column("not_before", sa.Date),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("amount", sa.BigInteger, nullable=False),  # what it asks for, in its own currency
    sa.Column("currency", sa.String, nullable=False),
    sa.Column("respond_by", sa.Date),
    sa.Column("person", sa.String),  # whose list it is on
    sa.Column("taken_on", sa.Date),
    sa.Column("taken_at", sa.String),
    sa.Column("detail", sa.Text, nullable=False, server_default="{}"),
    sa.Column("not_before_at", sa.String),  # of a call that is due at a time of day: the moment
    sa.Index(None, "company", "account", "episode"),
)
# What a run gives; a time of day comes with calls that follow an outcome.
ACTION_COLUMNS: tuple[str, ...] = tuple(
    column.name for column in action.columns if column.name != "not_before_at"
)

some_of("ix_action_under_way", action.c.company, action.c.account, where=sa.text(UNDER_WAY))

mark = sa.Table(
    "mark",
    metadata,
    sa.Column("company", sa.String, primary_key=True, server_default=COMPANY),
    sa.Column("account", sa.String, primary_key=True),
    sa.Column("episode", sa.Integer, primary_key=True),
    sa.Column("policy", sa.String, primary_key=True),
    sa.Column("item", sa.String, primary_key=True),
    sa.Column("step", sa.String, primary_key=True),
    sa.Column("event", sa.String, primary_key=True, server_default=""),  # a date in ISO form, or empty
    sa.Column("how", sa.String, nullable=False),  # taken, passed over
    sa.Column("on", sa.Date, nullable=False),
    sa.Column("action", sa.String),
    sqlite_with_rowid=False,
)

approval = sa.Table(
    "approval",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("action", sa.ForeignKey("action.key"), nullable=False),
    sa.Column("verdict", sa.String, nullable=False),  # approved, declined
    sa.Column("by", sa.String, nullable=False),
    sa.Column("at", sa.String, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),  # what was agreed to
    sa.Column("detail", sa.Text, nullable=False),  # as it was when agreed to
    sa.Column("because", sa.Text, nullable=False, server_default=""),
    sa.Index(None, "action"),
)

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("action", sa.ForeignKey("action.key"), nullable=False, unique=True),
    sa.Column("channel", sa.String, nullable=False),
    sa.Column(
        "state", sa.String, nullable=False
    ),  # pending, sending, retry, sent, failed, uncertain, cancelled
    sa.Column("payload", sa.Text, nullable=False),  # JSON
    sa.Column("not_before", sa.String),  # a moment
    sa.Column("attempt", sa.Integer, nullable=False, server_default="0"),
    sa.Column("owner", sa.String),
    sa.Column("fence", sa.Integer, nullable=False, server_default="0"),
    sa.Column("stage", sa.String),
    sa.Column("reason", sa.String),
    sa.Column("changed_at", sa.String),
    sa.Column("message_id", sa.String),  # of an e-mail, from the moment in which it may have left
)
# What a run gives for each message; `id` and what follows are the outbox's own.
OUTBOX_COLUMNS: tuple[str, ...] = ("action", "channel", "state", "payload", "not_before")

# Only what waits is in the index: with the state as a column of it a claim becomes slower with every message
# sent.
_PENDING = outbox.c.state.in_(["pending", "retry"])
some_of("ix_outbox_pending", outbox.c.id, where=_PENDING)
some_of("ix_outbox_sending", outbox.c.id, where=outbox.c.state == "sending")
some_of("ix_outbox_message_id", outbox.c.message_id, where=outbox.c.message_id.is_not(None))
some_of("ix_outbox_uncertain", outbox.c.id, where=outbox.c.state == "uncertain")
some_of("ix_outbox_failed", outbox.c.changed_at, where=outbox.c.state == "failed")

# Each message as it went out, or may have: what a try that certainly did not deliver has made stays too.
message_copy = sa.Table(
    "message_copy",
    metadata,
    sa.Column("action", sa.ForeignKey("action.key"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),  # from 1; a try that makes the same again adds none
    sa.Column("at", sa.String, nullable=False),
    sa.Column("media", sa.String, nullable=False),  # message/rfc822, application/pdf, application/json
    sa.Column("size", sa.Integer, nullable=False),  # bytes
    sa.Column("sha256", sa.String, nullable=False),  # empty once it is forgotten
    sa.Column("content", sa.LargeBinary),  # zlib; null: the outbox keeps it, or it is forgotten
    sa.Column(
        "text", sa.Text, nullable=False, server_default=""
    ),  # the words of a letter, of a forgotten message
    sa.Column("forgotten_on", sa.Date),
)
_KEPT = message_copy.c.forgotten_on.is_(None)
some_of("ix_message_copy_kept", message_copy.c.at, where=_KEPT)
