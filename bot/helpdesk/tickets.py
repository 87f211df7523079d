"""Opening tickets for people who asked for a human."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.helpdesk.models import Ticket

OPEN = "open"


@dataclass(frozen=True)
class Opened:
    """A ticket's number, how many wait before it, and whether this request opened it."""

    number: int
    ahead: int
    new: bool


def open_ticket(session: Session, sender_id: str, topic: str | None, last_question: str | None, now: datetime) -> Opened:
    """Open a ticket for this chat; a chat that waits already keeps its place."""
    waiting = session.execute(select(Ticket).where(Ticket.sender_id == sender_id, Ticket.state == OPEN)).scalars().first()
    new = waiting is None
    if waiting is None:
        waiting = Ticket(sender_id=sender_id, topic=topic, last_question=last_question, state=OPEN, opened_at=now)
        session.add(waiting)
        session.flush()
    ahead = session.execute(select(func.count()).select_from(Ticket).where(Ticket.state == OPEN, Ticket.id < waiting.id)).scalar_one()
    return Opened(int(waiting.id), int(ahead), new)
