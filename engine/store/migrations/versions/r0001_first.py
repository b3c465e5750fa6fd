"""The first tables, and the guard of the journal: the database refuses to change or delete an entry."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_UNDER_WAY = sa.text(
    "state IN ('approved', 'awaiting approval', 'held address', 'no capacity', 'planned', 'proposed', "
    "'put back', 'retry', 'sending', 'uncertain')"
)
_SAYS = "the journal is only added to"


def upgrade() -> None:
    op.create_table(
        "action",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("company", sa.String(), server_default="main", nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("episode", sa.Integer(), nullable=False),
        sa.Column("policy", sa.String(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("each", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("occurrence", sa.Integer(), nullable=False),
        sa.Column("event", sa.Date(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("role", sa.String(), server_default="", nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("tone", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("run", sa.Integer(), nullable=True),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("not_before", sa.Date(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("respond_by", sa.Date(), nullable=True),
        sa.Column("person", sa.String(), nullable=True),
        sa.Column("taken_on", sa.Date(), nullable=True),
        sa.Column("taken_at", sa.String(), nullable=True),
        sa.Column("detail", sa.Text(), server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_action")),
    )
    op.create_index(
        op.f("ix_action_company_account_episode"), "action", ["company", "account", "episode"], unique=False
    )
    op.create_index(
        "ix_action_under_way",
        "action",
        ["company", "account"],
        unique=False,
        sqlite_where=_UNDER_WAY,
        postgresql_where=_UNDER_WAY,
    )
    op.create_table(
        "book",
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("texts", sa.Text(), nullable=False),
        sa.Column("first_used", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_book")),
    )
    op.create_table(
        "call",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company", sa.String(), server_default="main", nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("reached", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("spoken_with", sa.String(), nullable=True),
        sa.Column("answers", sa.Text(), server_default="{}", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call")),
    )
    op.create_index(op.f("ix_call_company_account_on"), "call", ["company", "account", "on"], unique=False)
    op.create_table(
        "contact",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company", sa.String(), server_default="main", nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("name", sa.String(), server_default="", nullable=False),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("email_ok", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("address", sa.String(), nullable=True),
        sa.Column("postcode", sa.String(), nullable=True),
        sa.Column("city", sa.String(), nullable=True),
        sa.Column("country", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("post_ok", sa.SmallInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact")),
    )
    op.create_index(op.f("ix_contact_company_account"), "contact", ["company", "account"], unique=False)
    op.create_table(
        "customer",
        sa.Column("company", sa.String(), server_default="main", nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("name", sa.String(), server_default="", nullable=False),
        sa.Column("segment", sa.String(), nullable=True),
        sa.Column("terms", sa.String(), nullable=True),
        sa.Column("country", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("currency", sa.String(), nullable=True),
        sa.Column("risk", sa.String(), nullable=True),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("legal_form", sa.String(), nullable=True),
        sa.Column("industry", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=True),
        sa.Column("time_zone", sa.String(), nullable=True),
        sa.Column("tags", sa.String(), nullable=True),
        sa.Column("insolvent", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("attorney", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("natural_person", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("strategic", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("contract_supply", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("credit_limit", sa.BigInteger(), nullable=True),
        sa.Column("opened", sa.Date(), nullable=True),
        sa.Column("terms_changed", sa.Date(), nullable=True),
        sa.Column("own", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("company", "account", name=op.f("pk_customer")),
    )
    op.create_table(
        "dispute",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company", sa.String(), server_default="main", nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("opened", sa.Date(), nullable=False),
        sa.Column("closed", sa.Date(), nullable=True),
        sa.Column("closed_for", sa.String(), nullable=True),
        sa.Column("opened_by", sa.String(), nullable=False),
        sa.Column("closed_by", sa.String(), nullable=True),
        sa.Column("file", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispute")),
    )
    op.create_index(
        op.f("ix_dispute_company_account_item"), "dispute", ["company", "account", "item"], unique=False
    )
    op.create_table(
        "episode",
        sa.Column("company", sa.String(), server_default="main", nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("started", sa.Date(), nullable=False),
        sa.Column("ended", sa.Date(), nullable=True),
        sa.Column("home", sa.String(), nullable=True),
        sa.Column("ended_because", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("company", "account", "number", name=op.f("pk_episode")),
    )
    op.create_table(
        "item",
        sa.Column("company", sa.String(), server_default="main", nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("date", sa.Date(), nullable=True),
        sa.Column("due", sa.Date(), nullable=False),
        sa.Column("statement", sa.Date(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("open", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("rate", sa.Float(), nullable=True),
        sa.Column("terms", sa.String(), nullable=True),
        sa.Column("po", sa.String(), nullable=True),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("text", sa.String(), nullable=True),
        sa.Column("first_file", sa.Integer(), nullable=True),
        sa.Column("last_file", sa.Integer(), nullable=True),
        sa.Column("vanished_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("company", "account", "item", name=op.f("pk_item")),
    )
    op.create_index(
        "ix_item_open",
        "item",
        ["company", "account"],
        unique=False,
        sqlite_where=sa.text("open != 0"),
        postgresql_where=sa.text("open != 0"),
    )
    op.create_table(
        "journal",
        sa.Column("stream", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("prev", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("stream", "seq", name=op.f("pk_journal")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_journal_account"), "journal", ["account"], unique=False)
    op.create_table(
        "journal_head",
        sa.Column("stream", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("stream", name=op.f("pk_journal_head")),
    )
    op.create_table(
        "journal_person",
        sa.Column("stream", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("salt", sa.String(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("stream", "seq", "field", name=op.f("pk_journal_person")),
    )
    op.create_table(
        "ledger_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company", sa.String(), server_default="main", nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=True),
        sa.Column("imported_at", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_file")),
        sa.UniqueConstraint("company", "sha256", name=op.f("uq_ledger_file_company_sha256")),
    )
    op.create_table(
        "mark",
        sa.Column("company", sa.String(), server_default="main", nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("episode", sa.Integer(), nullable=False),
        sa.Column("policy", sa.String(), nullable=False),
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("event", sa.String(), server_default="", nullable=False),
        sa.Column("how", sa.String(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("action", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint(
            "company", "account", "episode", "policy", "item", "step", "event", name=op.f("pk_mark")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "note",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company", sa.String(), server_default="main", nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_note")),
    )
    op.create_index(op.f("ix_note_company_account"), "note", ["company", "account"], unique=False)
    op.create_table(
        "pause",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company", sa.String(), server_default="main", nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("kinds", sa.String(), server_default="", nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pause")),
    )
    op.create_index(op.f("ix_pause_company_account"), "pause", ["company", "account"], unique=False)
    op.create_table(
        "payment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company", sa.String(), server_default="main", nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("item", sa.String(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=False),
        sa.Column("days_late", sa.Integer(), nullable=True),
        sa.Column("presumed", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("reversed", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("file", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment")),
    )
    op.create_index(
        op.f("ix_payment_company_account_paid_on"), "payment", ["company", "account", "paid_on"], unique=False
    )
    op.create_table(
        "plan",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company", sa.String(), server_default="main", nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan")),
    )
    op.create_index(op.f("ix_plan_company_account"), "plan", ["company", "account"], unique=False)
    op.create_table(
        "promise",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company", sa.String(), server_default="main", nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("made_at", sa.String(), nullable=False),
        sa.Column("pays_on", sa.Date(), nullable=False),
        sa.Column("breaks_on", sa.Date(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("paid", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("settled_on", sa.Date(), nullable=True),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("said", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promise")),
    )
    op.create_index(op.f("ix_promise_company_account"), "promise", ["company", "account"], unique=False)
    op.create_table(
        "rate",
        sa.Column("company", sa.String(), server_default="main", nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("rate", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("company", "currency", "on", name=op.f("pk_rate")),
    )
    op.create_table(
        "setting",
        sa.Column("company", sa.String(), server_default="main", nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("company", "name", name=op.f("pk_setting")),
    )
    op.create_table(
        "approval",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("because", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["action"], ["action.key"], name=op.f("fk_approval_action")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval")),
    )
    op.create_index(op.f("ix_approval_action"), "approval", ["action"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("not_before", sa.String(), nullable=True),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("fence", sa.Integer(), server_default="0", nullable=False),
        sa.Column("stage", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("changed_at", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["action"], ["action.key"], name=op.f("fk_outbox_action")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("action", name=op.f("uq_outbox_action")),
    )
    op.create_index(
        "ix_outbox_pending",
        "outbox",
        ["id"],
        unique=False,
        sqlite_where=sa.text("state IN ('pending', 'retry')"),
        postgresql_where=sa.text("state IN ('pending', 'retry')"),
    )
    op.create_index(
        "ix_outbox_sending",
        "outbox",
        ["id"],
        unique=False,
        sqlite_where=sa.text("state = 'sending'"),
        postgresql_where=sa.text("state = 'sending'"),
    )
    op.create_table(
        "plan_item",
        sa.Column("plan", sa.Integer(), nullable=False),
        sa.Column("item", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["plan"], ["plan.id"], name=op.f("fk_plan_item_plan")),
        sa.PrimaryKeyConstraint("plan", "item", name=op.f("pk_plan_item")),
    )
    op.create_table(
        "promise_item",
        sa.Column("promise", sa.Integer(), nullable=False),
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("open", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["promise"], ["promise.id"], name=op.f("fk_promise_item_promise")),
        sa.PrimaryKeyConstraint("promise", "item", name=op.f("pk_promise_item")),
    )
    op.create_table(
        "run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company", sa.String(), server_default="main", nullable=False),
        sa.Column("policy_set", sa.String(), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("book", sa.String(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=True),
        sa.Column("started", sa.String(), nullable=False),
        sa.Column("finished", sa.String(), nullable=False),
        sa.Column("times", sa.Integer(), server_default="1", nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("seal", sa.String(), nullable=False),
        sa.Column("seal_seq", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["book"], ["book.hash"], name=op.f("fk_run_book")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run")),
        sa.UniqueConstraint(
            "company", "policy_set", "business_date", name=op.f("uq_run_company_policy_set_business_date")
        ),
    )
    op.create_table(
        "class_choice",
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("time", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("policy", sa.String(), nullable=True),
        sa.Column("step", sa.String(), nullable=True),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("gate", sa.String(), nullable=True),
        sa.Column("place", sa.String(), nullable=True),
        sa.Column("signature", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["run"], ["run.id"], name=op.f("fk_class_choice_run")),
        sa.PrimaryKeyConstraint("run", "time", "number", name=op.f("pk_class_choice")),
    )
    op.create_table(
        "decision",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("time", sa.Integer(), nullable=False),
        sa.Column("item", sa.String(), server_default="", nullable=False),
        sa.Column("class", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["run"], ["run.id"], name=op.f("fk_decision_run")),
        sa.PrimaryKeyConstraint("account", "run", "time", "item", name=op.f("pk_decision")),
        sqlite_with_rowid=False,
    )

    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"""CREATE FUNCTION journal_is_kept() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION '{_SAYS}'; END $$"""
        )
        op.execute(
            "CREATE TRIGGER journal_is_kept BEFORE UPDATE OR DELETE ON journal "
            "FOR EACH ROW EXECUTE FUNCTION journal_is_kept()"
        )
    else:
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER journal_no_{change.lower()} BEFORE {change} ON journal "
                f"BEGIN SELECT RAISE(ABORT, '{_SAYS}'); END"
            )
