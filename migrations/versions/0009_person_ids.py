"""On SQLite, too, no person's id is given again: the audit trail and the calls name people by it, and outlive them.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

COLUMNS = "id, id_number, name, name_key, initials, unit, region, sector, level, level_since"
HIGHEST = """
SELECT max(id) FROM (
    SELECT max(id) AS id FROM person
    UNION ALL SELECT max(person_id) FROM audit_entry
    UNION ALL SELECT max(person_id) FROM call_record
    UNION ALL SELECT max(row_id) FROM batch_row WHERE batch_id IN (SELECT id FROM import_batch WHERE kind = 'people')
)
"""
"""The highest id that was ever given to a person, as far as anything still names it: undone imports do."""


def upgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":  # a sequence gives none twice
        return
    _make_anew(once_only=True)
    op.execute("DELETE FROM sqlite_sequence WHERE name = 'person'")
    op.execute(f"INSERT INTO sqlite_sequence (name, seq) SELECT 'person', coalesce(({HIGHEST}), 0)")


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _make_anew(once_only=False)


def _make_anew(once_only: bool) -> None:
    """The same table with or without a memory of the ids it gave.

    Not by Alembic's batch, which renames a copy into the place of the table: within a transaction SQLite goes on looking at foreign keys,
    and holds what rests on people for cut off even when they are back under the same name. Written row by row into a table of that name
    they are found again, and the commit refuses anything that is not.
    """
    op.execute("PRAGMA defer_foreign_keys = ON")  # until the end of this transaction
    op.execute(f"CREATE TEMPORARY TABLE person_kept AS SELECT {COLUMNS} FROM person")
    op.drop_table("person")
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
        sa.Column("initials", sa.String(64), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_person"),
        sa.UniqueConstraint("id_number", name="uq_person_id_number"),
        sqlite_autoincrement=once_only,
    )
    op.execute(f"INSERT INTO person ({COLUMNS}) SELECT {COLUMNS} FROM person_kept ORDER BY id")
    op.execute("DROP TABLE person_kept")
    for column in ("name_key", "unit", "initials"):
        op.create_index(f"ix_person_{column}", "person", [column])
