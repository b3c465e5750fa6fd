"""What Dunwell keeps: the ledger as it was last seen, what people said, and all that was decided and done.

Days are dates of the customer, moments are UTC and kept as text in ISO form, which sorts. Money is integer
minor units of the row's own currency. JSON is text. The same tables live in SQLite and in PostgreSQL.
"""

from __future__ import annotations

from enum import StrEnum

import sqlalchemy as sa

COMPANY = "main"

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class ActionState(StrEnum):
    """What has become of an action."""

    PROPOSED = "proposed"  # decided by a part of a run that is not sealed yet
    NO_CAPACITY = "no capacity"  # waits for room in a day
    HELD_ADDRESS = "held address"  # waits for a person to find an address
    AWAITING_APPROVAL = "awaiting approval"
    APPROVED = "approved"  # goes at the next opportunity if it is still due
    PLANNED = "planned"  # a call or task: on the list; a message: in the outbox
    PUT_BACK = "put back"  # a call that reached nobody, to be tried again on `not_before`
    SENDING = "sending"
    RETRY = "retry"
    UNCERTAIN = "uncertain"  # may or may not have been sent; a person must say
    SENT = "sent"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    PASSED_OVER = "passed over"
    DECLINED = "declined"

    @property
    def waiting(self) -> bool:
        """Nothing has left the house yet, so a later decision may still change what it says."""
        return self in WAITING


WAITING = frozenset(
    {
        ActionState.PROPOSED,
        ActionState.NO_CAPACITY,
        ActionState.HELD_ADDRESS,
        ActionState.AWAITING_APPROVAL,
        ActionState.APPROVED,
    }
)
# What an episode's end, or a refusal, can still stop.
OPEN = WAITING | {ActionState.PLANNED, ActionState.PUT_BACK, ActionState.RETRY}
# It ended without reaching anybody, so the same step may be asked again under a new number.
UNDONE = frozenset({ActionState.CANCELLED, ActionState.FAILED})
TAKEN = frozenset({ActionState.SENT, ActionState.DONE})

# The step under which the owner is told that a ladder is finished.
LADDER_FINISHED = "ladder finished"


def _company() -> sa.Column[str]:
    return sa.Column("company", sa.String, nullable=False, server_default=COMPANY)


def _flag(name: str) -> sa.Column[int]:
    """Yes or no as 1 or 0: the one form that both databases give back alike."""
    return sa.Column(name, sa.SmallInteger, nullable=False, server_default="0")


ledger_file = sa.Table(
    "ledger_file",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    _company(),
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
    *(_flag(name) for name in ("insolvent", "attorney", "natural_person", "strategic", "contract_supply")),
    sa.Column("credit_limit", sa.BigInteger),  # minor units of the house's currency
    sa.Column("opened", sa.Date),
    sa.Column("terms_changed", sa.Date),
    sa.Column("own", sa.Text),  # JSON: the workspace's own columns
)

contact = sa.Table(
    "contact",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    _company(),
    sa.Column("account", sa.String, nullable=False),
    sa.Column("role", sa.String, nullable=False),  # accounts payable, principal, account owner
    sa.Column("name", sa.String, nullable=False, server_default=""),
    sa.Column("email", sa.String),
    sa.Column("phone", sa.String),
    _flag("email_ok"),  # it has the form of an address that mail can go to, and none came back for good
    *(sa.Column(part, sa.String) for part in ("address", "postcode", "city", "country", "language")),
    _flag("post_ok"),  # a letter can find it
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
sa.Index(
    "ix_item_open",
    item.c.company,
    item.c.account,
    sqlite_where=item.c.open != 0,
    postgresql_where=item.c.open != 0,
)

payment = sa.Table(
    "payment",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    _company(),
    sa.Column("account", sa.String, nullable=False),
    sa.Column("item", sa.String),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.String, nullable=False),
    sa.Column("paid_on", sa.Date, nullable=False),
    sa.Column("days_late", sa.Integer),  # paid_on minus the item's due date
    _flag("presumed"),  # no ledger said so; the item vanished or became smaller
    _flag("reversed"),  # the item came back
    sa.Column("file", sa.Integer),
    sa.Index(None, "company", "account", "paid_on"),
)

rate = sa.Table(
    "rate",
    metadata,
    sa.Column("company", sa.String, primary_key=True, server_default=COMPANY),
    sa.Column("currency", sa.String, primary_key=True),
    sa.Column("on", sa.Date, primary_key=True),
    sa.Column("rate", sa.Float, nullable=False),  # units of the house's currency for one of it
)

promise = sa.Table(
    "promise",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    _company(),
    sa.Column("account", sa.String, nullable=False),
    sa.Column("made_on", sa.Date, nullable=False),
    sa.Column("made_at", sa.String, nullable=False),
    sa.Column("pays_on", sa.Date, nullable=False),
    sa.Column("breaks_on", sa.Date, nullable=False),  # the second open day after pays_on
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.String, nullable=False),
    sa.Column("state", sa.String, nullable=False),  # open, kept, partly, broken, replaced
    sa.Column("paid", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("settled_on", sa.Date),
    sa.Column("by", sa.String, nullable=False),
    sa.Column("said", sa.Text, nullable=False, server_default=""),
    sa.Index(None, "company", "account"),
)

