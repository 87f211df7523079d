"""A migrated database for each test, on SQLite and on a real PostgreSQL."""

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from bot.db import Database
from bot.inbox.intake import Intake
from bot.inbox.question import Sentences

NOW = datetime(2023, 11, 20, 9, 0, tzinfo=timezone(timedelta(hours=8)))
SENTENCES = Sentences(
    blank="请写字",
    too_long="太长了",
    unavailable="请拨打 0971-8258157",
    delayed="稍后回答 0971-8258157",
    send_again="请再发一次 0971-8258157",
    switched_off="暂停 0971-8258157",
    cut="（后面没有保存）",
)


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
