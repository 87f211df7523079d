"""What is learnt from conversations and calls, what is switched off, uploads; pinyin initials of names.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

from bot.hours.search import initials

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "switch",
        sa.Column("scope", sa.String(12), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.String(80), nullable=False),
        sa.Column("since", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "name", name="pk_switch"),
    )
    op.create_table(
        "lesson",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("text", sa.String(200), nullable=False),
        sa.Column("label", sa.String(100), nullable=False),
        sa.Column("batch", sa.String(32), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("exported_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_lesson_staff_id_staff"),
        sa.PrimaryKeyConstraint("id", name="pk_lesson"),
        sa.UniqueConstraint("text", name="uq_lesson_text"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "retraining",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(), nullable=False),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("step", sa.String(16), nullable=False),
        sa.Column("progress", sa.Float(), nullable=False),
        sa.Column("lessons", sa.Integer(), nullable=False),
        sa.Column("model", sa.String(80), nullable=True),
        sa.Column("before", sa.String(80), nullable=True),
        sa.Column("figures", sa.JSON(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("beat_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_retraining_staff_id_staff"),
        sa.PrimaryKeyConstraint("id", name="pk_retraining"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "review",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("missed_id", ROW_ID, nullable=False),
        sa.Column("batch", sa.String(32), nullable=False),
        sa.Column("decision", sa.String(12), nullable=False),
        sa.Column("text", sa.String(200), nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("undone_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["missed_id"], ["missed.id"], name="fk_review_missed_id_missed", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_review_staff_id_staff"),
        sa.PrimaryKeyConstraint("id", name="pk_review"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_review_missed_id", "review", ["missed_id"], unique=False)
    op.create_index("ix_review_staff_id_at", "review", ["staff_id", "at"], unique=False)
    op.create_table(
        "sampled",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("week", sa.Date(), nullable=False),
        sa.Column("outbox_id", ROW_ID, nullable=False),
        sa.Column("sender_id", sa.String(255), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("label", sa.String(100), nullable=True),
        sa.Column("asked_at", sa.DateTime(), nullable=False),
        sa.Column("verdict", sa.String(8), nullable=True),
        sa.Column("remark", sa.Text(), nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("judged_at", sa.DateTime(), nullable=True),
        sa.Column("missed_id", ROW_ID, nullable=True),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_sampled_staff_id_staff"),
        sa.PrimaryKeyConstraint("id", name="pk_sampled"),
        sa.UniqueConstraint("week", "outbox_id", name="uq_sampled_week_outbox_id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "upload",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("file_name", sa.String(256), nullable=False),
        sa.Column("path", sa.Text(), nullable=True),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("progress", sa.Float(), nullable=False),
        sa.Column("outcome", sa.JSON(), nullable=True),
        sa.Column("batch_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("beat_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_upload_staff_id_staff"),
        sa.PrimaryKeyConstraint("id", name="pk_upload"),
        sqlite_autoincrement=True,
    )
    op.add_column("person", sa.Column("initials", sa.String(64), server_default="", nullable=False))
    op.create_index("ix_person_initials", "person", ["initials"], unique=False)
    connection = op.get_bind()
    person = sa.table("person", sa.column("id"), sa.column("name"), sa.column("initials"))
    fill = person.update().where(person.c.id == sa.bindparam("of")).values(initials=sa.bindparam("letters"))
    last = 0
    some = sa.select(person.c.id, person.c.name).order_by(person.c.id).limit(2000)
    while rows := connection.execute(some.where(person.c.id > last)).all():
        connection.execute(fill, [{"of": row.id, "letters": initials(row.name)} for row in rows])
        last = rows[-1].id


def downgrade() -> None:
    op.drop_index("ix_person_initials", table_name="person")
    op.drop_column("person", "initials")
    op.drop_table("upload")
    op.drop_table("sampled")
    op.drop_index("ix_review_staff_id_at", table_name="review")
    op.drop_index("ix_review_missed_id", table_name="review")
    op.drop_table("review")
    op.drop_table("retraining")
    op.drop_table("lesson")
    op.drop_table("switch")
