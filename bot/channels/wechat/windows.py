"""What a person's act opens: a time in which the platform lets us write to them."""

from datetime import datetime

from sqlalchemy.engine import Connection

from bot.channels.wechat.incoming import EVENT, Incoming
from bot.inbox import reach

_OPENING = frozenset({"subscribe", "scan", "click"})


def opened_by(incoming: Incoming) -> str | None:
    """The window that this opens; None for an event that happens without the person's doing, or at the end of it all."""
    if incoming.kind == EVENT:
        return reach.TAP if incoming.event in _OPENING else None
    return reach.TAP if "bizmsgmenuid" in incoming.elements else reach.MESSAGE  # a tap on a line of a list arrives as a text


def note(connection: Connection, incoming: Incoming, sender_id: str, now: datetime) -> None:
    """Note that the person acted, or has left: at the first delivery only, since a later one allows nothing more."""
    window = opened_by(incoming)
    if window is not None:
        reach.opened(connection, sender_id, window, now)
    elif incoming.event == "unsubscribe":
        reach.lost(connection, sender_id, reach.UNSUBSCRIBED)
