"""Who works here, how they sign in to the desk, and where they are signed in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "form",
        sa.Column("mark", sa.String(), nullable=False),
        sa.Column("company", sa.String(), server_default="main", nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("mark", name=op.f("pk_form")),
    )
    op.create_table(
        "guess",
        sa.Column("company", sa.String(), server_default="main", nullable=False),
        sa.Column("whom", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("until", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("company", "whom", name=op.f("pk_guess")),
    )
    op.create_table(
        "invitation",
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("company", sa.String(), server_default="main", nullable=False),
        sa.Column("person", sa.String(), nullable=True),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("until", sa.String(), nullable=False),
        sa.Column("used_at", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_invitation")),
    )
    op.create_table(
        "person",
        sa.Column("company", sa.String(), server_default="main", nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("phone", sa.String(), server_default="", nullable=False),
        sa.Column("calls", sa.Integer(), nullable=True),
        sa.Column("letters", sa.Integer(), nullable=True),
        sa.Column("zone", sa.String(), nullable=True),
        sa.Column("since", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("ended_at", sa.String(), nullable=True),
        sa.Column("password", sa.String(), nullable=True),
        sa.Column("password_at", sa.String(), nullable=True),
        sa.Column("subject", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("company", "id", name=op.f("pk_person")),
    )
    op.create_table(
        "session",
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("company", sa.String(), server_default="main", nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("how", sa.String(), nullable=False),
        sa.Column("csrf", sa.String(), nullable=False),
        sa.Column("began_at", sa.String(), nullable=False),
        sa.Column("seen_at", sa.String(), nullable=False),
        sa.Column("until", sa.String(), nullable=False),
        sa.Column("ended_at", sa.String(), nullable=True),
        sa.Column("agent", sa.String(), server_default="", nullable=False),
        sa.Column("address", sa.String(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_session")),
        sa.UniqueConstraint("number", name=op.f("uq_session_number")),
    )
    op.create_index(op.f("ix_session_company_person"), "session", ["company", "person"], unique=False)
