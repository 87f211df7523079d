"""What was said in one chat as staff see it: person, bot, staff, their notes and what became of the ticket, in the order of time."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from sqlalchemy import Column, bindparam, func, literal, or_, select
from sqlalchemy.orm import Session
from sqlalchemy.sql import Select

from bot.db import Moment
from bot.helpdesk.models import Staff, StaffMessage, Ticket, TicketEvent
from bot.helpdesk.talks.reaching import Delivery, channel_of, delivery
from bot.inbox.models import Journal, Outbox
from bot.inbox.outbox import Outgoing

PERSON, BOT, STAFF, SYSTEM, NOTE, EVENT = "person", "bot", "staff", "system", "note", "event"
NEWEST = 150  # of each source: what a page shows at once
TRACKED = 30  # newest staff messages of a ticket whose delivery is followed
UNSETTLED = timedelta(seconds=10)
"""On PostgreSQL a lower id may become visible after a higher one; what is older than this has become visible."""

_NEVER = datetime(9999, 1, 1, tzinfo=timezone.utc)
_CURSOR = re.compile(r"j(\d{1,18})\.o(\d{1,18})\.e(\d{1,18})")
_SOURCES = "joe"


@dataclass(frozen=True)
class Writer:
    """Somebody of staff, as colleagues and people read them."""

    id: int
    number: int
    name: str


@dataclass(frozen=True)
class Entry:
    """One thing said or done. ``id`` is j, o or e with the row's number: the same for ever, so that a page shows it once."""

    id: str
    kind: str  # person, bot, staff, system, note, event
    at: datetime
    text: str
    buttons: tuple[str, ...] = ()
    by: Writer | None = None
    what: str = ""
    """Of an event its kind."""
    ticket_id: int | None = None
    delivery: Delivery | None = None
    client_id: str | None = None

    @property
    def number(self) -> int:
        """The row's number within its source."""
        return int(self.id[1:])

    @property
    def order(self) -> str:
        """Sorts as text; within one instant questions come first, and each source keeps its order."""
        return f"{self.at.timestamp():017.6f}{_SOURCES.index(self.id[0])}{self.number:019d}"


@dataclass(frozen=True)
class Cursor:
    """How far somebody has read: the last number of each source."""

    journal: int = 0
    outbox: int = 0
    event: int = 0

    def __str__(self) -> str:
        return f"j{self.journal}.o{self.outbox}.e{self.event}"

    @classmethod
    def parse(cls, text: str | None) -> "Cursor | None":
        """The inverse of ``str``; None for anything else."""
        found = _CURSOR.fullmatch(text or "")
        return cls(*map(int, found.groups())) if found else None

    def past(self, entries: Iterable[Entry]) -> "Cursor":
        """This cursor moved on over ``entries``; never back."""
        furthest = {"j": self.journal, "o": self.outbox, "e": self.event}
        for entry in entries:
            furthest[entry.id[0]] = max(furthest[entry.id[0]], entry.number)
        return Cursor(furthest["j"], furthest["o"], furthest["e"])


def _sources() -> list[tuple[Select, Column]]:
    """For journal, outbox and events: the query of one sender's rows, and the key that numbers them.

    Of a ticket that is over nothing later but its own notes: what was said then belongs to the bot or to another ticket, and the chat
    may speak for somebody else by then.
    """
    sender, ticket = bindparam("sender"), bindparam("of_ticket", type_=Ticket.id.type)
    end = func.coalesce(select(Ticket.closed_at).where(Ticket.id == ticket).scalar_subquery(), literal(_NEVER, Moment()))
    writer = Staff.id.label("staff_id"), Staff.number, Staff.name
    said = select(Journal.id, Journal.text, Journal.received_at.label("at")).where(Journal.sender_id == sender, Journal.received_at <= end)
    told = (
        select(Outbox.id, Outbox.kind, Outbox.payload, Outbox.created_at.label("at"), Outbox.state, Outbox.reason, *writer)
        .add_columns(StaffMessage.client_id, StaffMessage.ticket_id)
        .outerjoin(StaffMessage, StaffMessage.outbox_id == Outbox.id)
        .outerjoin(Staff, Staff.id == StaffMessage.staff_id)
        .where(Outbox.sender_id == sender, Outbox.created_at <= end)
    )
    done = (
        select(TicketEvent.id, TicketEvent.kind, TicketEvent.detail, TicketEvent.at, TicketEvent.ticket_id, *writer)
        .add_columns(TicketEvent.client_id)
        .join(Ticket, Ticket.id == TicketEvent.ticket_id)
        .outerjoin(Staff, Staff.id == TicketEvent.staff_id)
        .where(Ticket.sender_id == sender, or_(TicketEvent.at <= end, TicketEvent.ticket_id == ticket))
    )
    return [(said, Journal.id), (told, Outbox.id), (done, TicketEvent.id)]


