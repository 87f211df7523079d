"""Publishing the account's menu: what `python -m bot wechat-menu` does."""

import json

from bot import settings as bot_settings
from bot.channels.wechat import menu
from bot.channels.wechat.account import account_of
from bot.channels.wechat.client import Api, ApiFault
from bot.channels.wechat.online import refusal
from bot.db import open_database
from bot.messages import message
from bot.settings import SettingsError


def shown() -> str:
    """The menu as the platform would get it."""
    return json.dumps(menu.published(), ensure_ascii=False, indent=2)


def publish() -> None:
    """Publish it. SettingsError where the account is not set up or the platform refuses, with what to do; DatabaseFault."""
    settings = bot_settings.load()
    account = account_of(settings)
    if account is None or account.secret is None:
        raise SettingsError(message("channels.wechat.off"))
    database = open_database(settings)
    try:
        Api(account, database, settings.now).create_menu(menu.published())
    except ApiFault as fault:
        raise SettingsError(refusal(fault)) from None
    finally:
        database.dispose()
