"""A person's id is never given to somebody else: the audit trail and the calls name people by it, and outlive them."""

import pytest
from alembic import command
from sqlalchemy import exc, func, inspect, select, text

from bot.db import Database
from bot.helpdesk.models import CallRecord
from bot.hours import audit
from bot.hours.identity import bind, bound_person, issue_codes
from bot.hours.models import BindCode, ChatIdentity, Credit, HourRecord, Person
from bot.hours.undo import undo
from bot.schema import _config
from tests.helpdesk.conftest import add_staff
from tests.hours.conftest import ANN, BEN, HOURS, NOW, PEOPLE, Importing
from tests.hours.test_importer import rows_of

BEFORE = "0008"
TABLES = (Person, HourRecord, Credit, ChatIdentity, BindCode)


def ids(database: Database) -> dict[str, int]:
    with database.read() as session:
        return {row.id_number: row.id for row in session.execute(select(Person.id_number, Person.id))}


def migrate(database: Database, revision: str) -> None:
    with database.writer.connect() as connection, connection.begin():
        change = command.upgrade if revision == "head" else command.downgrade
        change(_config(connection), revision)


def as_before(database: Database) -> None:
    """Back to the version before, whose table of people on SQLite gave ids again."""
    migrate(database, BEFORE)
    if database.engine.dialect.name != "sqlite":
        return
    with database.engine.connect() as connection:
        made = connection.execute(text("SELECT sql FROM sqlite_master WHERE name = 'person'")).scalar_one()
    assert "AUTOINCREMENT" not in made


def test_an_undone_import_frees_no_id_for_the_people_of_the_next(database: Database, importing: Importing) -> None:
    batch = importing("people", PEOPLE).batch_id
    first = ids(database)
    undo(database, batch, NOW)
    importing("people", PEOPLE[::-1])
    assert min(ids(database).values()) > max(first.values())


def test_people_keep_their_ids_and_all_that_rests_on_them_when_the_table_is_made_anew(filled: Database) -> None:
    as_before(filled)
    with filled.write() as session:
        [code] = issue_codes(session, b"secret", [session.get(Person, 1)], NOW)
    assert bind(filled, b"secret", "web:1", code.name, code.code, NOW).ok
    before = [rows_of(filled, model) for model in TABLES]
    migrate(filled, "head")
    assert [rows_of(filled, model) for model in TABLES] == before
    with filled.read() as session:
        assert bound_person(session, "web:1").id == 1


def test_what_rests_on_people_still_refuses_those_that_are_not_there(filled: Database) -> None:
    as_before(filled)
    migrate(filled, "head")
    record = {"record_id": "X", "year": 2023, "subject": "public", "form": "", "title": "", "state": "verified", "hours": 1}
    with pytest.raises(exc.IntegrityError), filled.write() as session:
        session.add(HourRecord(person_id=99, **record))
    with pytest.raises(exc.IntegrityError), filled.write() as session:
        session.execute(text("DELETE FROM person WHERE id = 1"))
    for model in (HourRecord, Credit, ChatIdentity, BindCode):
        found = inspect(filled.engine).get_foreign_keys(model.__tablename__)
        assert [(key["constrained_columns"], key["referred_table"]) for key in found] == [(["person_id"], "person")]


@pytest.mark.parametrize("trace", ["audit", "call", "import", "nothing"])
def test_an_id_that_was_given_before_the_table_was_made_anew_is_not_given_again(
    database: Database, importing: Importing, trace: str
) -> None:
    as_before(database)
    importing("people", PEOPLE)
    last = ids(database)[BEN]
    if trace == "import":
        undo(database, 1, NOW)
    else:
        with database.write() as session:
            session.execute(text("DELETE FROM batch_row"))
            session.execute(text("DELETE FROM person WHERE id = 2"))
    if trace == "audit":
        with database.write() as session:
            audit.note(session, NOW, "staff:1", "console-lookup", last, "people")
    if trace == "call":
        staff = add_staff(database, "lixia", 1)
        with database.write() as session:
            session.add(CallRecord(at=NOW, staff_id=staff, person_id=last, question="q", answer="a", outcome="answered"))
    migrate(database, "head")
    importing("people", PEOPLE)
    traced = trace != "nothing" or database.engine.dialect.name == "postgresql"
    assert (ids(database)[BEN] > last) == traced


def test_a_database_without_people_gets_the_table_anew(database: Database, importing: Importing) -> None:
    as_before(database)
    migrate(database, "head")
    importing("people", PEOPLE)
    importing("hours", HOURS)
    assert sorted(ids(database).values()) == [1, 2]
    with database.read() as session:
        assert session.execute(select(func.count()).select_from(HourRecord)).scalar_one() == 3
    assert set(ids(database)) == {ANN, BEN}
