"""A migrated database for each test, on SQLite and on a real PostgreSQL."""

import itertools
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine.url import make_url

from bot.db import Database
from bot.inbox.intake import Intake, Sentences
from bot.schema import upgrade
from tests.hours.postgres import postgres_server

NOW = datetime(2023, 11, 20, 9, 0, tzinfo=timezone(timedelta(hours=8)))
SENTENCES = Sentences(blank="请写字", too_long="太长了", unavailable="请拨打 0971-8258157")


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("schema") / "inbox.db"
    database = Database(f"sqlite:///{path}")
    upgrade(database)
    database.dispose()
    return path


@pytest.fixture(scope="session")
def migrated_postgres() -> Iterator[Callable[[], str]]:
    """A function that makes one more migrated PostgreSQL database and returns its URL."""
    with postgres_server() as url:
        admin = Database(url)
        numbers = itertools.count()

        def create(template: str) -> str:
            name = f"inbox_{next(numbers)}"
            with admin.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
            return make_url(url).set(database=name).render_as_string(hide_password=False)

        pattern = Database(create("template1"))
        upgrade(pattern)
        pattern.dispose()
        yield lambda: create("inbox_0")
        admin.dispose()


@pytest.fixture
def sqlite(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Database]:
    shutil.copy(migrated_sqlite, tmp_path / "inbox.db")
    database = Database(f"sqlite:///{tmp_path / 'inbox.db'}")
    yield database
    database.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite")
        return
    database = Database(request.getfixturevalue("migrated_postgres")())
    yield database
    database.dispose()


@pytest.fixture
def intake(database: Database) -> Intake:
    return Intake(database, SENTENCES, lambda: NOW, ("0971-8258157", "18970996140"))
