"""What people said and agreed: promises, plans, disputes, pauses, calls, notes."""

from __future__ import annotations

import sqlalchemy as sa

from engine.store.tables.base import company_column, flag, metadata

promise = sa.Table(
    "promise",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    company_column(),
    sa.Column("account", sa.String, nullable=False),
    sa.Column("made_on", sa.Date, nullable=False),
    sa.Column("made_at", sa.String, nullable=False),
    sa.Column("pays_on", sa.Date, nullable=False),
    sa.Column("breaks_on", sa.Date, nullable=False),  # by core.cases.promises.breaks_on
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.String, nullable=False),
    # open, kept, partly kept, broken, superseded, withdrawn
    sa.Column("state", sa.String, nullable=False),
    sa.Column("paid", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("settled_on", sa.Date),
    sa.Column("by", sa.String, nullable=False),
    sa.Column("said", sa.Text, nullable=False, server_default=""),
    sa.Column("kind", sa.String, nullable=False, server_default="payment"),  # payment, check, instalment
    sa.Column("spoken_with", sa.String),  # who at the customer gave it
    sa.Column("check_number", sa.String),
    sa.Column("mailed_on", sa.Date),  # of a cheque
    sa.Column("plan", sa.Integer),  # whose instalment it is, and which, from 1
    sa.Column("number", sa.Integer),
    sa.Column("call", sa.Integer),  # in which it was given
    sa.Column("because", sa.Text, nullable=False, server_default=""),  # why it was withdrawn
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
    company_column(),
    sa.Column("account", sa.String, nullable=False),
    sa.Column("made_on", sa.Date, nullable=False),
    sa.Column("until", sa.Date, nullable=False),
    sa.Column("state", sa.String, nullable=False),  # kept, broken, ended; awaiting approval, declined
    sa.Column("by", sa.String, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False, server_default="0"),  # of all instalments
    sa.Column("currency", sa.String),
    sa.Column("spoken_with", sa.String),
    sa.Column("because", sa.Text, nullable=False, server_default=""),
    sa.Column("approved_by", sa.String),  # where it needed somebody's yes
    sa.Column("ended_on", sa.Date),
    sa.Column("call", sa.Integer),
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
    company_column(),
    sa.Column("account", sa.String, nullable=False),
    sa.Column("item", sa.String, nullable=False),
    sa.Column("reason", sa.String, nullable=False),
    sa.Column("opened", sa.Date, nullable=False),
    sa.Column("closed", sa.Date),
    sa.Column("closed_for", sa.String),  # customer, us
    sa.Column("opened_by", sa.String, nullable=False),
    sa.Column("closed_by", sa.String),
    sa.Column("file", sa.Integer),  # the ledger that flagged it; null: a person said so
    sa.Column("amount", sa.BigInteger),  # what is contested of the item; null: all of it
    sa.Column("owner", sa.String),  # the role that answers it, and the person
    sa.Column("person", sa.String),
    sa.Column("answer_by", sa.Date),
    sa.Column("expected", sa.String),  # the credit note or return that would settle it
    sa.Column("said", sa.Text, nullable=False, server_default=""),  # in the customer's words
    sa.Column("result", sa.Text, nullable=False, server_default=""),
    sa.Column("call", sa.Integer),
    sa.Index(None, "company", "account", "item"),
)

