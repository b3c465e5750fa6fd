"""The table of comparisons: to which side each account was drawn."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "assignment",
        sa.Column("company", sa.String(), server_default="main", nullable=False),
        sa.Column("split", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("stratum", sa.String(), nullable=False),
        sa.Column("episode", sa.Integer(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("company", "split", "account", name=op.f("pk_assignment")),
    )
    op.create_index(op.f("ix_assignment_company_account"), "assignment", ["company", "account"], unique=False)
