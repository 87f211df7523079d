"""Requests for a human: the queue, a chat's place in it, and messages that people leave."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, delete, func, insert, or_, select, update
from sqlalchemy.engine import Row
from sqlalchemy.orm import Session

from bot.db import serialise
from bot.helpdesk.models import LEFT, OPEN, TAKEN, Draft, Staff, Ticket, TicketEvent
from bot.helpdesk.office import OfficeHours
from bot.helpdesk.words import word

UNFINISHED = (OPEN, TAKEN, LEFT)
"""A chat has one ticket of these states at most."""
GROUP_CHATS = ("tgg:",)
"""Beginnings of sender ids of chats in which others read along: nobody leaves a message there."""
LONGEST_MESSAGE = 4000  # characters of what one ticket's person has left, all together

_table = Ticket.__table__


@dataclass(frozen=True)
class Opened:
    """A chat's ticket. ``ahead``: how many wait before it; ``new``: whether this request put it there.

    ``holder``: number of who holds the conversation already; ``opens_at``: when staff are back, None while they are at work.
    """

    number: int
    ahead: int
    new: bool
    state: str = OPEN
    holder: int | None = None
    opens_at: datetime | None = None


def open_ticket(
    session: Session, sender_id: str, topic: str | None, last_question: str | None, now: datetime, office: OfficeHours
) -> Opened:
    """Put this chat into the queue; one that waits already keeps its place, one that is held stays with who holds it.

    Who left a message before and now wants to talk goes to the end of the queue, with the same ticket, and is answered anew.
    """
    found = _unfinished(session, sender_id)
    if found is not None and found.state != LEFT:
        return _opened(session, found.id, now, office, new=False)
    values = {"topic": topic, "last_question": last_question, "state": OPEN, "opened_at": now, **_offered(now, office)}
    if found is None:
        number = _insert(session, sender_id, now, **values)
    else:
        number = found.id
        values |= {"taken_by": None, "taken_at": None, "first_reply_at": None}
        if session.execute(update(_table).where(_table.c.id == number, _table.c.state == LEFT).values(values)).rowcount:
            note_event(session, number, "opened", now)
    return _opened(session, number, now, office, new=True)


def leave_message(session: Session, sender_id: str, text: str, now: datetime, office: OfficeHours) -> Opened:
    """Keep what the person leaves (masked already) with their ticket: they no longer wait, and are answered when somebody gets to it.

    What was left before stays in front of it, as much as there is room for. In a conversation that somebody holds they go on holding it.
    """
    found = _unfinished(session, sender_id)
    if found is None:
        number = _insert(session, sender_id, now, state=LEFT, opened_at=now, message=_joined("", text), **_offered(now, office))
    else:
        number = found.id
        session.execute(update(_table).where(_table.c.id == number).values(message=_joined(found.message or "", text)))
        session.execute(update(_table).where(_table.c.id == number, _table.c.state == OPEN).values(state=LEFT))
    note_event(session, number, "left", now)
    return _opened(session, number, now, office, new=found is None)


def queue(session: Session) -> list[Ticket]:
    """The tickets whose people wait for a human, who has waited longest first."""
    return list(session.execute(select(Ticket).where(Ticket.state == OPEN).order_by(Ticket.opened_at, Ticket.id)).scalars())


def place(session: Session, ticket_id: int) -> int:
    """How many wait before this ticket."""
    mine = select(_table.c.opened_at).where(_table.c.id == ticket_id).scalar_subquery()
    before = or_(_table.c.opened_at < mine, and_(_table.c.opened_at == mine, _table.c.id < ticket_id))
    return int(session.execute(select(func.count()).select_from(_table).where(_table.c.state == OPEN, before)).scalar_one())


def number_of(session: Session, staff_id: int | None) -> int | None:
    """The number by which people know somebody of the staff; None for nobody."""
    number: int | None = session.execute(select(Staff.number).where(Staff.id == staff_id)).scalar_one_or_none()
    return number


def note_event(
    session: Any,
    ticket_id: int,
    kind: str,
    now: datetime,
    staff_id: int | None = None,
    detail: str | None = None,
    client_id: str | None = None,
) -> int:
    """Write down what happened to a ticket; the event's id."""
    row = {"ticket_id": ticket_id, "at": now, "kind": kind, "staff_id": staff_id, "detail": detail, "client_id": client_id}
    return int(session.execute(insert(TicketEvent.__table__), row).inserted_primary_key[0])


