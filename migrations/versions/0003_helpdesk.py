"""Helpdesk: tickets of people who asked for a human.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ticket",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("sender_id", sa.String(255), nullable=False),
        sa.Column("topic", sa.String(100)),
        sa.Column("last_question", sa.Text()),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("opened_at", sa.DateTime(), nullable=False),
        sa.Column("closed_at", sa.DateTime()),
        sa.PrimaryKeyConstraint("id", name="pk_ticket"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_ticket_sender_id_state", "ticket", ["sender_id", "state"])
    op.create_index("ix_ticket_state_opened_at", "ticket", ["state", "opened_at"])


def downgrade() -> None:
    op.drop_table("ticket")
