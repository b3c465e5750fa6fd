"""The tables of the service: its lease, releases of policies, alarms, feeds, and mail that came back."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alarm",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company", sa.String(), server_default="main", nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("about", sa.String(), server_default="", nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("first_at", sa.String(), nullable=False),
        sa.Column("last_at", sa.String(), nullable=False),
        sa.Column("times", sa.Integer(), server_default="1", nullable=False),
        sa.Column("told_at", sa.String(), nullable=True),
        sa.Column("told", sa.Integer(), server_default="0", nullable=False),
        sa.Column("quiet", sa.Text(), server_default="", nullable=False),
        sa.Column("cleared_at", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarm")),
    )
    op.create_index(op.f("ix_alarm_company_kind_about"), "alarm", ["company", "kind", "about"], unique=False)
    op.create_table(
        "feed",
        sa.Column("company", sa.String(), server_default="main", nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("tried_at", sa.String(), nullable=True),
        sa.Column("taken_at", sa.String(), nullable=True),
        sa.Column("as_of", sa.Date(), nullable=True),
        sa.Column("file", sa.Integer(), nullable=True),
        sa.Column("sentence", sa.Text(), server_default="", nullable=False),
        sa.Column("failed", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("company", "name", name=op.f("pk_feed")),
    )
    op.create_table(
        "lease",
        sa.Column("company", sa.String(), server_default="main", nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("since", sa.String(), nullable=False),
        sa.Column("beat", sa.String(), nullable=False),
        sa.Column("doing", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("company", "name", name=op.f("pk_lease")),
    )
    op.create_table(
        "pushed",
        sa.Column("company", sa.String(), server_default="main", nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("company", "account", "name", name=op.f("pk_pushed")),
    )
    op.create_table(
        "received",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company", sa.String(), server_default="main", nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=True),
        sa.Column("action", sa.String(), nullable=True),
        sa.Column("sender", sa.String(), server_default="", nullable=False),
        sa.Column("subject", sa.Text(), server_default="", nullable=False),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.Column("words", sa.Text(), server_default="", nullable=False),
        sa.Column("status", sa.String(), server_default="", nullable=False),
        sa.Column("mailbox", sa.String(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_received")),
        sa.UniqueConstraint("company", "message_id", name=op.f("uq_received_company_message_id")),
    )
    op.create_index(op.f("ix_received_company_account"), "received", ["company", "account"], unique=False)
    op.create_table(
        "release",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company", sa.String(), server_default="main", nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("book", sa.String(), nullable=True),
        sa.Column("texts", sa.Text(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("problems", sa.Text(), server_default="[]", nullable=False),
        sa.Column("staged_at", sa.String(), nullable=False),
        sa.Column("staged_by", sa.String(), nullable=False),
        sa.Column("live_at", sa.String(), nullable=True),
        sa.Column("live_by", sa.String(), nullable=True),
        sa.Column("ended_at", sa.String(), nullable=True),
        sa.Column("because", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_release")),
    )
    op.create_index(op.f("ix_release_company_state"), "release", ["company", "state"], unique=False)
    op.add_column("outbox", sa.Column("message_id", sa.String(), nullable=True))
    _known_ids()
    op.create_index(
        "ix_outbox_message_id",
        "outbox",
        ["message_id"],
        unique=False,
        sqlite_where=sa.text("message_id IS NOT NULL"),
        postgresql_where=sa.text("message_id IS NOT NULL"),
    )
    op.create_index(
        "ix_outbox_uncertain",
        "outbox",
        ["id"],
        unique=False,
        sqlite_where=sa.text("state = 'uncertain'"),
        postgresql_where=sa.text("state = 'uncertain'"),
    )
    op.create_index(
        "ix_outbox_failed",
        "outbox",
        ["changed_at"],
        unique=False,
        sqlite_where=sa.text("state = 'failed'"),
        postgresql_where=sa.text("state = 'failed'"),
    )


def _known_ids() -> None:
    """Answers may still come to what was sent before: its Message-ID stands in the evidence."""
    conn, last = op.get_bind(), 0
    query = sa.text(
        "SELECT id, payload FROM outbox WHERE id > :last AND payload LIKE '%\"message-id\"%' ORDER BY id LIMIT 1000"
    )
    while rows := conn.execute(query, {"last": last}).all():
        found = [
            (number, json.loads(payload).get("evidence", {}).get("message-id")) for number, payload in rows
        ]
        values = [{"number": number, "found": name} for number, name in found if name]
        if values:
            conn.execute(sa.text("UPDATE outbox SET message_id = :found WHERE id = :number"), values)
        last = rows[-1].id
