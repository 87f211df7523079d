"""A migrated database for each test, on SQLite and on PostgreSQL, and somebody who works at the desk."""

import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from bot.db import Database
from bot.helpdesk.models import Staff
from bot.settings import ZONE

NOW = datetime(2023, 11, 20, 9, 0, tzinfo=ZONE)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path / "desk.db")
        database = Database(f"sqlite:///{tmp_path / 'desk.db'}")
    else:
        database = Database(request.getfixturevalue("migrated_postgres")())
    yield database
    database.dispose()


def add_staff(database: Database, login: str, number: int, role: str = "agent", unit: str | None = None) -> int:
    """One more account, without a usable password; its id."""
    with database.write() as session:
        row = Staff(login=login, name=f"坐席{number}", number=number, role=role, unit=unit, password_hash="-", created_at=NOW)
        session.add(row)
        session.flush()
        return int(row.id)
