"""What `python -m bot check --online` asks Telegram."""

import asyncio
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from telegram import Bot, WebhookInfo
from telegram.error import Conflict, Forbidden, InvalidToken, TelegramError

from bot.channels.telegram.access import Access, access
from bot.channels.telegram.sending import bot_of
from bot.channels.telegram.setup import ALLOWED_UPDATES, menu
from bot.messages import message
from bot.settings import ZONE, Settings

MANY = 100
"""So many updates that wait are too many."""
LISTENING_SECONDS = 4
POLLING_PROCESS = b"bot.runtime.telegramhost"

Findings = list[tuple[str, str | None]]


async def findings(settings: Settings) -> Findings:
    """What was looked at, each with why it is not in order or None. Empty while the channel is off. SettingsError."""
    account = access(settings)
    if account is None:
        return []
    bot = bot_of(account)
    try:
        return await _look(bot, account)
    except (InvalidToken, Forbidden):
        return [(_say("account"), _say("bad_token"))]
    except TelegramError as failure:
        return [(_say("account"), _say("unreachable", api=account.api, why=type(failure).__name__))]
    finally:
        await bot.request.shutdown()


async def _look(bot: Bot, account: Access) -> Findings:
    me = await bot.get_me()
    info = await bot.get_webhook_info()
    found: Findings = [(_say("account") + f" @{me.username}", None), (_say("receiving"), _receiving(info, account))]
    many = info.pending_update_count > MANY
    found.append((_say("pending"), _say("many_pending", count=info.pending_update_count) if many else None))
    if account.webhook_url is None:
        if not info.url:
            found.append((_say("polling"), await _polled_elsewhere(bot)))
    else:
        found.append((_say("last_error"), _last_error(info)))
        if info.has_custom_certificate:
            found.append((_say("receiving"), _say("certificate")))
    how = _say("privacy_off" if me.can_read_all_group_messages else "privacy_on")
    found.append((_say("privacy", how=how), None))
    listed = [(command.command, command.description) for command in await bot.get_my_commands()]
    wanted = [(command.command, command.description) for command in menu()]
    found.append((_say("commands"), None if listed == wanted else _say("no_commands")))
    return found


def _receiving(info: WebhookInfo, account: Access) -> str | None:
    if info.url == (account.webhook_url or ""):
        return None
    if not info.url:
        return _say("no_webhook")
    return _say("other_webhook" if account.webhook_url else "webhook_left", url=info.url)


async def _polled_elsewhere(bot: Bot) -> str | None:
    """Whether another program polls: Telegram ends the poll of whoever came first, and the other program comes back for its own.

    Asking without an offset confirms nothing. Our own polling is left in peace: it logs whom it meets.
    """
    if await asyncio.to_thread(_we_poll):
        return None
    try:
        await bot.get_updates(limit=1, timeout=LISTENING_SECONDS, allowed_updates=ALLOWED_UPDATES)
    except Conflict:
        return _say("polled_elsewhere")
    return None


def _we_poll() -> bool:
    """Whether a bot of this machine is running with polling of its own."""
    for commandline in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if POLLING_PROCESS in commandline.read_bytes():
                return True
    return False


def _last_error(info: WebhookInfo) -> str | None:
    if not info.last_error_message:
        return None
    at = info.last_error_date.astimezone(ZONE) if isinstance(info.last_error_date, datetime) else None
    return _say("failed_delivery", at=at.strftime("%Y-%m-%d %H:%M") if at else "", why=info.last_error_message)


def _say(key: str, **facts: object) -> str:
    return message(f"channels.telegram.check.{key}", **facts)
