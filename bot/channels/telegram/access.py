"""What the settings say about the Telegram account. Imports no Telegram library: the supervisor asks here whether there is one."""

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from bot.messages import message
from bot.settings import Settings, SettingsError

TOKEN, WEBHOOK_URL, API = "BOT_TELEGRAM_TOKEN", "BOT_TELEGRAM_WEBHOOK_URL", "BOT_TELEGRAM_API"
DEFAULT_API = "https://api.telegram.org"
PATH = "/webhooks/telegram/webhook"
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"

_SHAPE = re.compile(r"[0-9]{5,20}:[A-Za-z0-9_-]{30,100}")
_LABEL = b"telegram webhook"


@dataclass(frozen=True)
class Access:
    """One bot account: its token, the server of the Bot API, where updates are to be brought, and the secret they must bear."""

    token: str = field(repr=False)
    api: str
    webhook_url: str | None
    secret: str = field(repr=False)

    @property
    def bot_id(self) -> int:
        """The bot's own user id."""
        return int(self.token.partition(":")[0])


def access(settings: Settings) -> Access | None:
    """The account, None while no token is set. SettingsError for a value that cannot be one."""
    token = settings.get(TOKEN)
    if token is None:
        return None
    if not _SHAPE.fullmatch(token):
        raise SettingsError(message("channels.telegram.bad_token", name=TOKEN))
    webhook_url = settings.get(WEBHOOK_URL)
    if webhook_url is not None:
        webhook_url = _address(WEBHOOK_URL, webhook_url)
        if urlsplit(webhook_url).path in ("", "/"):
            webhook_url = webhook_url.rstrip("/") + PATH
    api = _address(API, settings.get(API) or DEFAULT_API).rstrip("/")
    # Derived, so that webhook, polling process and Telegram agree without one more setting to keep.
    secret = hmac.new(settings.secret_key(), _LABEL, hashlib.sha256).hexdigest()
    return Access(token, api, webhook_url, secret)


def _address(name: str, value: str) -> str:
    try:
        parts = urlsplit(value)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise SettingsError(message("channels.telegram.bad_address", name=name))
    return value
