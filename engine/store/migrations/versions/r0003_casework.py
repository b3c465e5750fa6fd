"""What casework keeps: calls and promises with all that was said, plans, disputes with their owners, holds and the way back.

And a copy of each message as it went out, and the seals of the journal.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "absence",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company", sa.String(), server_default="main", nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("because", sa.Text(), server_default="", nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absence")),
    )
    op.create_index(op.f("ix_absence_company_person"), "absence", ["company", "person"], unique=False)
    op.create_table(
        "call_draft",
        sa.Column("company", sa.String(), server_default="main", nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("answers", sa.Text(), nullable=False),
        sa.Column("since", sa.String(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("company", "account", "by", name=op.f("pk_call_draft")),
    )
    op.create_table(
        "charge",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company", sa.String(), server_default="main", nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("pack", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("to_day", sa.Date(), nullable=False),
        sa.Column("calculation", sa.Text(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("by", sa.String(), server_default="", nullable=False),
        sa.Column("action", sa.String(), nullable=True),
        sa.Column("waived_on", sa.Date(), nullable=True),
        sa.Column("waived_by", sa.String(), nullable=True),
        sa.Column("because", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_charge")),
        sa.UniqueConstraint(
            "company",
            "account",
            "item",
            "kind",
            "from_day",
            name=op.f("uq_charge_company_account_item_kind_from_day"),
        ),
    )
    op.create_table(
        "concession",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company", sa.String(), server_default="main", nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("call", sa.Integer(), nullable=True),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(), nullable=True),
        sa.Column("days", sa.Integer(), nullable=True),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("approved_by", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_concession")),
    )
    op.create_index(op.f("ix_concession_company_account"), "concession", ["company", "account"], unique=False)
    op.create_table(
        "contact_rule",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company", sa.String(), server_default="main", nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("whom", sa.String(), server_default="", nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("because", sa.Text(), server_default="", nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_rule")),
    )
    op.create_index(
        op.f("ix_contact_rule_company_account"), "contact_rule", ["company", "account"], unique=False
    )
    op.create_table(
        "guard_override",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company", sa.String(), server_default="main", nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("guard", sa.String(), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guard_override")),
    )
    op.create_index(
        op.f("ix_guard_override_company_account"), "guard_override", ["company", "account"], unique=False
    )
    op.create_table(
        "learned",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company", sa.String(), server_default="main", nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("because", sa.Text(), server_default="", nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_learned")),
    )
    op.create_index(op.f("ix_learned_company_account"), "learned", ["company", "account"], unique=False)
    op.create_table(
        "message_copy",
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("media", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.Column("forgotten_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["action"], ["action.key"], name=op.f("fk_message_copy_action")),
        sa.PrimaryKeyConstraint("action", "number", name=op.f("pk_message_copy")),
    )
    op.create_index(
        "ix_message_copy_kept",
        "message_copy",
        ["at"],
        unique=False,
        sqlite_where=sa.text("forgotten_on IS NULL"),
        postgresql_where=sa.text("forgotten_on IS NULL"),
    )
    op.create_index(
        "ix_journal_house",
        "journal",
        ["kind", "stream", "seq"],
        unique=False,
        sqlite_where=sa.text("kind IN ('seal', 'basis')"),
        postgresql_where=sa.text("kind IN ('seal', 'basis')"),
    )
    op.create_table(
        "restriction",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company", sa.String(), server_default="main", nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("before", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=True),
        sa.Column("asked_on", sa.Date(), nullable=False),
        sa.Column("confirmed_on", sa.Date(), nullable=True),
        sa.Column("review_on", sa.Date(), nullable=True),
        sa.Column("restore_after", sa.Integer(), server_default="0", nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("ended_because", sa.Text(), server_default="", nullable=False),
        sa.Column("by", sa.String(), server_default="", nullable=False),
        sa.Column("approved_by", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_restriction")),
    )
    op.create_index(
        op.f("ix_restriction_company_account"), "restriction", ["company", "account"], unique=False
    )
    op.add_column("action", sa.Column("not_before_at", sa.String(), nullable=True))
    op.add_column("call", sa.Column("right_party", sa.SmallInteger(), server_default="0", nullable=False))
    op.add_column("call", sa.Column("number", sa.String(), nullable=True))
    op.add_column("call", sa.Column("reason", sa.String(), nullable=True))
    op.add_column("call", sa.Column("horizon", sa.String(), nullable=True))
    op.add_column("call", sa.Column("circumstance", sa.String(), nullable=True))
    op.add_column("call", sa.Column("story", sa.Text(), server_default="", nullable=False))
    op.add_column("call", sa.Column("intention", sa.SmallInteger(), server_default="0", nullable=False))
    op.add_column("call", sa.Column("option", sa.String(), nullable=True))
    op.add_column("call", sa.Column("follows", sa.Integer(), nullable=True))
    op.add_column("call", sa.Column("quality", sa.Text(), nullable=True))
    op.add_column("dispute", sa.Column("amount", sa.BigInteger(), nullable=True))
    op.add_column("dispute", sa.Column("owner", sa.String(), nullable=True))
    op.add_column("dispute", sa.Column("person", sa.String(), nullable=True))
    op.add_column("dispute", sa.Column("answer_by", sa.Date(), nullable=True))
    op.add_column("dispute", sa.Column("expected", sa.String(), nullable=True))
    op.add_column("dispute", sa.Column("said", sa.Text(), server_default="", nullable=False))
    op.add_column("dispute", sa.Column("result", sa.Text(), server_default="", nullable=False))
    op.add_column("dispute", sa.Column("call", sa.Integer(), nullable=True))
    op.add_column("note", sa.Column("kind", sa.String(), server_default="note", nullable=False))
    op.add_column("note", sa.Column("topic", sa.String(), nullable=True))
    op.add_column("note", sa.Column("source", sa.String(), nullable=True))
    op.add_column("note", sa.Column("dated", sa.Date(), nullable=True))
    op.add_column("plan", sa.Column("amount", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("plan", sa.Column("currency", sa.String(), nullable=True))
    op.add_column("plan", sa.Column("spoken_with", sa.String(), nullable=True))
    op.add_column("plan", sa.Column("because", sa.Text(), server_default="", nullable=False))
    op.add_column("plan", sa.Column("approved_by", sa.String(), nullable=True))
    op.add_column("plan", sa.Column("ended_on", sa.Date(), nullable=True))
    op.add_column("plan", sa.Column("call", sa.Integer(), nullable=True))
    op.add_column("promise", sa.Column("kind", sa.String(), server_default="payment", nullable=False))
    op.add_column("promise", sa.Column("spoken_with", sa.String(), nullable=True))
    op.add_column("promise", sa.Column("check_number", sa.String(), nullable=True))
    op.add_column("promise", sa.Column("mailed_on", sa.Date(), nullable=True))
    op.add_column("promise", sa.Column("plan", sa.Integer(), nullable=True))
    op.add_column("promise", sa.Column("number", sa.Integer(), nullable=True))
    op.add_column("promise", sa.Column("call", sa.Integer(), nullable=True))
    op.add_column("promise", sa.Column("because", sa.Text(), server_default="", nullable=False))
    op.create_index(op.f("ix_call_company_on"), "call", ["company", "on"], unique=False)
    op.create_index(op.f("ix_payment_company_paid_on"), "payment", ["company", "paid_on"], unique=False)

    # The field's own words for what has become of a promise.
    op.execute("UPDATE promise SET state = 'partly kept' WHERE state = 'partly'")
    op.execute("UPDATE promise SET state = 'superseded' WHERE state = 'replaced'")
