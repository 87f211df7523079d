"""The person a chat is bound to, with this year's figures, for whoever is about to write to them."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from bot.hours import audit, service
from bot.hours.identity import BoundPerson, bound_person
from policies.model import YearStatus
from policies.notice import Notices


@dataclass(frozen=True)
class ChatPerson:
    """Who it is and how their year stands."""

    person: BoundPerson
    year: YearStatus


def behind(session: Session, notices: Notices, sender_id: str, today: date) -> ChatPerson | None:
    """The person behind the chat, None when it is bound to nobody. Whoever shows them notes it first: `note_look`."""
    person = bound_person(session, sender_id)
    return None if person is None else ChatPerson(person, service.year_of(session, notices, person.id, None, today))


def note_look(session: Session, actor: str, person_id: int | None, ticket_id: int, now: datetime) -> None:
    """Put into the audit trail that somebody reads a chat, and the figures of the person it is bound to, if it is to one."""
    audit.note(session, now, actor, "console-lookup", person_id, f"ticket {ticket_id}")
