"""Who works at the helpdesk, conversations in their hands, and calls.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "staff",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("login", sa.String(40), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(8), nullable=False),
        sa.Column("unit", sa.String(128), nullable=True),
        sa.Column("password_hash", sa.String(200), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("disabled_at", sa.DateTime(), nullable=True),
        sa.Column("failures", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("locked_until", sa.DateTime(), nullable=True),
        sa.Column("presence", sa.String(8), server_default="away", nullable=False),
        sa.Column("seen_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_staff"),
        sa.UniqueConstraint("login", name="uq_staff_login"),
        sa.UniqueConstraint("number", name="uq_staff_number"),
    )
    op.create_table(
        "call_record",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("caller", sa.String(64), nullable=True),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("label", sa.String(100), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("clause", sa.Text(), nullable=True),
        sa.Column("figures", sa.JSON(), nullable=True),
        sa.Column("outcome", sa.String(12), nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("phone", sa.String(32), nullable=True),
        sa.Column("called_back_at", sa.DateTime(), nullable=True),
        sa.Column("called_back_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["called_back_by"], ["staff.id"], name="fk_call_record_called_back_by_staff"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_call_record_staff_id_staff"),
        sa.PrimaryKeyConstraint("id", name="pk_call_record"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_call_record_at", "call_record", ["at"], unique=False)
    op.create_index("ix_call_record_caller_at", "call_record", ["caller", "at"], unique=False)
    op.create_index("ix_call_record_outcome_called_back_at", "call_record", ["outcome", "called_back_at"], unique=False)
    op.create_index("ix_call_record_person_id_at", "call_record", ["person_id", "at"], unique=False)
    op.create_table(
        "draft",
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", ROW_ID, nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_draft_staff_id_staff"),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_draft_ticket_id_ticket"),
        sa.PrimaryKeyConstraint("staff_id", "ticket_id", "kind", name="pk_draft"),
    )
    op.create_table(
        "seen",
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", ROW_ID, nullable=False),
        sa.Column("journal_id", ROW_ID, nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_seen_staff_id_staff"),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_seen_ticket_id_ticket"),
        sa.PrimaryKeyConstraint("staff_id", "ticket_id", name="pk_seen"),
    )
    op.create_table(
        "staff_session",
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("csrf", sa.String(64), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("seen_at", sa.DateTime(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_staff_session_staff_id_staff"),
        sa.PrimaryKeyConstraint("token_hash", name="pk_staff_session"),
    )
    op.create_index("ix_staff_session_expires_at", "staff_session", ["expires_at"], unique=False)
    op.create_index("ix_staff_session_staff_id", "staff_session", ["staff_id"], unique=False)
    op.create_table(
        "ticket_event",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("ticket_id", ROW_ID, nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_ticket_event_staff_id_staff"),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_ticket_event_ticket_id_ticket"),
        sa.PrimaryKeyConstraint("id", name="pk_ticket_event"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_ticket_event_ticket_id_id", "ticket_event", ["ticket_id", "id"], unique=False)
    op.create_table(
        "staff_message",
        sa.Column("outbox_id", ROW_ID, nullable=False),
        sa.Column("ticket_id", ROW_ID, nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(["outbox_id"], ["outbox.id"], name="fk_staff_message_outbox_id_outbox", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_staff_message_staff_id_staff"),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_staff_message_ticket_id_ticket"),
        sa.PrimaryKeyConstraint("outbox_id", name="pk_staff_message"),
        sa.UniqueConstraint("staff_id", "client_id", name="uq_staff_message_staff_id_client_id"),
    )
    op.create_index("ix_staff_message_ticket_id", "staff_message", ["ticket_id"], unique=False)
    op.add_column("ticket", sa.Column("taken_by", sa.Integer(), nullable=True))
    op.add_column("ticket", sa.Column("taken_at", sa.DateTime(), nullable=True))
    op.add_column("ticket", sa.Column("first_reply_at", sa.DateTime(), nullable=True))
    op.add_column("ticket", sa.Column("offered_at", sa.DateTime(), nullable=True))
    op.add_column("ticket", sa.Column("message", sa.Text(), nullable=True))
    op.add_column("ticket", sa.Column("in_hours", sa.Boolean(create_constraint=False), server_default=sa.true(), nullable=False))
    op.create_index("ix_ticket_opened_at", "ticket", ["opened_at"], unique=False)
    op.create_index("ix_journal_received_at", "journal", ["received_at"], unique=False)
    op.create_index("ix_ticket_taken_by_state", "ticket", ["taken_by", "state"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_ticket_taken_by_state", table_name="ticket")
    op.drop_index("ix_journal_received_at", table_name="journal")
    op.drop_index("ix_ticket_opened_at", table_name="ticket")
    op.drop_column("ticket", "in_hours")
    op.drop_column("ticket", "message")
    op.drop_column("ticket", "offered_at")
    op.drop_column("ticket", "first_reply_at")
    op.drop_column("ticket", "taken_at")
    op.drop_column("ticket", "taken_by")
    op.drop_index("ix_staff_message_ticket_id", table_name="staff_message")
    op.drop_table("staff_message")
    op.drop_index("ix_ticket_event_ticket_id_id", table_name="ticket_event")
    op.drop_table("ticket_event")
    op.drop_index("ix_staff_session_staff_id", table_name="staff_session")
    op.drop_index("ix_staff_session_expires_at", table_name="staff_session")
    op.drop_table("staff_session")
    op.drop_table("seen")
    op.drop_table("draft")
    op.drop_index("ix_call_record_person_id_at", table_name="call_record")
    op.drop_index("ix_call_record_outcome_called_back_at", table_name="call_record")
    op.drop_index("ix_call_record_caller_at", table_name="call_record")
    op.drop_index("ix_call_record_at", table_name="call_record")
    op.drop_table("call_record")
    op.drop_table("staff")
