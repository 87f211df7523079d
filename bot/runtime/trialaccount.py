"""The console's account for trying it out, an administrator's, which `make run` makes; its end when real people come."""

import csv
import secrets

from sqlalchemy import select

from bot.db import Database, open_database
from bot.helpdesk.models import ADMIN, Staff
from bot.helpdesk.office import office_hours
from bot.hours.models import Person
from bot.messages import message
from bot.settings import Settings

LOGIN = "shiyong"


def only_sample(database: Database) -> bool:
    """Whether everybody on record is one of the sample people."""
    from bot.hours.sample import FOLDER  # with all that imports files

    with (FOLDER / "people.csv").open(encoding="utf-8-sig", newline="") as source:
        rows = csv.reader(source)
        next(rows)
        invented = {row[0] for row in rows}
    with database.read() as session:
        return session.execute(select(Person.id).where(Person.id_number.not_in(invented)).limit(1)).first() is None


def opened(database: Database, settings: Settings) -> str:
    """The account's password, made now; the account too, where there is none that may come in. Only among sample people."""
    from bot.helpdesk.staff import accounts

    password = secrets.token_urlsafe(9)
    if all(account.login != LOGIN for account in accounts.everyone(database)):
        accounts.add(database, LOGIN, message("runtime.try_name"), password, settings.now(), role=ADMIN)
        return password
    accounts.set_password(database, LOGIN, password, settings.now())
    if not stands(database):  # closed when there were others, who have gone again
        accounts.disable(database, LOGIN, settings.now(), disabled=False)
    return password


def stands(database: Database) -> bool:
    """Whether somebody may come in with the account. One that staff have made under the same login bears another name."""
    made = Staff.login == LOGIN, Staff.name == message("runtime.try_name"), Staff.disabled_at.is_(None)
    with database.read() as session:
        return session.execute(select(Staff.id).where(*made)).first() is not None


def closed(database: Database, settings: Settings) -> str | None:
    """Take the account out of use where anybody beside the sample people is on record: the sentence that says so; None else.

    Staff who want such an account make one of their own: this one is closed again at the next start.
    """
    if not stands(database) or only_sample(database):
        return None
    from bot.helpdesk.staff import accounts  # a worker that has nothing to close needs nothing of this either

    accounts.disable(database, LOGIN, settings.now(), office=office_hours(settings))
    return message("runtime.try_closed", login=LOGIN)


def close_and_say(settings: Settings) -> None:
    """At the start of a process: `closed` on the settings' database, its sentence on the screen."""
    database = open_database(settings)
    try:
        said = closed(database, settings)
    finally:
        database.dispose()
    if said is not None:
        print(said, flush=True)
