"""What every channel of one process shares: settings, database, intake."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from bot import settings as bot_settings
from bot.contact import Contact, contact
from bot.db import Database, open_database
from bot.inbox.intake import Intake
from bot.inbox.question import Sentences
from bot.inbox.text import MAX_TEXT, MOST_KEPT
from bot.messages import message
from bot.settings import Settings


@dataclass(frozen=True)
class Context:
    """Shared by the channels of one process, so that they share one pool of connections."""

    settings: Settings
    database: Database
    intake: Intake
    phone: str
    """The policy telephone number of the notice in force."""

    def failed(self, channel: str) -> None:
        """Count a failure of the channel with whoever listens by then."""
        self.intake.observer.channel_error(channel)


def build(settings: Settings, contact_on: Callable[[date], Contact]) -> Context:
    """A context on ``settings``; ``contact_on`` gives the numbers of a day's notice. Nothing is connected and no secret is read yet."""
    phones = contact_on(settings.current_date())
    database = open_database(settings)
    sentences = Sentences(
        blank=message("inbox.blank"),
        too_long=message("inbox.too_long", limit=MAX_TEXT),
        unavailable=message("inbox.unavailable", phone=phones.policy_phone),
        delayed=message("inbox.delayed", phone=phones.policy_phone),
        send_again=message("inbox.send_again", phone=phones.policy_phone),
        switched_off=message("inbox.switched_off", phone=phones.policy_phone),
        cut=message("inbox.cut", limit=MOST_KEPT),
    )
    return Context(settings, database, Intake(database, sentences, settings.now, phones.numbers), phones.policy_phone)


@lru_cache(maxsize=1)
def shared() -> Context:
    """This process's context, on its environment. SettingsError for a wrong setting, NoticeError for a notice that cannot be read."""
    return build(bot_settings.load(), contact)
