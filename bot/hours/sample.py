"""A handful of invented people for a newcomer's first look; ``sample/*.csv`` are ordinary import files."""

from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select

from bot.db import Database
from bot.hours.importer import KINDS, import_file
from bot.hours.models import Person

FOLDER = Path(__file__).parent / "sample"


def load_sample(database: Database, now: datetime) -> bool:
    """Import the sample files when nobody is on record; True when they were."""
    with database.read() as session:
        if session.execute(select(func.count()).select_from(Person)).scalar_one():
            return False
    for kind in KINDS:
        import_file(database, kind, FOLDER / f"{kind}.csv", now)
    return True
