"""Telegram: a bot of the Bot API, by webhook or long polling (`bot.runtime.telegramhost`), in private chats, groups and topics."""
