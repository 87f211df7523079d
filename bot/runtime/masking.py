"""Secrets kept out of logs: libraries write addresses, and a platform's tokens are part of them."""

import json
import re
from functools import lru_cache
from urllib.parse import quote

from bot import settings
from bot.settings import PREFIX, SettingsError

SECRETS = ("TELEGRAM_TOKEN", "WECHAT_TOKEN", "WECHAT_SECRET", "WECHAT_AES_KEY", "REST_TOKEN", "SECRET_KEY")
_GAP = "…"
_SHAPES = (
    r"(?<![0-9])[0-9]{5,}(?::|%3A)[A-Za-z0-9_-]{20,}",  # a token of a Telegram bot, alone or in an address
    r"(?<=access_token=)[^&\s\"']+",
    r"(?<=secret=)[^&\s\"']+",
)


def hide(text: str) -> str:
    """The text with … for every secret of the settings and for whatever looks like a platform's token."""
    return _pattern().sub(_GAP, text)


@lru_cache(maxsize=1)
def _pattern() -> re.Pattern[str]:
    try:
        loaded = settings.load()
        values = {value for name in SECRETS if (value := loaded.get(PREFIX + name))}
    except SettingsError:  # that is for somebody else to tell
        values = set()
    written = {form for value in values for form in (value, quote(value, safe=""), json.dumps(value)[1:-1])}
    literal = [re.escape(form) for form in sorted(written, key=len, reverse=True)]
    return re.compile("|".join([*literal, *_SHAPES]))
