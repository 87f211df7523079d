"""A conversation with the served bot, and codes to bind with."""

import itertools
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sqlalchemy import select

from bot import settings
from bot.db import Database
from bot.hours import identity, service
from bot.hours.models import Person
from policies.notice import load_notices
from tests.serving import Server

POLICY_PHONE = "0971-8258157"
_numbers = itertools.count(1)


@dataclass
class Talk:
    """One person's chat over REST."""

    server: Server
    sender: str = field(default_factory=lambda: f"talk-{next(_numbers)}")
    buttons: list[str] = field(default_factory=list)

    def say(self, text: str) -> str:
        """The bot's words, with button titles kept aside in ``buttons``."""
        sent = self.server.say(text, self.sender)
        self.buttons = [button["title"] for message in sent for button in message.get("buttons") or []]
        return "\n".join(message.get("text") or "" for message in sent)

    def bind(self, id_number: str) -> str:
        """Bind as this person with a fresh code."""
        name, code = issue(self.server, id_number)
        return self.say(f"绑定 {name} {code}")


@lru_cache(maxsize=1)
def _database(url: str) -> Database:
    return Database(url)


def database_of(server: Server) -> Database:
    """The database that the served bot writes to."""
    return _database(settings.load(server.env, server.folder).database_url)


def issue(server: Server, id_number: str) -> tuple[str, str]:
    """Name and fresh bind code of a person, as the ``codes`` command makes them."""
    own = settings.load(server.env, server.folder)
    with _database(own.database_url).write() as session:
        people = session.execute(select(Person).where(Person.id_number == id_number)).scalars().all()
        (code,) = identity.issue_codes(session, own.secret_key(), people, own.now())
    return code.name, code.code


def status(server: Server, id_number: str) -> dict[str, Any]:
    """The engine's figures for a person, as ``status --json`` prints them."""
    own = settings.load(server.env, server.folder)
    with _database(own.database_url).read() as session:
        everybody = service.all_status_json(session, load_notices(), own.current_date())
        return next(dict(one) for one in everybody if one["id_number"] == id_number)


def figure(value: float) -> str:
    """A regular expression for this number of hours standing alone."""
    return rf"(?<![\d.]){re.escape(f'{value:g}')}(?![\d.])"
