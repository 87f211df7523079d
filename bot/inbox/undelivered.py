"""What has not reached people: messages that wait, are being tried again, or were given up, and why."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from bot.inbox import reach
from bot.inbox.models import SENT, Outbox

_table = Outbox.__table__


@dataclass(frozen=True)
class Undelivered:
    """One message, without its words. ``may_push``: how many messages the platform now lets us push to the person."""

    id: int
    sender_id: str
    state: str
    reason: str | None
    attempts: int
    at: datetime
    may_push: int


def since(session: Session | Connection, at: datetime, now: datetime, limit: int) -> Iterator[Undelivered]:
    """The messages written since then that have not been delivered, the oldest first."""
    found = select(_table).where(_table.c.state != SENT, _table.c.created_at >= at).order_by(_table.c.id).limit(limit)
    for row in session.execute(found).all():
        count, _ = reach.left(session, row.sender_id, now)
        yield Undelivered(row.id, row.sender_id, row.state, row.reason, row.attempts, row.created_at, count)
