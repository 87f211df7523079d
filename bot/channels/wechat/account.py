"""The account's settings."""

import re
from dataclasses import dataclass, field

from bot.messages import message
from bot.settings import PREFIX, Settings, SettingsError

API = "https://api.weixin.qq.com"
_AES_KEY = re.compile(r"[0-9A-Za-z]{43}")
_ON = frozenset({"1", "on", "yes", "true"})


@dataclass(frozen=True)
class Account:
    """What the platform and we know of each other. Without ``secret`` nothing can be pushed; without ``aes_key`` nothing is encrypted."""

    token: str = field(repr=False)
    app_id: str | None
    secret: str | None = field(repr=False)
    aes_key: str | None = field(repr=False)
    links: bool
    """Whether the lines of a numbered list are links to tap."""
    api: str
    """Where the platform's API lies, without a slash at the end."""


def account_of(settings: Settings) -> Account | None:
    """The account; None while BOT_WECHAT_TOKEN is not set. SettingsError for a key that cannot be one or a missing app id."""
    token, app_id, aes_key, secret, links, api = (
        settings.get(PREFIX + name)
        for name in ("WECHAT_TOKEN", "WECHAT_APP_ID", "WECHAT_AES_KEY", "WECHAT_SECRET", "WECHAT_LINKS", "WECHAT_API")
    )
    if token is None:
        return None
    if aes_key is not None and not _AES_KEY.fullmatch(aes_key):
        raise SettingsError(message("channels.wechat.bad_aes_key", name=f"{PREFIX}WECHAT_AES_KEY"))
    if app_id is None and (aes_key or secret):
        raise SettingsError(message("channels.wechat.app_id_needed", name=f"{PREFIX}WECHAT_APP_ID"))
    return Account(token, app_id, secret, aes_key, (links or "").lower() in _ON, (api or API).rstrip("/"))
