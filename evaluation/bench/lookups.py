"""A person's record looked up among ten thousand records and among a million, and the import that brings a million in."""

import os
import random
import shutil
import sys
import time
from datetime import date
from pathlib import Path
from statistics import median

from sqlalchemy import func, select

from bot import schema
from bot.db import Database
from bot.hours import service
from bot.hours.models import HourRecord
from bot.runtime.project import ROOT
from evaluation.bench.records import RECORDS_EACH, write_files
from evaluation.bench.usage import Usage, used
from policies.notice import load_notices

SMALL, LARGE = 10_000, 1_000_000
PEOPLE = 400
"""People looked up in each database, the two in turn."""
SEED = 3


def imported(folder: Path, records: int) -> Usage:
    """Make the database ``records-<n>.db`` anew by the import command; what importing the hours file took."""
    database = folder / f"records-{records}.db"
    for path in folder.glob(database.name + "*"):
        path.unlink()
    work = folder / f"files-{records}"
    work.mkdir(parents=True, exist_ok=True)
    try:
        people, hours = write_files(work, records)
        env = {**os.environ, "BOT_DATABASE_URL": f"sqlite:///{database}", "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "bot"]
        used([*command, "init-db"], env, work, work / "init.log")
        used([*command, "import", "people", str(people)], env, work, work / "people.log")
        return used([*command, "import", "hours", str(hours)], env, work, work / "hours.log")
    finally:
        shutil.rmtree(work)


def stands(folder: Path, records: int) -> bool:
    """Whether the database of ``imported`` stands, complete and of this program's schema (migrated when it is older)."""
    path = folder / f"records-{records}.db"
    if not path.exists():
        return False
    database = Database(f"sqlite:///{path}")
    schema.upgrade(database)
    with database.read() as session:
        held = session.execute(select(func.count()).select_from(HourRecord)).scalar_one()
    database.dispose()
    return bool(held == records)


def look_up(folder: Path, today: date, people: int = PEOPLE, sizes: tuple[int, ...] = (SMALL, LARGE)) -> dict[str, float]:
    """The median ms of the service call for one person's year, by size of the database."""
    databases = {size: Database(f"sqlite:///{folder}/records-{size}.db") for size in sizes}
    notices = load_notices()
    chance = random.Random(SEED)
    taken: dict[int, list[float]] = {size: [] for size in sizes}
    for turn in range(people + people // 10):
        for size, database in databases.items():
            person = chance.randrange(size // RECORDS_EACH) + 1
            started = time.perf_counter()
            with database.read() as session:
                service.year_of(session, notices, person, None, today)
            if turn >= people // 10:  # the first ones open connections and fill caches
                taken[size].append(time.perf_counter() - started)
    for database in databases.values():
        database.dispose()
    return {f"lookup_{size}": median(found) * 1000 for size, found in taken.items()}
