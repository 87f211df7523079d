"""A Bot API for tests: a real HTTP server that treats a bot as Telegram does, and the people who talk to that bot."""

from tests.telegram_api.api import TOKEN, USERNAME, Action, Call, CallbackAnswer, TelegramApi
from tests.telegram_api.chats import Chat, Sent
from tests.telegram_api.people import Group, Person

__all__ = ["TOKEN", "USERNAME", "Action", "Call", "CallbackAnswer", "Chat", "Group", "Person", "Sent", "TelegramApi"]
