"""Somebody who works at the desk."""

from datetime import datetime

from bot.db import Database
from bot.helpdesk.models import Staff
from bot.settings import ZONE

NOW = datetime(2023, 11, 20, 9, 0, tzinfo=ZONE)


def add_staff(database: Database, login: str, number: int, role: str = "agent", unit: str | None = None) -> int:
    """One more account, without a usable password; its id."""
    with database.write() as session:
        row = Staff(login=login, name=f"坐席{number}", number=number, role=role, unit=unit, password_hash="-", created_at=NOW)
        session.add(row)
        session.flush()
        return int(row.id)
