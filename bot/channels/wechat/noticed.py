"""What a running bot notices of its account and no API tells: kept for `check --online`, which is another process."""

from datetime import datetime, timedelta

from sqlalchemy.engine import Connection

from bot.inbox import shared_state

AES_KEY, VOICE = "wx aes-key", "wx voice"
WRONG, ON, OFF = "wrong", "on", "off"
_KEPT = timedelta(days=7)


def note(connection: Connection, what: str, value: str, now: datetime) -> None:
    """Write down what was noticed, unless it is known already."""
    if shared_state.recall(connection, what, now + _KEPT / 2) != value:
        shared_state.remember(connection, what, value, now + _KEPT)
