"""有用 / 没用: one vote on one answer, by the person it was sent to."""

from datetime import datetime
from enum import Enum

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.inbox import missed
from bot.inbox.models import Feedback, Outbox
from bot.inbox.outbox import wants_feedback

USEFUL, USELESS = "useful", "useless"
VOTES = frozenset({USEFUL, USELESS})


class Outcome(Enum):
    """What became of a vote."""

    STORED = "stored"
    ALREADY = "already"  # voted before; the first vote stands
    REFUSED = "refused"  # no such message of this sender, or one that asks for no vote


def vote(session: Session, outbox_id: int, sender_id: str, value: str, now: datetime) -> Outcome:
    """Store the vote. ValueError for anything but useful and useless; foreign and missing messages read the same."""
    if value not in VOTES:
        raise ValueError(value)
    row = session.execute(select(Outbox.payload).where(Outbox.id == outbox_id, Outbox.sender_id == sender_id)).one_or_none()
    if row is None or not wants_feedback(row.payload):
        return Outcome.REFUSED
    try:
        with session.begin_nested():
            session.add(Feedback(outbox_id=outbox_id, sender_id=sender_id, vote=value, at=now))
            session.flush()
    except IntegrityError:
        return Outcome.ALREADY
    if value == USELESS:
        missed.voted_useless(session, outbox_id, sender_id, now)
    return Outcome.STORED