pause = sa.Table(
    "pause",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    company_column(),
    sa.Column("account", sa.String, nullable=False),
    # joined by ", "; or one step, as “step NAME”; empty: everything
    sa.Column("kinds", sa.String, nullable=False, server_default=""),
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
    company_column(),
    sa.Column("account", sa.String, nullable=False),
    sa.Column("action", sa.String),  # the key of the action it answers; null: a call nobody had asked for
    sa.Column("outcome", sa.String, nullable=False),
    flag("reached"),
    sa.Column("spoken_with", sa.String),
    sa.Column("answers", sa.Text, nullable=False, server_default="{}"),  # JSON
    sa.Column("note", sa.Text, nullable=False, server_default=""),
    sa.Column("on", sa.Date, nullable=False),
    sa.Column("at", sa.String, nullable=False),
    flag("right_party"),  # somebody who can pay or decide was spoken with
    sa.Column("number", sa.String),  # the direct number of who was spoken with
    sa.Column("reason", sa.String),  # why payment has not been made: a value of core.cases.reasons
    sa.Column("horizon", sa.String),  # of hardship: short, long, unknown
    sa.Column("circumstance", sa.String),
    sa.Column("story", sa.Text, nullable=False, server_default=""),  # what the customer told
    flag("intention"),  # what we want was made clear
    sa.Column("option", sa.String),  # what the collector chose to follow
    sa.Column("follows", sa.Integer),  # the call before, of which this is the follow-up
    sa.Column("quality", sa.Text),  # JSON: the marks of somebody who reviewed the call
    sa.Column("by", sa.String, nullable=False),
    sa.Index(None, "company", "account", "on"),
    sa.Index(None, "company", "on"),  # who has made how many calls on a day
)

