"""Conversations as lists: what waits, is held or was left as a message; what is over, to be found again."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.sql import Select

from bot.helpdesk.models import CLOSED, LEFT, OPEN, TAKEN, Seen, Staff, Ticket
from bot.helpdesk.talks.conversation import Writer
from bot.helpdesk.talks.reaching import channel_of
from bot.hours.models import ChatIdentity
from bot.inbox.models import Journal

MOST = 300  # in the lists of a page
FOUND = 40  # of a search
SHOWN = 200  # characters of the newest message

WAITING, MINE, MESSAGES, OTHERS, OVER = "waiting", "mine", "messages", "others", "over"
"""Where a ticket stands for somebody of staff."""


@dataclass(frozen=True)
class Item:
    """One ticket. ``said``: how the person's newest message begins; ``unread``: how many of theirs its holder has not seen.

    ``bound_at``: since when its chat speaks for somebody; None while it does for nobody."""

    ticket_id: int
    sender_id: str
    state: str
    topic: str | None
    question: str | None
    message: str | None
    opened_at: datetime
    closed_at: datetime | None
    holder: Writer | None
    said: str | None
    said_at: datetime | None
    unread: int
    bound_at: datetime | None

    @property
    def channel(self) -> str:
        """The channel of its chat."""
        return channel_of(self.sender_id)

    def section(self, staff_id: int) -> str:
        """Which list it stands in for somebody of staff."""
        if self.state == TAKEN:
            return MINE if self.holder and self.holder.id == staff_id else OTHERS
        return {OPEN: WAITING, LEFT: MESSAGES}.get(self.state, OVER)


def _tickets() -> Select:
    newest = select(func.max(Journal.id)).where(Journal.sender_id == Ticket.sender_id).scalar_subquery()
    theirs = Ticket.state == TAKEN, Journal.sender_id == Ticket.sender_id, Journal.received_at >= Ticket.opened_at
    unseen = select(func.count()).select_from(Journal).where(*theirs, Journal.id > func.coalesce(Seen.journal_id, 0))
    asked = Ticket.id, Ticket.sender_id, Ticket.state, Ticket.topic, Ticket.last_question, Ticket.message
    holder = Staff.id.label("staff_id"), Staff.number, Staff.name
    return (
        select(*asked, Ticket.opened_at, Ticket.closed_at, *holder)
        .add_columns(newest.label("newest"), unseen.scalar_subquery().label("unseen"), ChatIdentity.bound_at)
        .select_from(Ticket)
        .outerjoin(Staff, Staff.id == Ticket.taken_by)
        .outerjoin(Seen, and_(Seen.ticket_id == Ticket.id, Seen.staff_id == Ticket.taken_by))
        .outerjoin(ChatIdentity, ChatIdentity.sender_id == Ticket.sender_id)
    )


# Built once: asked several times a second while pages are open.
_TICKETS = _tickets()
_STANDING = _TICKETS.where(Ticket.state.in_((OPEN, TAKEN, LEFT)))
_ACTIVE = _STANDING.order_by(Ticket.state == LEFT, Ticket.opened_at, Ticket.id).limit(MOST)  # people who wait before messages that lie
_NEWEST = Journal.id, func.substr(Journal.text, 1, SHOWN).label("text"), Journal.received_at
_SAID = select(*_NEWEST).where(Journal.id.in_(bindparam("newest", expanding=True)))


def active(session: Session) -> tuple[Item, ...]:
    """What is not over, the oldest first; messages that were left come after people who wait or talk."""
    return _items(session, _ACTIVE)


def one(session: Session, ticket_id: int) -> Item | None:
    """One ticket, over or not."""
    return next(iter(_items(session, _TICKETS.where(Ticket.id == ticket_id))), None)


def over(session: Session, words: str) -> tuple[Item, ...]:
    """What is over, the newest first; with words: what has them in its question or message, or bears them as its number."""
    wanted: Any = Ticket.state == CLOSED
    if words.strip():
        fits = [column.contains(words.strip(), autoescape=True) for column in (Ticket.last_question, Ticket.message)]
        number = words.strip().lstrip("#")
        if number.isascii() and number.isdigit() and len(number) < 19:
            fits.append(Ticket.id == int(number))
        wanted = and_(wanted, or_(*fits))
    return _items(session, _TICKETS.where(wanted).order_by(Ticket.opened_at.desc(), Ticket.id.desc()).limit(FOUND))


def counts(session: Session, staff_id: int) -> dict[str, int]:
    """How many people wait for a human, and how many messages in this one's hands nobody has read."""
    people = session.execute(select(func.count()).select_from(Ticket).where(Ticket.state == OPEN)).scalar_one()
    mine = _items(session, _TICKETS.where(Ticket.state == TAKEN, Ticket.taken_by == staff_id).limit(MOST))
    return {"waiting": int(people), "unread": sum(item.unread for item in mine)}


def has_seen(session: Session, staff_id: int, ticket_id: int, journal_id: int) -> None:
    """Note that somebody has the person's messages up to this one before their eyes; never back."""
    mine = Seen.staff_id == staff_id, Seen.ticket_id == ticket_id
    onward = update(Seen).where(*mine, Seen.journal_id < journal_id).values(journal_id=journal_id)
    if session.execute(onward).rowcount or session.execute(select(Seen.journal_id).where(*mine)).first() is not None:
        return
    try:
        with session.begin_nested():
            session.add(Seen(staff_id=staff_id, ticket_id=ticket_id, journal_id=journal_id))
    except IntegrityError:  # another page of the same agent was faster
        session.execute(onward)


def _items(session: Session, query: Select) -> tuple[Item, ...]:
    rows = session.execute(query).all()
    last = session.execute(_SAID, {"newest": [row.newest for row in rows if row.newest]})
    said = {row.id: row for row in last}
    return tuple(_item(row, said.get(row.newest)) for row in rows)


def _item(row: Any, said: Any) -> Item:
    holder = Writer(row.staff_id, row.number, row.name) if row.state == TAKEN and row.staff_id is not None else None
    facts = row.id, row.sender_id, row.state, row.topic, row.last_question, row.message, row.opened_at, row.closed_at
    return Item(*facts, holder, said and said.text, said and said.received_at, row.unseen if holder else 0, row.bound_at)
