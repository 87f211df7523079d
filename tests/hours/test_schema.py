"""Migrations make what the models say, on every database; writers take turns; a database that fails says so in one sentence."""

import sqlite3
import threading
import time
from decimal import Decimal
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import exc, select, text
from sqlalchemy.dialects import mysql
from sqlalchemy.schema import CreateIndex, CreateTable

from bot import db
from bot.db import Base, Database, DatabaseBusy, DatabaseFault, DatabaseNotReady
from bot.hours import models
from bot.hours.models import AuditEntry, HourRecord, Person
from bot.schema import MIGRATIONS, is_current, newest_revision, upgrade
from tests.hours.conftest import NOW

OURS = {mapper.local_table.name for mapper in Base.registry.mappers if mapper.class_.__module__ == models.__name__}


def test_migrations_make_what_the_models_say(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = [one for one in compare_metadata(context, Base.metadata) if any(f"'{name}'" in repr(one) for name in OURS)]
    assert differences == []


def test_tables_compile_for_mysql() -> None:
    for name in OURS:
        table = Base.metadata.tables[name]
        assert str(CreateTable(table).compile(dialect=mysql.dialect()))
        for index in table.indexes:
            assert str(CreateIndex(index).compile(dialect=mysql.dialect()))


def test_upgrading_twice_changes_nothing(database: Database) -> None:
    assert is_current(database)
    assert not upgrade(database)


def test_the_newest_revision_is_the_one_alembic_finds() -> None:
    assert newest_revision() == ScriptDirectory(str(MIGRATIONS)).get_current_head()


def test_a_missing_file_or_schema_is_not_ready_and_no_file_appears(tmp_path: Path) -> None:
    missing = Database(f"sqlite:///{tmp_path / 'none.db'}")
    with pytest.raises(DatabaseNotReady, match="init-db"), missing.read() as session:
        session.execute(select(Person))
    assert list(tmp_path.iterdir()) == []
    assert not is_current(missing)
    (tmp_path / "none.db").touch()
    with pytest.raises(DatabaseNotReady), missing.read() as session:
        session.execute(select(Person))


def test_a_schema_of_a_newer_program_is_refused(database: Database) -> None:
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert not is_current(database)
    with pytest.raises(DatabaseFault, match="9999"):
        upgrade(database)


def test_a_file_that_is_no_database_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("not a database, whatever its name says" * 50)
    with pytest.raises(DatabaseFault, match="无法使用数据库"), Database(f"sqlite:///{tmp_path / 'text.db'}").read() as session:
        session.execute(select(Person))


def test_a_server_that_is_away_is_a_fault() -> None:
    with pytest.raises(DatabaseFault, match="无法使用数据库"), Database("postgresql+psycopg2://nobody@127.0.0.1:1/none").read() as session:
        session.execute(select(Person))


def test_a_locked_database_is_busy_after_the_wait(migrated_sqlite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "hours.db").write_bytes(migrated_sqlite.read_bytes())
    monkeypatch.setattr(db, "BUSY_SECONDS", 0.2)
    monkeypatch.setattr(db, "_prepare_sqlite", lambda connection, _: setattr(connection, "isolation_level", None))
    database = Database(f"sqlite:///{tmp_path / 'hours.db'}")
    other = sqlite3.connect(tmp_path / "hours.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseBusy, match="占用"), database.write():
        pass
    with database.read() as session:
        assert session.execute(select(Person)).all() == []
    other.close()
    database.dispose()


def test_writers_wait_for_each_other_and_lose_nothing(database: Database) -> None:
    def write(name: str) -> None:
        for _ in range(5):
            with database.write() as session:
                count = len(session.execute(select(AuditEntry.id)).all())
                time.sleep(0.002)
                session.add(AuditEntry(at=NOW, actor=name, action="test", detail=str(count)))

    threads = [threading.Thread(target=write, args=(f"w{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as session:
        assert len(session.execute(select(AuditEntry.id)).all()) == 20


def test_a_failed_write_leaves_nothing(database: Database) -> None:
    def fail() -> None:
        with database.write() as session:
            session.add(AuditEntry(at=NOW, actor="a", action="test", detail=""))
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with database.read() as session:
        assert session.execute(select(AuditEntry)).all() == []


def test_moments_keep_their_instant_and_need_a_zone(database: Database) -> None:
    with database.write() as session:
        session.add(AuditEntry(at=NOW, actor="a", action="test", detail=""))
    with database.read() as session:
        assert session.execute(select(AuditEntry.at)).scalar_one() == NOW
    with pytest.raises(exc.StatementError, match="zone"), database.write() as session:
        session.add(AuditEntry(at=NOW.replace(tzinfo=None), actor="a", action="test", detail=""))


def test_foreign_keys_and_checks_hold(filled: Database) -> None:
    record = {"record_id": "X", "person_id": 99, "year": 2023, "subject": "public", "form": "", "title": "", "state": "verified"}
    for values in (record | {"hours": Decimal(1)}, record | {"person_id": 1, "hours": Decimal(0)}):
        with pytest.raises(exc.IntegrityError), filled.write() as session:
            session.add(HourRecord(**values))


def test_hours_are_exact_to_a_tenth(filled: Database) -> None:
    record = {"person_id": 1, "year": 2023, "subject": "public", "form": "", "title": "", "state": "verified"}
    with filled.write() as session:
        session.add_all(HourRecord(record_id=f"T{number}", hours=Decimal("0.1"), **record) for number in range(30))
    with filled.read() as session:
        assert sum(session.execute(select(HourRecord.hours).where(HourRecord.record_id.like("T%"))).scalars()) == Decimal(3)
    with pytest.raises(exc.StatementError, match="decimal"), filled.write() as session:
        session.add(HourRecord(record_id="Z", hours=Decimal("0.15"), **record))
