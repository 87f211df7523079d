"""What every channel of one process shares: settings, database, intake."""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, Protocol

from bot import settings as bot_settings
from bot.db import Database, open_database
from bot.inbox.intake import Intake, Sentences
from bot.inbox.text import MAX_TEXT
from bot.messages import message
from bot.settings import Settings

CONTACT = "bot.contact.contact"
"""Channels know no policies: the function that reads the notice's telephone numbers is named in credentials.yml (key ``contact``)."""


class Contact(Protocol):
    """Telephone numbers of the notice in force."""

    @property
    def policy_phone(self) -> str: ...

    @property
    def numbers(self) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class Context:
    """Shared by the channels of one process, so that they share one pool of connections."""

    settings: Settings
    database: Database
    intake: Intake


def build(settings: Settings, contact: Callable[[date], Contact]) -> Context:
    """A context on ``settings``. Nothing is connected and no secret is read yet."""
    phones = contact(settings.current_date())
    database = open_database(settings)
    sentences = Sentences(
        blank=message("inbox.blank"),
        too_long=message("inbox.too_long", limit=MAX_TEXT),
        unavailable=message("inbox.unavailable", phone=phones.policy_phone),
    )
    return Context(settings, database, Intake(database, sentences, settings.now, phones.numbers))


def from_credentials(credentials: Mapping[str, Any] | None) -> Context:
    """The process's context; SettingsError for a wrong setting, ImportError for a wrong ``contact``."""
    return _shared(str((credentials or {}).get("contact", CONTACT)))


@lru_cache(maxsize=1)
def _shared(contact_path: str) -> Context:
    module, _, name = contact_path.rpartition(".")
    return build(bot_settings.load(), getattr(importlib.import_module(module), name))
