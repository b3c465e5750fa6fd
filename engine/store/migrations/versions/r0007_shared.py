"""Runs that many workers make together."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_UNDER_WAY = sa.text("state = 'deciding'")


def upgrade() -> None:
    op.create_table(
        "shared_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company", sa.String(), server_default="main", nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("time", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("book", sa.String(), nullable=False),
        sa.Column("settings", sa.String(), nullable=False),
        sa.Column("file", sa.Integer(), nullable=False),
        sa.Column("moment", sa.String(), nullable=False),
        sa.Column("agreed", sa.String(), server_default="", nullable=False),
        sa.Column("parts", sa.Integer(), nullable=False),
        sa.Column("lots", sa.Text(), server_default="[]", nullable=False),
        sa.Column("begun_at", sa.String(), nullable=False),
        sa.Column("ended_at", sa.String(), nullable=True),
        sa.Column("because", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["book"], ["book.hash"], name=op.f("fk_shared_run_book")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shared_run")),
    )
    op.create_index(op.f("ix_shared_run_run"), "shared_run", ["run"])
    op.create_index(
        "ix_shared_run_under_way",
        "shared_run",
        ["company"],
        unique=True,
        sqlite_where=_UNDER_WAY,
        postgresql_where=_UNDER_WAY,
    )
    op.create_table(
        "run_part",
        sa.Column("shared_run", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("first", sa.String(), nullable=True),
        sa.Column("before", sa.String(), nullable=True),
        sa.Column("worker", sa.String(), server_default="", nullable=False),
        sa.Column("done_at", sa.String(), nullable=True),
        sa.Column("head", sa.Integer(), nullable=True),
        sa.Column("accounts", sa.Integer(), nullable=True),
        sa.Column("contacts", sa.LargeBinary(), nullable=True),
        sa.Column("rows", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["shared_run"], ["shared_run.id"], name=op.f("fk_run_part_shared_run")),
        sa.PrimaryKeyConstraint("shared_run", "number", name=op.f("pk_run_part")),
    )
    op.create_table(
        "run_class",
        sa.Column("shared_run", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("choice", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["shared_run"], ["shared_run.id"], name=op.f("fk_run_class_shared_run")),
        sa.PrimaryKeyConstraint("shared_run", "number", name=op.f("pk_run_class")),
        sa.UniqueConstraint("shared_run", "digest", name=op.f("uq_run_class_shared_run_digest")),
    )
    if op.get_bind().dialect.name == "postgresql":
        # A part's decisions are there before their run is: until it is sealed nobody sees either.
        op.drop_constraint("fk_decision_run", "decision", type_="foreignkey")
