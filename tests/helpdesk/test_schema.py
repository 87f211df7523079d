"""The migrations make what the helpdesk's models say, forward and back."""

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.schema import CreateTable

from bot.db import Base, Database
from bot.helpdesk import deskmodels, models
from bot.schema import _config

OURS = {mapper.local_table.name for mapper in Base.registry.mappers if mapper.class_.__module__ in (models.__name__, deskmodels.__name__)}


def test_the_migrations_make_what_the_models_say(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = [one for one in compare_metadata(context, Base.metadata) if any(f"'{name}'" in repr(one) for name in OURS)]
    assert len(OURS) > 10
    assert differences == []


@pytest.mark.parametrize("dialect", [mysql.dialect(), postgresql.dialect()], ids=lambda dialect: dialect.name)
def test_the_tables_compile_elsewhere(dialect: object) -> None:
    for name in OURS:
        assert str(CreateTable(Base.metadata.tables[name]).compile(dialect=dialect))


def test_people_on_record_get_the_initials_of_their_names_and_old_tickets_stay(database: Database) -> None:
    with database.writer.connect() as connection, connection.begin():
        command.downgrade(_config(connection), "0006")
        columns = "id, id_number, name, name_key, unit, region, sector, level"
        connection.execute(text(f"INSERT INTO person ({columns}) VALUES (1, 'n', '扎西·顿珠', 'k', '', '', '', '无')"))
        connection.execute(text("INSERT INTO ticket (sender_id, state, opened_at) VALUES ('web:a', 'open', '2023-11-20 01:00:00')"))
    with database.writer.connect() as connection, connection.begin():
        command.upgrade(_config(connection), "head")
    with database.read() as session:
        assert session.execute(text("SELECT initials FROM person")).scalar_one().startswith("zxdz")
        assert session.execute(text("SELECT state, taken_by FROM ticket")).one() == ("open", None)
