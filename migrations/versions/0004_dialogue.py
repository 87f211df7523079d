"""Dialogue turns, and how often a message was tried.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "dialogue_turn",
        sa.Column("sender_id", sa.String(255), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("events", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sender_id", "number", name="pk_dialogue_turn"),
    )
    op.create_index("ix_dialogue_turn_at", "dialogue_turn", ["at"])
    op.add_column("journal", sa.Column("attempts", sa.SmallInteger(), server_default="0", nullable=False))


def downgrade() -> None:
    op.drop_column("journal", "attempts")  # no batch: a new table in the old one's place cuts the outbox off and gives ids again
    op.drop_table("dialogue_turn")