def noted_before(session: Session, ticket_id: int, staff_id: int, client_id: str) -> bool:
    """Whether the ticket has a note of this writer under the id that their page gave it. To be called with the chat's lock."""
    events = TicketEvent.__table__
    same = select(events.c.id).where(events.c.ticket_id == ticket_id, events.c.staff_id == staff_id, events.c.client_id == client_id)
    return session.execute(same.limit(1)).first() is not None


def forget(session: Session, sender_id: str) -> None:
    """Empty what the chat's tickets hold of and about its words: the person had everything said deleted. The tickets stay."""
    session.execute(update(_table).where(_table.c.sender_id == sender_id).values(last_question=None, message=None))
    theirs = select(_table.c.id).where(_table.c.sender_id == sender_id)
    events, drafts = TicketEvent.__table__, Draft.__table__
    session.execute(update(events).where(events.c.ticket_id.in_(theirs), events.c.kind == "note").values(detail=None))
    session.execute(delete(drafts).where(drafts.c.ticket_id.in_(theirs)))


def unfinished_besides(session: Session, sender_id: str, ticket_id: int) -> int | None:
    """Another ticket of the chat that is not closed."""
    states: Sequence[str] = UNFINISHED
    other = select(_table.c.id).where(_table.c.sender_id == sender_id, _table.c.state.in_(states), _table.c.id != ticket_id)
    found: int | None = session.execute(other.limit(1)).scalar_one_or_none()
    return found


def alone_with_tickets(session: Session, sender_id: str) -> None:
    """Until the transaction ends nobody else gives the chat an unfinished ticket. To be called before any row of its tickets is changed."""
    serialise(session, "ticket " + sender_id)


def _unfinished(session: Session, sender_id: str) -> Row | None:
    """The chat's ticket that is not closed. Two requests of one chat take turns."""
    alone_with_tickets(session, sender_id)
    mine = select(_table.c.id, _table.c.state, _table.c.message).where(_table.c.sender_id == sender_id, _table.c.state.in_(UNFINISHED))
    return session.execute(mine.order_by(_table.c.id).limit(1)).first()


def _insert(session: Session, sender_id: str, now: datetime, **values: Any) -> int:
    number = int(session.execute(insert(_table), {"sender_id": sender_id, **values}).inserted_primary_key[0])
    note_event(session, number, "opened", now)
    return number


def _joined(before: str, text: str) -> str:
    """Both, the newest at the end; where that is too much, its end, behind a line that says so."""
    cut = word("handoff.cut") + "\n"
    whole = "\n".join(filter(None, (before.removeprefix(cut), text)))
    if len(whole) <= LONGEST_MESSAGE and not before.startswith(cut):
        return whole
    return cut + whole[len(cut) - LONGEST_MESSAGE :]


def _offered(now: datetime, office: OfficeHours) -> dict[str, Any]:
    """Outside office hours the answer itself offers to leave a message."""
    in_hours = office.is_open(now)
    return {"in_hours": in_hours, "offered_at": None if in_hours else now}


def _opened(session: Session, number: int, now: datetime, office: OfficeHours, *, new: bool) -> Opened:
    row = session.execute(select(_table.c.state, _table.c.taken_by).where(_table.c.id == number)).one()
    ahead = place(session, number) if row.state == OPEN else 0
    opens_at = None if office.is_open(now) else office.next_open(now)
    return Opened(number, ahead, new, row.state, number_of(session, row.taken_by) if row.state == TAKEN else None, opens_at)
