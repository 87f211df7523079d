"""Inbox: journal, outbox, hold, feedback.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "journal",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("sender_id", sa.String(255), nullable=False),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("external_id", sa.String(191)),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_journal"),
        sa.UniqueConstraint("channel", "external_id", name="uq_journal_channel_external_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_journal_sender_id_id", "journal", ["sender_id", "id"])
    op.create_index("ix_journal_state_received_at", "journal", ["state", "received_at"])
    op.create_table(
        "outbox",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("sender_id", sa.String(255), nullable=False),
        sa.Column("journal_id", ROW_ID),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.ForeignKeyConstraint(["journal_id"], ["journal.id"], name="fk_outbox_journal_id_journal", ondelete="SET NULL"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_sender_id_id", "outbox", ["sender_id", "id"])
    op.create_index("ix_outbox_state_created_at", "outbox", ["state", "created_at"])
    op.create_index("ix_outbox_journal_id", "outbox", ["journal_id"])
    op.create_table(
        "hold",
        sa.Column("sender_id", sa.String(255), nullable=False),
        sa.Column("by", sa.String(80), nullable=False),
        sa.Column("since", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("sender_id", name="pk_hold"),
    )
    op.create_table(
        "feedback",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("outbox_id", ROW_ID, nullable=False),
        sa.Column("sender_id", sa.String(255), nullable=False),
        sa.Column("vote", sa.String(8), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_feedback"),
        sa.ForeignKeyConstraint(["outbox_id"], ["outbox.id"], name="fk_feedback_outbox_id_outbox", ondelete="CASCADE"),
        sa.UniqueConstraint("outbox_id", name="uq_feedback_outbox_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_feedback_at", "feedback", ["at"])


def downgrade() -> None:
    for table in ("feedback", "hold", "outbox", "journal"):
        op.drop_table(table)
