"""The person a chat is bound to, with this year's figures, for whoever is about to write to them."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.helpdesk.lookup.person import LOOKUP
from bot.helpdesk.talks.lists import Item
from bot.hours import audit, service
from bot.hours.identity import BoundPerson, bound_person
from bot.hours.models import AuditEntry
from policies.model import YearStatus
from policies.notice import Notices


@dataclass(frozen=True)
class ChatPerson:
    """Who it is and how their year stands."""

    person: BoundPerson
    year: YearStatus


def whose(session: Session, item: Item) -> BoundPerson | None:
    """The person a conversation is held with; None when its chat is bound to nobody, or was bound after it was over."""
    return bound_person(session, item.sender_id, item.closed_at)


def behind(session: Session, notices: Notices, item: Item, today: date) -> ChatPerson | None:
    """The person of a conversation with this year's figures. Whoever shows them notes it first: `note_look`."""
    person = whose(session, item)
    return None if person is None else ChatPerson(person, service.year_of(session, notices, person.id, None, today))


def note_look(session: Session, actor: str, person_id: int | None, ticket_id: int, now: datetime) -> None:
    """Put into the audit trail that somebody reads a chat, and the figures of the person it is bound to, if it is to one."""
    audit.note(session, now, actor, LOOKUP, person_id, f"ticket {ticket_id}")


def last_look(session: Session, actor: str, ticket_id: int, since: datetime) -> datetime | None:
    """When that somebody last opened the conversation, as far as it was after ``since``."""
    entry = AuditEntry.__table__.c
    theirs = entry.actor == actor, entry.action == LOOKUP, entry.detail == f"ticket {ticket_id}"
    looks = session.execute(select(func.max(entry.occurred_at)).where(entry.occurred_at > since, *theirs))
    found: datetime | None = looks.scalar_one()
    return found
