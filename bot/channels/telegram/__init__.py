"""Telegram: a bot of the Bot API, by webhook or long polling (`bot.runtime.telegramhost`), in private chats, groups and topics."""

from typing import Any

__all__ = ["TelegramChannel"]


def __getattr__(name: str) -> Any:
    """The channel's class, imported when Rasa asks for it: the polling process uses this package, too, and has no Rasa."""
    if name == "TelegramChannel":
        from bot.channels.telegram.channel import TelegramChannel

        return TelegramChannel
    raise AttributeError(name)
