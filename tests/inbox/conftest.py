"""A migrated SQLite database for each test, copied from one that is migrated once."""

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from bot.db import Database
from bot.inbox.intake import Intake, Sentences
from bot.schema import upgrade

NOW = datetime(2023, 11, 20, 9, 0, tzinfo=timezone(timedelta(hours=8)))
SENTENCES = Sentences(blank="请写字", too_long="太长了", unavailable="请拨打 0971-8258157")


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("schema") / "inbox.db"
    database = Database(f"sqlite:///{path}")
    upgrade(database)
    database.dispose()
    return path


@pytest.fixture
def database(migrated: Path, tmp_path: Path) -> Iterator[Database]:
    path = tmp_path / "inbox.db"
    shutil.copy(migrated, path)
    database = Database(f"sqlite:///{path}")
    yield database
    database.dispose()


@pytest.fixture
def intake(database: Database) -> Intake:
    return Intake(database, SENTENCES, lambda: NOW, ("0971-8258157", "18970996140"))
