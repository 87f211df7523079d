"""`make run`: from an empty folder to a bot one can try: database, sample people, model, codes to bind with."""

import os
import subprocess
import sys
from functools import partial

from sqlalchemy import select

from bot import schema
from bot import settings as settings_module
from bot.db import Database, open_database
from bot.hours.identity import issue_codes
from bot.hours.models import Person
from bot.hours.sample import load_sample
from bot.messages import message
from bot.runtime import consoles, launcher, training, trialaccount
from bot.settings import Settings

SAMPLE_DAY = "2023-11-20"
"""The day the sample people are made for."""
TRY_CODES = 2


def run(port: int) -> None:
    """Bring up everything and serve on `port`. While only sample people are on record, the day is `SAMPLE_DAY` unless BOT_TODAY is set."""
    settings = settings_module.load()
    for host, wanted in ((settings.host, port), (consoles.host_of(settings), port + 1)):
        launcher.reserve(host, wanted).close()  # a busy port is said before training
    database = open_database(settings)
    lines: list[str] = []
    try:
        schema.upgrade(database)
        if load_sample(database, settings.now()):
            print(message("runtime.sample_loaded"), flush=True)
        if trialaccount.only_sample(database):
            if settings.today is None:
                os.environ["BOT_TODAY"] = SAMPLE_DAY  # for the action server too
                settings = settings_module.load()
            lines = lines_to_try(database, settings)
        elif said := trialaccount.closed(database, settings):
            print(said, flush=True)
    finally:
        database.dispose()
    train_if_stale()
    launcher.run(settings, launcher.Launch(port=port, console_port=port + 1, when_ready=partial(print, "\n".join(lines))))


def train_if_stale() -> None:
    """In a process of its own, so that its memory does not stay with the server. SystemExit when it fails; it has said why."""
    if not training.may_stay(training.Recipe()):  # what staff have taught since then waits for their own training
        code = subprocess.run([sys.executable, "-m", "bot", "train"], check=False).returncode
        if code:
            raise SystemExit(code)


def lines_to_try(database: Database, settings: Settings) -> list[str]:
    """An account of the console with a fresh password, and binding sentences with fresh codes of the first sample people."""
    with database.write() as session:
        people = session.execute(select(Person).order_by(Person.id).limit(TRY_CODES)).scalars().all()
        issued = issue_codes(session, settings.secret_key(), people, settings.now())
    lines = [message("runtime.try_console", login=trialaccount.LOGIN, password=trialaccount.opened(database, settings))]
    return [*lines, message("runtime.try_codes"), *(message("runtime.try_code", name=one.name, code=one.code) for one in issued)]
