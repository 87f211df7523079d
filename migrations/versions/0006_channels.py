"""What WeChat and Telegram demand to be remembered: deliveries, states of what goes out, windows, buttons, tokens.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("journal", sa.Column("deliveries", sa.SmallInteger(), nullable=False, server_default="1"))
    op.add_column("journal", sa.Column("reply", sa.Text(), nullable=True))
    op.add_column("outbox", sa.Column("due_at", sa.DateTime(), nullable=True))
    op.add_column("outbox", sa.Column("parts", sa.SmallInteger(), nullable=False, server_default="0"))
    op.add_column("outbox", sa.Column("reason", sa.String(40), nullable=True))
    op.create_table(
        "reach",
        sa.Column("sender_id", sa.String(255), nullable=False),
        sa.Column("unreachable", sa.String(16), nullable=True),
        sa.Column("message_at", sa.DateTime(), nullable=True),
        sa.Column("message_pushed", sa.SmallInteger(), nullable=False),
        sa.Column("tap_at", sa.DateTime(), nullable=True),
        sa.Column("tap_pushed", sa.SmallInteger(), nullable=False),
        sa.Column("promised_at", sa.DateTime(), nullable=True),
        sa.Column("offered", sa.JSON(), nullable=True),
        sa.Column("offer_stale", sa.Boolean(create_constraint=False), nullable=False),
        sa.PrimaryKeyConstraint("sender_id", name="pk_reach"),
    )
    op.create_table(
        "choice",
        sa.Column("key", sa.String(24), nullable=False),
        sa.Column("sender_id", sa.String(255), nullable=False),
        sa.Column("outbox_id", ROW_ID, nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["outbox_id"], ["outbox.id"], name="fk_choice_outbox_id_outbox", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("key", name="pk_choice"),
    )
    op.create_index("ix_choice_outbox_id", "choice", ["outbox_id"])
    op.create_table(
        "channel_state",
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("until", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_channel_state"),
    )


def downgrade() -> None:
    op.drop_table("channel_state")
    op.drop_table("choice")
    op.drop_table("reach")
    for table, columns in (("outbox", ("reason", "parts", "due_at")), ("journal", ("reply", "deliveries"))):
        for column in columns:
            op.drop_column(table, column)
