"""What the databases of a run hold: sample people with bound chats, and import files of many invented people."""

import csv
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select
from stdnum.cn.ric import calc_check_digit

from bot import schema, settings
from bot.answers import hours
from bot.db import Database
from bot.hours import service, vocabulary
from bot.hours.models import ChatIdentity, Person
from bot.hours.sample import load_sample
from evaluation.bench.words import entry
from policies.notice import load_notices

RECORDS_EACH = 25
"""Records of a person, the same in a small and a large database: only the size of the tables may differ."""
YEARS = (2019, 2020, 2021, 2022, 2023)
FIRST_BIRTH = date(1965, 1, 1)
BIRTHS = 10_000  # days from the first birth on
MOST_RECORDS = 1_000_000


def fill(url: str, chats: int, today: date) -> dict[str, tuple[str, ...]]:
    """Migrate, import the sample people and bind the chats ``rest:bound-0`` onwards; the figures that each chat's answers must hold."""
    database = Database(url)
    schema.upgrade(database)
    now = settings.load({}).now()
    load_sample(database, now)
    with database.write() as session:
        people = session.execute(select(Person).order_by(Person.id)).scalars().all()
        owners = {f"bound-{number}": people[number % len(people)].id for number in range(chats)}
        session.add_all([ChatIdentity(sender_id=f"rest:{chat}", person_id=owner, bound_at=now) for chat, owner in owners.items()])
        notices = load_notices()
        verified = {person.id: service.year_of(session, notices, person.id, today.year, today).verified for person in people}
    database.dispose()
    return {chat: (hours(verified[owner].public), hours(verified[owner].professional)) for chat, owner in owners.items()}


def id_number(index: int) -> str:
    """A well-formed identity number, a different one for each index below ten million."""
    born = FIRST_BIRTH + timedelta(days=index % BIRTHS)
    body = f"630104{born:%Y%m%d}{index // BIRTHS:03d}"
    return body + calc_check_digit(body + "0")


def write_files(folder: Path, records: int) -> tuple[Path, Path]:
    """The people file and the hours file of ``records`` records (at most ``MOST_RECORDS``), ``RECORDS_EACH`` a person."""
    if not 0 < records <= MOST_RECORDS:
        raise ValueError(f"{records} records")
    words, column = vocabulary.words(), entry("records")
    subjects, verified = list(words["subject"].values()), words["state"]["verified"]
    people, records_file = folder / "people.csv", folder / "hours.csv"
    _write(people, "people", ((id_number(n), f"{column['name']}{n}", *column["person"]) for n in range(records // RECORDS_EACH)))
    told = (column["form"], column["course"], 12.5, verified)
    rows = ((f"B{n:07d}", id_number(n // RECORDS_EACH), YEARS[n % len(YEARS)], subjects[n % 2], *told) for n in range(records))
    _write(records_file, "hours", rows)
    return people, records_file


def _write(path: Path, kind: str, rows: Iterable[tuple[Any, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target)
        writer.writerow(vocabulary.headings(kind).values())
        writer.writerows(rows)
