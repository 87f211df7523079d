"""What every action works at: settings, database, notices and prepared texts, opened on first use and kept for the process."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from rasa_sdk import Tracker
from sqlalchemy.orm import Session

from bot import settings
from bot.answers import Answer, Answers
from bot.db import Database, open_database
from bot.helpdesk.tickets import GROUP_CHATS
from bot.hours import identity
from bot.hours.identity import BoundPerson
from bot.nlu.turn import Turn, turn_from_data
from policies.notice import Notices, load_notices

__all__ = ["GROUP_CHATS", "Desk", "journal_id", "open_desk", "turns", "visitor"]


@dataclass(frozen=True)
class Desk:
    """The process's own copies of what answers are made from."""

    settings: settings.Settings
    database: Database
    notices: Notices
    answers: Answers

    @property
    def today(self) -> date:
        return self.settings.current_date()

    @property
    def now(self) -> datetime:
        return self.settings.now()

    def say(self, response: str, /, **facts: Any) -> Answer:
        """A response of the domain, filled."""
        return self.answers.say(response, self.today, **facts)

    def report(self, template: str, /, **facts: Any) -> Answer:
        """An engine result in words."""
        return self.answers.report(template, self.today, **facts)


@lru_cache(maxsize=1)
def open_desk() -> Desk:
    """Open the database and read the notices once. SettingsError, DatabaseNotReady or NoticeError where that fails."""
    current = settings.load()
    notices = load_notices()
    return Desk(current, open_database(current), notices, Answers.from_files(notices))


@contextmanager
def visitor(desk: Desk, sender_id: str) -> Iterator[tuple[Session, BoundPerson | None]]:
    """A reading session and the person bound to this chat; nobody is bound in a group chat."""
    with desk.database.read() as session:
        person = None if sender_id.startswith(GROUP_CHATS) else identity.bound_person(session, sender_id)
        yield session, person


def journal_id(tracker: Tracker) -> int | None:
    """The journal row of the message being answered."""
    found = (tracker.latest_message.get("metadata") or {}).get("journal_id")
    return found if isinstance(found, int) else None


def turns(tracker: Tracker) -> list[Turn]:
    """What the latest message asked for: its parts, or the one turn."""
    meaning = tracker.latest_message.get("meaning") or {}
    read = [turn_from_data(data) for data in meaning.get("parts") or [meaning.get("turn")]]
    return [turn for turn in read if turn is not None]
