"""What Telegram has to be told about the bot: how updates come, and its commands."""

from telegram import Bot, BotCommand

from bot.channels.telegram.access import Access
from bot.channels.telegram.commands import commands

ALLOWED_UPDATES = ["message", "callback_query", "my_chat_member"]
MAX_CONNECTIONS = 40


async def set_up(bot: Bot, access: Access) -> None:
    """Register webhook or its absence, and the menu; updates that wait are kept. TelegramError."""
    if access.webhook_url is None:
        await bot.delete_webhook(drop_pending_updates=False)
    else:
        await bot.set_webhook(
            access.webhook_url, secret_token=access.secret, allowed_updates=ALLOWED_UPDATES, max_connections=MAX_CONNECTIONS
        )
    await bot.set_my_commands(menu())


def menu() -> list[BotCommand]:
    """The menu of commands, in Chinese."""
    return [BotCommand(command.name, command.description) for command in commands().values()]
