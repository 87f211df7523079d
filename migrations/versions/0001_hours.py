"""People, hours, credits, imports, bindings and the audit trail."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "person",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("id_number", sa.String(32), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("name_key", sa.String(64), nullable=False),
        sa.Column("unit", sa.String(128), nullable=False),
        sa.Column("region", sa.String(64), nullable=False),
        sa.Column("sector", sa.String(64), nullable=False),
        sa.Column("level", sa.String(8), nullable=False),
        sa.Column("level_since", sa.Date()),
        sa.PrimaryKeyConstraint("id", name="pk_person"),
        sa.UniqueConstraint("id_number", name="uq_person_id_number"),
    )
    op.create_index("ix_person_name_key", "person", ["name_key"])
    op.create_index("ix_person_unit", "person", ["unit"])

    op.create_table(
        "hour_record",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("record_id", sa.String(64), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(16), nullable=False),
        sa.Column("form", sa.String(32), nullable=False),
        sa.Column("title", sa.String(256), nullable=False),
        sa.Column("hours_tenths", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.CheckConstraint("hours_tenths > 0", name="ck_hour_record_positive"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_hour_record_person_id_person"),
        sa.PrimaryKeyConstraint("id", name="pk_hour_record"),
        sa.UniqueConstraint("record_id", name="uq_hour_record_record_id"),
    )
    op.create_index("ix_hour_record_person_id_year", "hour_record", ["person_id", "year"])

    op.create_table(
        "credit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("start_date", sa.Date(), nullable=False),
        sa.Column("end_date", sa.Date()),
        sa.Column("year", sa.Integer()),
        sa.Column("evidence", sa.String(256), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_credit_person_id_person"),
        sa.PrimaryKeyConstraint("id", name="pk_credit"),
        sa.UniqueConstraint("person_id", "kind", "start_date", name="uq_credit_person_id_kind_start_date"),
    )
    op.create_index("ix_credit_person_id_year", "credit", ["person_id", "year"])

    op.create_table(
        "import_batch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("file_name", sa.String(256), nullable=False),
        sa.Column("imported_at", sa.DateTime(), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.Integer(), nullable=False),
        sa.Column("undone_at", sa.DateTime()),
        sa.PrimaryKeyConstraint("id", name="pk_import_batch"),
    )
    op.create_table(
        "batch_row",
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("row_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("previous", sa.Text()),
        sa.ForeignKeyConstraint(["batch_id"], ["import_batch.id"], name="fk_batch_row_batch_id_import_batch"),
        sa.PrimaryKeyConstraint("batch_id", "row_id", name="pk_batch_row"),
    )

    op.create_table(
        "chat_identity",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sender_id", sa.String(128), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("bound_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_chat_identity_person_id_person"),
        sa.PrimaryKeyConstraint("id", name="pk_chat_identity"),
        sa.UniqueConstraint("sender_id", name="uq_chat_identity_sender_id"),
    )
    op.create_index("ix_chat_identity_person_id", "chat_identity", ["person_id"])

    op.create_table(
        "bind_code",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("code_hash", sa.String(64), nullable=False),
        sa.Column("issued_at", sa.DateTime(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.Column("used_at", sa.DateTime()),
        sa.Column("revoked_at", sa.DateTime()),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_bind_code_person_id_person"),
        sa.PrimaryKeyConstraint("id", name="pk_bind_code"),
    )
    op.create_index("ix_bind_code_person_id", "bind_code", ["person_id"])
    op.create_index("ix_bind_code_code_hash", "bind_code", ["code_hash"])

    op.create_table(
        "bind_attempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sender_id", sa.String(128), nullable=False),
        sa.Column("name_key", sa.String(64), nullable=False),
        sa.Column("tried_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_bind_attempt"),
    )
    op.create_index("ix_bind_attempt_tried_at", "bind_attempt", ["tried_at"])

    op.create_table(
        "audit_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(), nullable=False),
        sa.Column("actor", sa.String(128), nullable=False),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("person_id", sa.Integer()),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_entry"),
    )
    op.create_index("ix_audit_entry_occurred_at", "audit_entry", ["occurred_at"])
    op.create_index("ix_audit_entry_person_id", "audit_entry", ["person_id"])


def downgrade() -> None:
    for table in (
        "audit_entry",
        "bind_attempt",
        "bind_code",
        "chat_identity",
        "batch_row",
        "import_batch",
        "credit",
        "hour_record",
        "person",
    ):
        op.drop_table(table)
