"""What each run has decided is sealed, part by part."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sealed_part",
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("time", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("first", sa.String(), nullable=True),
        sa.Column("before", sa.String(), nullable=True),
        sa.Column("order", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("again", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["run"], ["run.id"], name=op.f("fk_sealed_part_run")),
        sa.PrimaryKeyConstraint("run", "time", "number", name=op.f("pk_sealed_part")),
    )
    op.add_column("run_part", sa.Column("decided", sa.String(), nullable=True))
    op.add_column("run_part", sa.Column("hash", sa.String(), nullable=True))
    # Parts without a hash cannot be sealed: a run under way is decided anew.
    op.execute(
        "UPDATE shared_run SET state = 'given up', because = 'Dunwell was updated' WHERE state = 'deciding'"
    )
    op.execute("DELETE FROM run_class")
    op.execute("UPDATE run_part SET contacts = NULL, rows = NULL")
