"""What agents have begun to write: kept for each agent, conversation and kind, so that no reload and no restart costs a word."""

from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.helpdesk.models import Draft

REPLY, NOTE = "reply", "note"
KINDS = (REPLY, NOTE)
LONGEST = 4000  # characters


def save(session: Session, staff_id: int, ticket_id: int, kind: str, text: str, now: datetime) -> None:
    """Keep the text in place of what was kept; an empty one keeps nothing. ValueError for an unknown kind or a text too long."""
    if kind not in KINDS or len(text) > LONGEST:
        raise ValueError(kind)
    mine = Draft.staff_id == staff_id, Draft.ticket_id == ticket_id, Draft.kind == kind
    if not text.strip():
        session.execute(delete(Draft).where(*mine).execution_options(synchronize_session=False))
        return
    change = update(Draft).where(*mine).values(text=text, at=now).execution_options(synchronize_session=False)
    if session.execute(change).rowcount:
        return
    try:
        with session.begin_nested():
            session.add(Draft(staff_id=staff_id, ticket_id=ticket_id, kind=kind, text=text, at=now))
    except IntegrityError:  # another page of the same agent was faster
        session.execute(change)


def of(session: Session, staff_id: int, ticket_id: int) -> dict[str, str]:
    """What the agent has begun in the conversation, by kind."""
    mine = select(Draft.kind, Draft.text).where(Draft.staff_id == staff_id, Draft.ticket_id == ticket_id)
    return {row.kind: row.text for row in session.execute(mine)}
