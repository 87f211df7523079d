"""Sentences that were not answered well, kept to learn from.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "missed",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("sender_id", sa.String(255), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("reason", sa.String(16), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_missed"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_missed_at", "missed", ["at"])
    op.create_index("ix_missed_sender_id", "missed", ["sender_id"])


def downgrade() -> None:
    op.drop_table("missed")
