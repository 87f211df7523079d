"""A conversation in a human's hands: taken, answered, handed on, given back. Each use case is one short transaction."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, insert, literal, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.db import Database, Moment
from bot.helpdesk import tickets
from bot.helpdesk.actors import actor_of
from bot.helpdesk.models import CLOSED, LEFT, OPEN, TAKEN, StaffMessage, Ticket
from bot.helpdesk.office import ALWAYS_THERE, OfficeHours
from bot.helpdesk.talks.custody import colleague, forget_offers, give_back, held, holding, offer_message, say, with_ticket
from bot.helpdesk.talks.written import cleaned, unfit
from bot.helpdesk.tickets import note_event, number_of
from bot.helpdesk.words import word
from bot.inbox import journal, outbox
from bot.inbox.hold import hold, move
from bot.inbox.models import Outbox
from bot.inbox.outbox import Outgoing

STAFF = "staff"

UNKNOWN = "unknown"
"""No such ticket."""
NOT_YOURS = "not_yours"
"""Somebody else holds the conversation."""
FINISHED = "finished"
"""The ticket is not in a state in which this can be done: closed, or not taken yet."""
NEWER = "newer"
"""The chat has another ticket by now."""
NO_SUCH_STAFF = "no_such_staff"
"""Nobody of that id may hold conversations; nor, where one is handed on, oneself."""

_table, _written, _outbox = Ticket.__table__, StaffMessage.__table__, Outbox.__table__


@dataclass(frozen=True)
class Taken:
    """Whether the conversation is now in the hands of who asked for it. ``by``: number of who holds it, or None."""

    ok: bool
    by: int | None = None
    reason: str = ""


@dataclass(frozen=True)
class Done:
    """Whether it was done; if not, why, and the number of who holds the conversation, or None."""

    ok: bool
    reason: str = ""
    by: int | None = None


@dataclass(frozen=True)
class Replied:
    """The message as it goes out; ``repeated``: it was written down before. Else why not, and the number of who holds the conversation."""

    outgoing: Outgoing | None
    repeated: bool = False
    refused: str = ""
    by: int | None = None


class _Undo(Exception):  # noqa: N818 (carries the outcome out of a transaction that must leave nothing)
    def __init__(self, outcome: Taken) -> None:
        super().__init__(outcome.reason)
        self.outcome = outcome


def take(database: Database, ticket_id: int, staff_id: int, now: datetime) -> Taken:
    """Take a waiting person, or one who left a message. Of two who try at once one gets it, the other learns who has it.

    From the commit on the bot is silent; what the person wrote and nobody has answered yet is the human's.
    """
    return _into_hands(database, ticket_id, staff_id, now, (OPEN, LEFT), "taken")


def reopen(database: Database, ticket_id: int, staff_id: int, now: datetime) -> Taken:
    """Take up a closed ticket again, to write to the person once more; not while the chat has a newer one."""
    return _into_hands(database, ticket_id, staff_id, now, (CLOSED,), "reopened")


def reply(database: Database, ticket_id: int, staff_id: int, text: str, client_id: str, now: datetime) -> Replied:
    """Write to the person whose conversation one holds. The same ``client_id`` of the same writer is the same message, written once.

    Nothing is masked: what staff write they know. Characters that cannot be seen are taken out.
    """
    text = cleaned(text)
    if why := unfit(text):
        return Replied(None, refused=why)
    try:
        with with_ticket(database, ticket_id) as (session, ticket):
            if ticket is None:
                return Replied(None, refused=UNKNOWN)
            before = _written_before(session, staff_id, client_id)
            if before is not None:
                return Replied(before, repeated=True)
            first = func.coalesce(_table.c.first_reply_at, literal(now, Moment()))
            if not session.execute(held(ticket_id, staff_id).values(first_reply_at=first)).rowcount:
                refused = _refused(session, ticket_id, staff_id)
                return Replied(None, refused=refused.reason, by=refused.by)
            payload = {"text": text, "metadata": {"kind": STAFF, "feedback": False}}
            (outgoing,) = outbox.add(session, ticket.sender_id, [payload], now, kind=STAFF)
            who = {"outbox_id": outgoing.id, "ticket_id": ticket_id, "staff_id": staff_id, "client_id": client_id}
            session.execute(insert(_written), who)
            return Replied(outgoing)
    except IntegrityError:  # PostgreSQL: the same message from the same page, about another ticket, at the same moment
        with database.read() as session:
            return Replied(_written_before(session, staff_id, client_id), repeated=True)


def note(database: Database, ticket_id: int, staff_id: int, text: str, now: datetime, client_id: str | None = None) -> Done:
    """Keep a note that only the staff read; anybody may write one, at any time. The same ``client_id`` of the same writer is the same."""
    text = cleaned(text)
    if why := unfit(text):
        return Done(False, why)
    with with_ticket(database, ticket_id) as (session, ticket):
        if ticket is None:
            return Done(False, UNKNOWN)
        if client_id is None or not tickets.noted_before(session, ticket_id, staff_id, client_id):
            note_event(session, ticket_id, "note", now, staff_id, text, client_id)
        return Done(True)


def transfer(
    database: Database, ticket_id: int, from_staff: int, to_staff: int | None, now: datetime, office: OfficeHours = ALWAYS_THERE
) -> Done:
    """Hand the conversation to a colleague, or with None back into the queue.

    In the queue the person has the place of their first call, and the bot talks with them again until somebody takes them.
    """
    with with_ticket(database, ticket_id) as (session, ticket):
        if ticket is None:
            return Done(False, UNKNOWN)
        if to_staff is None:
            return _into_queue(session, ticket_id, ticket.sender_id, from_staff, now, office)
        number = colleague(session, to_staff)
        if number is None or to_staff == from_staff:
            return Done(False, NO_SUCH_STAFF)
        if not session.execute(held(ticket_id, from_staff).values(taken_by=to_staff, taken_at=now)).rowcount:
            return _refused(session, ticket_id, from_staff)
        move(session, ticket.sender_id, actor_of(number))
        say(session, ticket.sender_id, word("handoff.moved", number=number), now)
        note_event(session, ticket_id, "transferred", now, from_staff, str(number))
        return Done(True, by=number)


def take_over(database: Database, ticket_id: int, staff_id: int, now: datetime) -> Done:
    """Take a conversation out of the hands of a colleague who has left it standing: for admins. NOT_YOURS never comes of it."""
    with with_ticket(database, ticket_id) as (session, ticket):
        if ticket is None:
            return Done(False, UNKNOWN)
        number = colleague(session, staff_id)
        if number is None:
            return Done(False, NO_SUCH_STAFF)
        theirs = update(_table).where(_table.c.id == ticket_id, _table.c.state == TAKEN, _table.c.taken_by != staff_id)
        if not session.execute(theirs.values(taken_by=staff_id, taken_at=now)).rowcount:
            return _refused(session, ticket_id, staff_id)
        move(session, ticket.sender_id, actor_of(number))
        say(session, ticket.sender_id, word("handoff.moved", number=number), now)
        note_event(session, ticket_id, "taken_over", now, staff_id)
        return Done(True, by=number)


def let_go(database: Database, staff_id: int, now: datetime, office: OfficeHours = ALWAYS_THERE) -> int:
    """Put all that somebody holds back into the queue: they work here no more. How many conversations."""
    with database.read() as session:
        held_now = session.execute(select(_table.c.id).where(_table.c.taken_by == staff_id, _table.c.state == TAKEN)).scalars().all()
    return sum(transfer(database, ticket_id, staff_id, None, now, office).ok for ticket_id in held_now)


def close(database: Database, ticket_id: int, staff_id: int, now: datetime) -> Done:
    """End it and give the person back to the bot, who begins anew. A message that was left is closed without a word, by anybody."""
    with with_ticket(database, ticket_id) as (session, ticket):
        if ticket is None:
            return Done(False, UNKNOWN)
        tickets.alone_with_tickets(session, ticket.sender_id)  # what the person leaves in this moment lands on a ticket that is read
        ended = {"state": CLOSED, "closed_at": now}
        left = update(_table).where(_table.c.id == ticket_id, _table.c.state == LEFT)
        if not session.execute(left.values(ended)).rowcount:
            if not session.execute(held(ticket_id, staff_id).values(ended)).rowcount:
                return _refused(session, ticket_id, staff_id)
            give_back(session, ticket.sender_id, now)
            say(session, ticket.sender_id, word("handoff.back"), now)
        note_event(session, ticket_id, "closed", now, staff_id)
        return Done(True)


def _into_hands(database: Database, ticket_id: int, staff_id: int, now: datetime, states: tuple[str, ...], event: str) -> Taken:
    try:
        with with_ticket(database, ticket_id) as (session, ticket):
            return (
                Taken(False, None, UNKNOWN) if ticket is None else _hand(session, ticket_id, ticket.sender_id, staff_id, now, states, event)
            )
    except _Undo as undo:
        return undo.outcome


def _hand(session: Session, ticket_id: int, sender_id: str, staff_id: int, now: datetime, states: tuple[str, ...], event: str) -> Taken:
    tickets.alone_with_tickets(session, sender_id)
    number = colleague(session, staff_id)
    if number is None:
        return Taken(False, None, NO_SUCH_STAFF)
    mine = {"state": TAKEN, "taken_by": staff_id, "taken_at": now, "closed_at": None}
    if not session.execute(update(_table).where(_table.c.id == ticket_id, _table.c.state.in_(states)).values(mine)).rowcount:
        refused = _refused(session, ticket_id, staff_id)
        return Taken(refused.by is not None and refused.by == number, refused.by, refused.reason)
    if tickets.unfinished_besides(session, sender_id, ticket_id) is not None:
        raise _Undo(Taken(False, holding(session, sender_id), NEWER))
    if not hold(session, sender_id, actor_of(number), now):
        raise _Undo(Taken(False, holding(session, sender_id), NOT_YOURS))
    journal.leave_to_human(session, sender_id)
    forget_offers(session, sender_id)
    say(session, sender_id, word("handoff.serving", number=number), now)
    note_event(session, ticket_id, event, now, staff_id)
    return Taken(True, number)


def _into_queue(session: Session, ticket_id: int, sender_id: str, from_staff: int, now: datetime, office: OfficeHours) -> Done:
    # what the person reads now offers to leave a message, so the clock of waiting need not
    if not session.execute(held(ticket_id, from_staff).values(state=OPEN, taken_by=None, offered_at=now)).rowcount:
        return _refused(session, ticket_id, from_staff)
    give_back(session, sender_id, now)
    told = {"number": number_of(session, from_staff), "ahead": tickets.place(session, ticket_id)}
    offer_message(session, sender_id, "handoff.queued", office, now, **told)
    note_event(session, ticket_id, "transferred", now, from_staff)
    return Done(True)


def _refused(session: Session, ticket_id: int, staff_id: int) -> Done:
    """Why nothing was changed."""
    stands = session.execute(select(_table.c.state, _table.c.taken_by).where(_table.c.id == ticket_id)).one()
    if stands.state != TAKEN:
        return Done(False, FINISHED)
    return Done(False, FINISHED if stands.taken_by == staff_id else NOT_YOURS, number_of(session, stands.taken_by))


def _written_before(session: Session, staff_id: int, client_id: str) -> Outgoing | None:
    mine = select(_outbox).join(_written, _written.c.outbox_id == _outbox.c.id)
    row = session.execute(mine.where(_written.c.staff_id == staff_id, _written.c.client_id == client_id)).first()
    return None if row is None else outbox.outgoing(row)