promise_item = sa.Table(
    "promise_item",
    metadata,
    sa.Column("promise", sa.ForeignKey("promise.id"), primary_key=True),
    sa.Column("item", sa.String, primary_key=True),
    sa.Column("open", sa.BigInteger, nullable=False),  # what was open on it when it was promised
)

plan = sa.Table(
    "plan",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    _company(),
    sa.Column("account", sa.String, nullable=False),
    sa.Column("made_on", sa.Date, nullable=False),
    sa.Column("until", sa.Date, nullable=False),
    sa.Column("state", sa.String, nullable=False),  # kept, broken, ended
    sa.Column("by", sa.String, nullable=False),
    sa.Index(None, "company", "account"),
)

plan_item = sa.Table(
    "plan_item",
    metadata,
    sa.Column("plan", sa.ForeignKey("plan.id"), primary_key=True),
    sa.Column("item", sa.String, primary_key=True),
)

dispute = sa.Table(
    "dispute",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    _company(),
    sa.Column("account", sa.String, nullable=False),
    sa.Column("item", sa.String, nullable=False),
    sa.Column("reason", sa.String, nullable=False),
    sa.Column("opened", sa.Date, nullable=False),
    sa.Column("closed", sa.Date),
    sa.Column("closed_for", sa.String),  # customer, us
    sa.Column("opened_by", sa.String, nullable=False),
    sa.Column("closed_by", sa.String),
    sa.Column("file", sa.Integer),  # the ledger that flagged it; null: a person said so
    sa.Index(None, "company", "account", "item"),
)

pause = sa.Table(
    "pause",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    _company(),
    sa.Column("account", sa.String, nullable=False),
    sa.Column("kinds", sa.String, nullable=False, server_default=""),  # joined by ", "; empty: everything
    sa.Column("from_day", sa.Date, nullable=False),
    sa.Column("until", sa.Date),  # the last day; null: until somebody lifts it
    sa.Column("because", sa.Text, nullable=False),
    sa.Column("by", sa.String, nullable=False),
    sa.Index(None, "company", "account"),
)

call = sa.Table(
    "call",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    _company(),
    sa.Column("account", sa.String, nullable=False),
    sa.Column("action", sa.String),  # the key of the action it answers; null: a call nobody had asked for
    sa.Column("outcome", sa.String, nullable=False),
    _flag("reached"),
    sa.Column("spoken_with", sa.String),
    sa.Column("answers", sa.Text, nullable=False, server_default="{}"),  # JSON
    sa.Column("note", sa.Text, nullable=False, server_default=""),
    sa.Column("on", sa.Date, nullable=False),
    sa.Column("at", sa.String, nullable=False),
    sa.Column("by", sa.String, nullable=False),
    sa.Index(None, "company", "account", "on"),
)

note = sa.Table(
    "note",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    _company(),
    sa.Column("account", sa.String, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("at", sa.String, nullable=False),
    sa.Column("by", sa.String, nullable=False),
    sa.Index(None, "company", "account"),
)

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
    _company(),
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
    sa.Column("run", sa.Integer, sa.ForeignKey("run.id"), primary_key=True),
    sa.Column("time", sa.Integer, primary_key=True),
    sa.Column("item", sa.String, primary_key=True, server_default=""),
    sa.Column("class", sa.Integer, nullable=False),
    sqlite_with_rowid=False,
)

# The key is defined in `runs.action_key`. `detail` is JSON with, as far as they apply:
#   marks    [[item, step], …]  marked as taken when the action is taken
#   passed   [[item, step], …]  marked as passed over at the same moment
#   items    [[item, open], …]  what the message lists, minor units
#   aside    [[item, open, why], …]  listed apart
#   people   {"to": …, "from": …, "notify": …}
#   template, script, what, value   what to render or do
action = sa.Table(
    "action",
    metadata,
    sa.Column("key", sa.String, primary_key=True),
    _company(),
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
    sa.Index(None, "company", "account", "episode"),
)
ACTION_COLUMNS: tuple[str, ...] = tuple(column.name for column in action.columns)

# What somebody still has to do something about: few, however many are done. Queries name it as it stands
# here, since SQLite uses such an index only for the very same words.
UNDER_WAY = "state IN ({})".format(
    ", ".join(f"'{state}'" for state in sorted(OPEN | {ActionState.SENDING, ActionState.UNCERTAIN}))
)
sa.Index(
    "ix_action_under_way",
    action.c.company,
    action.c.account,
    sqlite_where=sa.text(UNDER_WAY),
    postgresql_where=sa.text(UNDER_WAY),
)

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
sa.Index("ix_outbox_pending", outbox.c.id, sqlite_where=_PENDING, postgresql_where=_PENDING)
sa.Index(
    "ix_outbox_sending",
    outbox.c.id,
    sqlite_where=outbox.c.state == "sending",
    postgresql_where=outbox.c.state == "sending",
)
sa.Index(
    "ix_outbox_message_id",
    outbox.c.message_id,
    sqlite_where=outbox.c.message_id.is_not(None),
    postgresql_where=outbox.c.message_id.is_not(None),
)
sa.Index(
    "ix_outbox_uncertain",
    outbox.c.id,
    sqlite_where=outbox.c.state == "uncertain",
    postgresql_where=outbox.c.state == "uncertain",
)
sa.Index(
    "ix_outbox_failed",
    outbox.c.changed_at,
    sqlite_where=outbox.c.state == "failed",
    postgresql_where=outbox.c.state == "failed",
)

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
