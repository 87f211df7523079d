"""What was said in one conversation: journal and outbox, in the order of time."""

from collections.abc import Iterable, Mapping
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
Span = tuple[datetime | None, datetime | None]
"""From a moment until before another; None where it has no end."""
WHENEVER: Span = (None, None)
BEFORE, BEHIND, BEHIND_MOST = 6, 3, 40
"""Messages of the person around a moment, and answers at most."""


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
    return _ordered(asked, told)


def around(session: Session, sender_id: str, at: datetime, within: Span = WHENEVER) -> list[Line]:
    """What was said in the conversation around a moment, oldest first: a few messages of the person with the answers among them.

    Nothing from outside the span ``within``: there the chat was another's.
    """
    asked = select(Journal.id, Journal.text, Journal.received_at).where(Journal.sender_id == sender_id, *_in(within, Journal.received_at))
    before = session.execute(asked.where(Journal.received_at <= at).order_by(Journal.id.desc()).limit(BEFORE)).all()
    behind = session.execute(asked.where(Journal.received_at > at).order_by(Journal.id).limit(BEHIND + 1)).all()
    first = min([row.received_at for row in before], default=at)
    answers = (
        select(Outbox.id, Outbox.kind, Outbox.payload, Outbox.created_at, Feedback.vote)
        .outerjoin(Feedback, Feedback.outbox_id == Outbox.id)
        .where(Outbox.sender_id == sender_id, Outbox.created_at >= first, *_in(within, Outbox.created_at))
    )
    if len(behind) > BEHIND:
        answers = answers.where(Outbox.created_at < behind[-1].received_at)
    return _ordered([*before, *behind[:BEHIND]], session.execute(answers.order_by(Outbox.id).limit(BEHIND_MOST)).all())


def _in(within: Span, column: Any) -> list[Any]:
    first, end = within
    return [*([] if first is None else [column >= first]), *([] if end is None else [column < end])]


def _ordered(asked: Iterable[Any], told: Iterable[Any]) -> list[Line]:
    # Within one instant (a test's clock stands still) questions come first and each side keeps its order.
    lines = [((row.received_at, 0, row.id), Line(None, PERSON, {"text": row.text}, row.received_at)) for row in asked]
    lines += [((row.created_at, 1, row.id), Line(row.id, row.kind, row.payload, row.created_at, row.vote)) for row in told]
    return [line for _, line in sorted(lines, key=lambda pair: pair[0])]