note = sa.Table(
    "note",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    company_column(),
    sa.Column("account", sa.String, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("at", sa.String, nullable=False),
    sa.Column("by", sa.String, nullable=False),
    sa.Column("kind", sa.String, nullable=False, server_default="note"),  # note, outside, industry
    sa.Column("topic", sa.String),  # of an industry note, which is of no account: the industry
    sa.Column("source", sa.String),  # of what came from outside, and of which day it is
    sa.Column("dated", sa.Date),
    sa.Index(None, "company", "account"),
)

# What a caller has typed and not yet logged: it is still there after a hang-up.
call_draft = sa.Table(
    "call_draft",
    metadata,
    company_column(key=True),
    sa.Column("account", sa.String, primary_key=True),
    sa.Column("by", sa.String, primary_key=True),
    sa.Column("answers", sa.Text, nullable=False),  # JSON
    sa.Column("since", sa.String, nullable=False),
    sa.Column("at", sa.String, nullable=False),
)

# What somebody learned of an account that the customer master does not say yet: insolvent, attorney, …
learned = sa.Table(
    "learned",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    company_column(),
    sa.Column("account", sa.String, nullable=False),
    sa.Column("field", sa.String, nullable=False),  # a yes/no field of the language
    sa.Column("value", sa.String, nullable=False),
    sa.Column("from_day", sa.Date, nullable=False),
    sa.Column("until", sa.Date),  # the last day on which it held; null: it holds
    sa.Column("because", sa.Text, nullable=False, server_default=""),
    sa.Column("by", sa.String, nullable=False),
    sa.Index(None, "company", "account"),
)

# How a customer, or one person or address there, wants to be reached, or not. A new master does not undo it.
contact_rule = sa.Table(
    "contact_rule",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    company_column(),
    sa.Column("account", sa.String, nullable=False),
    sa.Column("whom", sa.String, nullable=False, server_default=""),  # a name, number or address; empty: all
    sa.Column(
        "rule", sa.String, nullable=False
    ),  # no calls, email only, no contact, via attorney, wrong number
    sa.Column("from_day", sa.Date, nullable=False),
    sa.Column("until", sa.Date),
    sa.Column("because", sa.Text, nullable=False, server_default=""),
    sa.Column("by", sa.String, nullable=False),
    sa.Index(None, "company", "account"),
)

# New terms or a hold, from the request to the way back.
restriction = sa.Table(
    "restriction",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    company_column(),
    sa.Column("account", sa.String, nullable=False),
    sa.Column("kind", sa.String, nullable=False),  # terms, hold
    sa.Column("value", sa.String, nullable=False),
    sa.Column("before", sa.String),  # the terms of before
    sa.Column("reason", sa.String, nullable=False),  # a code of core.cases.restrictions
    sa.Column("state", sa.String, nullable=False),  # requested, in force, way back proposed, ended, refused
    sa.Column("action", sa.String),  # the key of the action that asked for it
    sa.Column("asked_on", sa.Date, nullable=False),
    sa.Column("confirmed_on", sa.Date),  # the ledger system says that it is so
    sa.Column("review_on", sa.Date),
    sa.Column("restore_after", sa.Integer, nullable=False, server_default="0"),  # clean months
    sa.Column("ended_on", sa.Date),
    sa.Column("ended_because", sa.Text, nullable=False, server_default=""),
    sa.Column("by", sa.String, nullable=False, server_default=""),
    sa.Column("approved_by", sa.String),
    sa.Index(None, "company", "account"),
)

# What each side gave for a solution, within what a role may give, or with somebody's yes.
concession = sa.Table(
    "concession",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    company_column(),
    sa.Column("account", sa.String, nullable=False),
    sa.Column("call", sa.Integer),
    sa.Column("side", sa.String, nullable=False),  # ours, theirs
    sa.Column("kind", sa.String, nullable=False),  # discount, days, waiver, return, release, other
    sa.Column("amount", sa.BigInteger),
    sa.Column("currency", sa.String),
    sa.Column("days", sa.Integer),
    sa.Column("text", sa.Text, nullable=False, server_default=""),
    sa.Column("state", sa.String, nullable=False),  # agreed, awaiting approval, declined
    sa.Column("on", sa.Date, nullable=False),
    sa.Column("at", sa.String, nullable=False),
    sa.Column("by", sa.String, nullable=False),
    sa.Column("approved_by", sa.String),
    sa.Index(None, "company", "account"),
)

# Interest and lump sums that were charged, each with its calculation. Nothing is charged twice.
charge = sa.Table(
    "charge",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    company_column(),
    sa.Column("account", sa.String, nullable=False),
    sa.Column("item", sa.String, nullable=False),
    sa.Column("pack", sa.String, nullable=False),
    sa.Column("kind", sa.String, nullable=False),  # interest, lump sum
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.String, nullable=False),
    sa.Column(
        "from_day", sa.Date, nullable=False
    ),  # the days of interest, both included; of a sum its day twice
    sa.Column("to_day", sa.Date, nullable=False),
    sa.Column("calculation", sa.Text, nullable=False),  # JSON: principal, rate, reference, days, formula
    sa.Column("on", sa.Date, nullable=False),
    sa.Column("at", sa.String, nullable=False),
    sa.Column("by", sa.String, nullable=False, server_default=""),
    sa.Column("action", sa.String),  # the message that said so
    sa.Column("waived_on", sa.Date),
    sa.Column("waived_by", sa.String),
    sa.Column("because", sa.Text, nullable=False, server_default=""),
    sa.UniqueConstraint("company", "account", "item", "kind", "from_day"),
)

# A guard that somebody has set aside for an account, for a reason on record.
guard_override = sa.Table(
    "guard_override",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    company_column(),
    sa.Column("account", sa.String, nullable=False),
    sa.Column("guard", sa.String, nullable=False),  # a name of core.cases.guards
    sa.Column("from_day", sa.Date, nullable=False),
    sa.Column("until", sa.Date, nullable=False),
    sa.Column("because", sa.Text, nullable=False),
    sa.Column("by", sa.String, nullable=False),
    sa.Index(None, "company", "account"),
)

# Days on which somebody of ours does not work.
absence = sa.Table(
    "absence",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    company_column(),
    sa.Column("person", sa.String, nullable=False),
    sa.Column("from_day", sa.Date, nullable=False),
    sa.Column("until", sa.Date, nullable=False),
    sa.Column("because", sa.Text, nullable=False, server_default=""),
    sa.Column("by", sa.String, nullable=False),
    sa.Index(None, "company", "person"),
)
