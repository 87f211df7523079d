"""What was said around a moment in a chat, for staff: no more than while the chat spoke for whom it spoke then, and whose that is."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from bot.helpdesk.lookup.person import LOOKUP
from bot.hours import audit
from bot.hours.identity import BoundPerson, bound_person
from bot.inbox.history import Line, around


@dataclass(frozen=True)
class Said:
    """The lines, oldest first, and the person they are of; None where the chat was nobody's yet."""

    lines: list[Line]
    person: BoundPerson | None


def said_around(session: Session, sender_id: str, at: datetime) -> Said:
    """A chat speaks for one person from the moment it was bound. What was said before is nobody's, and what was said since is not theirs
    who wrote before: a look at the one must not show the other. Whoever shows the lines notes it first: `note_look`."""
    person = bound_person(session, sender_id)
    if person is None:
        return Said(around(session, sender_id, at), None)
    if person.bound_at > at:
        return Said(around(session, sender_id, at, (None, person.bound_at)), None)
    return Said(around(session, sender_id, at, (person.bound_at, None)), person)


def note_look(session: Session, actor: str, said: Said, where: str, number: int, now: datetime) -> None:
    """Put into the audit trail what was looked at: on which page the row of which number, and of whom."""
    audit.note(session, now, actor, LOOKUP, said.person.id if said.person else None, f"{where} {number}")
