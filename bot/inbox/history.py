"""What was said in one conversation: journal and outbox, in the order of time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.inbox.models import Feedback, Journal, Outbox


@dataclass(frozen=True)
class Line:
    """One message. ``outbox_id`` is None for what the person wrote, whose payload is its text; ``vote`` is theirs on an answer."""

    outbox_id: int | None
    kind: str
    payload: Mapping[str, Any]
    at: datetime
    vote: str | None = None


PERSON = "person"


def history(session: Session, sender_id: str, limit: int = 100) -> list[Line]:
    """The last messages of the conversation, oldest first: at most ``limit`` of each side. An answer follows its question."""
    asked = session.execute(
        select(Journal.id, Journal.text, Journal.received_at).where(Journal.sender_id == sender_id).order_by(Journal.id.desc()).limit(limit)
    ).all()
    told = session.execute(
        select(Outbox.id, Outbox.kind, Outbox.payload, Outbox.created_at, Feedback.vote)
        .outerjoin(Feedback, Feedback.outbox_id == Outbox.id)
        .where(Outbox.sender_id == sender_id)
        .order_by(Outbox.id.desc())
        .limit(limit)
    ).all()
    # Within one instant (a test's clock stands still) questions come first and each side keeps its order.
    lines = [((row.received_at, 0, row.id), Line(None, PERSON, {"text": row.text}, row.received_at)) for row in asked]
    lines += [((row.created_at, 1, row.id), Line(row.id, row.kind, row.payload, row.created_at, row.vote)) for row in told]
    return [line for _, line in sorted(lines, key=lambda pair: pair[0])]
