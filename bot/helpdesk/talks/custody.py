"""What every step of a handoff shares: one conversation at a time, its ticket's state, the hold, and the bot that begins anew."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.engine import Row
from sqlalchemy.orm import Session

from bot.db import Database
from bot.helpdesk.actors import number_in
from bot.helpdesk.models import TAKEN, UNIT, Staff, Ticket
from bot.helpdesk.office import OfficeHours, spoken
from bot.helpdesk.tickets import GROUP_CHATS
from bot.helpdesk.words import word
from bot.inbox import choices, outbox, reach, turns
from bot.inbox.hold import alone_with, holder, release

SYSTEM = "system"

_table = Ticket.__table__


@contextmanager
def with_ticket(database: Database, ticket_id: int) -> Iterator[tuple[Session, Row | None]]:
    """A writing session with a ticket's ``sender_id``; None for no such ticket.

    The end of a bot's answer takes the same lock (``bot.inbox.ending``): an answer is therefore written down either before somebody took
    the conversation, or not at all.
    """
    with database.write() as session:
        found = session.execute(select(_table.c.sender_id).where(_table.c.id == ticket_id)).first()
        if found is not None:
            alone_with(session, found.sender_id)
        yield session, found


def held(ticket_id: int, staff_id: int) -> Any:
    """An update of the ticket that hits it only while this person holds it."""
    return update(_table).where(_table.c.id == ticket_id, _table.c.state == TAKEN, _table.c.taken_by == staff_id)


def say(session: Session | Any, sender_id: str, text: str, now: datetime, buttons: tuple[str, ...] = ()) -> None:
    """Tell the person how things stand. A button sends its own title."""
    payload: dict[str, Any] = {"text": text, "metadata": {"kind": SYSTEM, "feedback": False}}
    if buttons:
        payload["buttons"] = [{"title": title, "payload": title} for title in buttons]
    outbox.add(session, sender_id, [payload], now, kind=SYSTEM)


def timely(key: str, office: OfficeHours, now: datetime, **facts: object) -> str:
    """The sentence under the key; outside office hours the one beside it, which says when staff are back."""
    if office.is_open(now):
        return word(key, **facts)
    return word(f"{key}_closed", opens=spoken(office.next_open(now), now), **facts)


def offer_message(session: Session | Any, sender_id: str, key: str, office: OfficeHours, now: datetime, **facts: object) -> None:
    """Say the sentence under the key, which offers to leave a message; in a group, where others would read it, the one beside it."""
    if sender_id.startswith(GROUP_CHATS):
        say(session, sender_id, timely(f"{key}_in_group", office, now, **facts), now)
    else:
        say(session, sender_id, timely(key, office, now, **facts), now, (word("handoff.leave_button"),))


def give_back(session: Session, sender_id: str, now: datetime) -> None:
    """The bot talks again, and knows nothing of what it had asked or offered before."""
    release(session, sender_id)
    turns.interrupt(session, sender_id, now)
    forget_offers(session, sender_id)


def forget_offers(session: Session, sender_id: str) -> None:
    """A number no longer picks from an old list, and an old button of a chat no longer speaks."""
    reach.offer(session, sender_id, ())
    choices.forget(session, sender_id)


def colleague(session: Session, staff_id: int) -> int | None:
    """The number of somebody who may hold conversations; None for anybody else.

    Until the transaction ends nobody disables the account: whoever does so afterwards finds in its hands what it was given here.
    """
    able = select(Staff.number).where(Staff.id == staff_id, Staff.disabled_at.is_(None), Staff.role != UNIT)
    number: int | None = session.execute(able.with_for_update(read=True)).scalar_one_or_none()
    return number


def holding(session: Session, sender_id: str) -> int | None:
    """Number of who holds the conversation; None for nobody, or for a holder that is none of the staff."""
    return number_in(holder(session, sender_id) or "")
