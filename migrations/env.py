"""Alembic's entry: runs inside the connection and transaction that ``bot.schema`` opened."""

from importlib import import_module
from importlib.util import find_spec

from alembic import context

from bot.db import Base

for package in ("bot.hours", "bot.inbox", "bot.helpdesk"):
    if find_spec(package) is not None and find_spec(f"{package}.models") is not None:
        import_module(f"{package}.models")

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transactional_ddl=True,
    render_as_batch=True,
    compare_type=True,
)
context.run_migrations()
