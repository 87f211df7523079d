"""A note that a page sends twice, since the answer to the first was lost, is one note: it bears the page's id, as replies do.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("ticket_event", sa.Column("client_id", sa.String(64), nullable=True))


def downgrade() -> None:
    op.drop_column("ticket_event", "client_id")
