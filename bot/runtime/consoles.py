"""Where the helpdesk console listens: on this machine alone unless somebody says otherwise and has set a secret."""

from bot.helpdesk.words import word
from bot.settings import PREFIX, Settings, SettingsError

LOCAL = frozenset({"127.0.0.1", "::1", "localhost"})
LOOPBACK = "127.0.0.1"


def host_of(settings: Settings) -> str:
    """BOT_CONSOLE_HOST, by default loopback. SettingsError where it is another address and no secret is set."""
    host = settings.get(PREFIX + "CONSOLE_HOST") or LOOPBACK
    if host not in LOCAL and settings.get(PREFIX + "SECRET_KEY") is None:
        raise SettingsError(word("accounts.secret_needed", host=host))
    return host


def address(settings: Settings, port: int) -> str:
    """What to open in a browser."""
    host = host_of(settings)
    return f"http://{LOOPBACK if host in ('0.0.0.0', '::') else host}:{port}/"