# Built once: asked several times a second for every open page.
_NEWEST = [query.order_by(key.desc()).limit(bindparam("most")) for query, key in _sources()]
_AFTER = [query.where(key > bindparam("passed")).order_by(key).limit(bindparam("most")) for query, key in _sources()]
_DELIVERIES = (
    select(Outbox.id, Outbox.sender_id, Outbox.state, Outbox.reason, Outbox.created_at)
    .join(StaffMessage, StaffMessage.outbox_id == Outbox.id)
    .where(StaffMessage.ticket_id == bindparam("ticket"))
    .order_by(StaffMessage.outbox_id.desc())
    .limit(TRACKED)
)


def history(session: Session, sender_id: str, now: datetime, limit: int = NEWEST, ticket_id: int | None = None) -> list[Entry]:
    """The newest entries of the chat, at most ``limit`` of each source, oldest first; of a ticket that is over up to its end."""
    asked = {"sender": sender_id, "most": limit, "of_ticket": ticket_id}
    return _gathered(sender_id, now, [session.execute(query, asked).all() for query in _NEWEST])


def after(session: Session, sender_id: str, cursor: Cursor, now: datetime, limit: int = 500, ticket_id: int | None = None) -> list[Entry]:
    """The entries that come after ``cursor``, oldest first; of more than ``limit`` of a source the first ones. ``ticket_id`` as there."""
    passed = zip(_AFTER, (cursor.journal, cursor.outbox, cursor.event), strict=True)
    asked = {"sender": sender_id, "most": limit, "of_ticket": ticket_id}
    return _gathered(sender_id, now, [session.execute(query, {**asked, "passed": last}).all() for query, last in passed])


def sent(session: Session, outgoing: Outgoing, now: datetime) -> Entry:
    """The entry of a message that has just been written."""
    asked = {"sender": outgoing.sender_id, "passed": outgoing.id - 1, "most": 1, "of_ticket": None}
    return _outgoing(session.execute(_AFTER[1], asked).one(), channel_of(outgoing.sender_id), now)


def settled(entries: Iterable[Entry], now: datetime) -> Cursor:
    """The cursor after those entries of a page behind which nothing can turn up any more."""
    return Cursor().past(entry for entry in entries if entry.at < now - UNSETTLED)


def deliveries(session: Session, ticket_id: int, now: datetime) -> dict[str, Delivery]:
    """What became of the ticket's newest staff messages, by entry id."""
    rows = session.execute(_DELIVERIES, {"ticket": ticket_id}).all()
    return {f"o{row.id}": delivery(channel_of(row.sender_id), row.state, row.reason, row.created_at, now) for row in rows}


def _gathered(sender_id: str, now: datetime, found: list[list[Any]]) -> list[Entry]:
    said, told, done = found
    channel = channel_of(sender_id)
    entries = [Entry(f"j{row.id}", PERSON, row.at, row.text) for row in said]
    entries += [_outgoing(row, channel, now) for row in told]
    entries += [_happened(row) for row in done]
    return sorted(entries, key=lambda entry: entry.order)


def _outgoing(row: Any, channel: str, now: datetime) -> Entry:
    kind = row.kind if row.kind in (STAFF, SYSTEM) else BOT
    buttons = tuple(str(button.get("title") or "") for button in row.payload.get("buttons") or ())
    state = delivery(channel, row.state, row.reason, row.at, now) if kind == STAFF else None
    text = str(row.payload.get("text") or "")
    return Entry(f"o{row.id}", kind, row.at, text, buttons, _writer(row), "", row.ticket_id, state, row.client_id)


def _happened(row: Any) -> Entry:
    kind = NOTE if row.kind == "note" else EVENT
    return Entry(f"e{row.id}", kind, row.at, row.detail or "", (), _writer(row), row.kind, row.ticket_id, None, row.client_id)


def _writer(row: Any) -> Writer | None:
    return None if row.staff_id is None else Writer(row.staff_id, row.number, row.name)
