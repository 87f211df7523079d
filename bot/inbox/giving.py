"""Messages that travel in a response to the platform: all that lies undelivered for the person, once, and the same again on a repeat."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.engine import Connection

from bot.db import serialise
from bot.inbox import outbox, reach
from bot.inbox.journal import reply_of
from bot.inbox.models import PENDING, SENT, WAITING, Journal, Outbox
from bot.inbox.outbox import Outgoing

RESPONSE = timedelta(seconds=1)
"""So long a response may be on its way: what it does not hold is pushed after it."""

_table, _journal = Outbox.__table__, Journal.__table__


@dataclass(frozen=True)
class Given:
    """What one response holds. ``done``: messages whose last part it holds; ``begun``: how many parts of a message have now gone out."""

    text: str
    done: Sequence[int] = ()
    begun: dict[int, int] = field(default_factory=dict)
    options: Sequence[tuple[str, str]] = ()
    """Title and sentence of each line of the numbered list that it ends in."""
    more: bool = False
    """Whether it tells the person to write anything for the rest; else the rest follows by itself."""


Compose = Callable[[Sequence[Outgoing]], Given]
"""Makes one response out of messages, the oldest first; what does not fit stays for the next."""


def give(connection: Connection, sender_id: str, journal_id: int, compose: Compose, now: datetime) -> str | None:
    """The text to answer the platform's delivery of this message with; None when there is nothing to say.

    What is given counts as delivered. A later delivery of the same message gets the same text: the platform never had the first.
    """
    serialise(connection, "outbox " + sender_id)
    before = reply_of(connection, journal_id)
    if before is not None:
        return before
    lying = select(_table).where(_table.c.sender_id == sender_id, _table.c.state.in_((PENDING, WAITING))).order_by(_table.c.id)
    lying = lying.with_for_update()  # PostgreSQL: whoever pushes may be taking one of them
    messages = [outbox.outgoing(row) for row in connection.execute(lying)]
    if not messages:
        return None
    given = compose(messages)
    gone = {"state": SENT, "attempts": _table.c.attempts + 1, "due_at": None, "reason": None}
    connection.execute(update(_table).where(_table.c.id.in_(list(given.done))).values(gone))
    rest = [message.id for message in messages if message.id not in given.done]
    onward = {} if given.more else {"state": PENDING, "reason": None}  # what waited for a word of the person's has had one
    connection.execute(update(_table).where(_table.c.id.in_(rest)).values(due_at=now + RESPONSE, **onward))
    for outbox_id, parts in given.begun.items():
        connection.execute(update(_table).where(_table.c.id == outbox_id).values(parts=parts))
    connection.execute(update(_journal).where(_journal.c.id == journal_id).values(reply=given.text))
    reach.promise(connection, sender_id, now if given.more else None)
    reach.offer(connection, sender_id, given.options)
    return given.text
