"""Outgoing messages: each one a row with its state, read by the channel that delivers it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, func, insert, or_, select, update
from sqlalchemy.engine import Connection, Row
from sqlalchemy.orm import Session

from bot.db import serialise
from bot.inbox.models import PENDING, SENT, Outbox

_table = Outbox.__table__
_INSERT = insert(_table)
_OF_JOURNAL = select(_table).where(_table.c.journal_id == bindparam("journal_id")).order_by(_table.c.id)

DEFAULT_KIND = "other"
KIND_LENGTH = 20


@dataclass(frozen=True)
class Outgoing:
    """One outgoing message. ``id`` grows within a sender in the order in which the messages became visible."""

    id: int
    sender_id: str
    kind: str
    payload: Mapping[str, Any]
    created_at: datetime
    state: str
    journal_id: int | None = None
    due_at: datetime | None = None
    parts: int = 0
    """How many of its parts have reached the platform."""
    attempts: int = 0

    @property
    def wants_feedback(self) -> bool:
        """Whether the person may be asked if this answer was useful."""
        return wants_feedback(self.payload)


def wants_feedback(payload: Mapping[str, Any]) -> bool:
    """Whether the message's metadata says that the person may be asked if it was useful."""
    metadata = payload.get("metadata")
    return isinstance(metadata, Mapping) and metadata.get("feedback") is True


def kind_of(payload: Mapping[str, Any]) -> str:
    """The kind that the answer's metadata names."""
    metadata = payload.get("metadata")
    kind = metadata.get("kind") if isinstance(metadata, Mapping) else None
    return kind[:KIND_LENGTH] if isinstance(kind, str) and kind else DEFAULT_KIND


def add(
    session: Session | Connection,
    sender_id: str,
    payloads: Sequence[Mapping[str, Any]],
    now: datetime,
    *,
    kind: str | None = None,
    journal_id: int | None = None,
    state: str = PENDING,
    due_at: datetime | None = None,
) -> list[Outgoing]:
    """Write outgoing messages down, in order. ``kind`` overrides what the metadata says; before ``due_at`` none is pushed.

    Readers follow a sender's messages by id. PostgreSQL draws ids before it commits, so that a reader could pass over a lower id that is
    not visible yet; a lock per sender until the end of the transaction makes ids and visibility agree. SQLite has one writer anyway.
    """
    if not payloads:
        return []
    serialise(session, "outbox " + sender_id)
    added = []
    for payload in payloads:  # one by one: a bulk insert need not number in order
        row: dict[str, Any] = {
            "sender_id": sender_id,
            "journal_id": journal_id,
            "kind": kind or kind_of(payload),
            "payload": dict(payload),
            "created_at": now,
            "state": state,
            "due_at": due_at,
        }
        added.append(Outgoing(id=int(session.execute(_INSERT, {**row, "attempts": 0}).inserted_primary_key[0]), **row))
    return added


def after(session: Session, cursors: Mapping[str, int], limit: int = 500) -> list[Outgoing]:
    """The messages of several senders that come after each one's cursor (the last id it has seen), in order."""
    if not cursors:
        return []
    unseen = or_(*(and_(Outbox.sender_id == sender_id, Outbox.id > cursor) for sender_id, cursor in cursors.items()))
    return [outgoing(row) for row in session.execute(select(_table).where(unseen).order_by(Outbox.id).limit(limit))]


def of_journal(session: Session | Connection, journal_id: int) -> list[Outgoing]:
    """The answers to one inbound message, in order: what a channel gives when the platform delivers that message again."""
    return [outgoing(row) for row in session.execute(_OF_JOURNAL, {"journal_id": journal_id})]


def pending(session: Session | Connection, sender_id: str) -> list[Outgoing]:
    """The sender's messages that nobody has delivered yet, in order."""
    waiting = select(_table).where(_table.c.sender_id == sender_id, _table.c.state == PENDING).order_by(_table.c.id)
    return [outgoing(row) for row in session.execute(waiting)]


def owed(session: Session | Connection, channel: str, since: datetime | None) -> set[str]:
    """Senders of a channel for whom a message lies undelivered that was written since then, or at any time."""
    waiting = select(_table.c.sender_id).where(_table.c.state == PENDING)
    if since is not None:
        waiting = waiting.where(_table.c.created_at >= since)
    return set(session.execute(waiting.where(_table.c.sender_id.startswith(channel + ":", autoescape=True)).distinct()).scalars())


def give_back(session: Session | Connection, journal_id: int) -> None:
    """Note that answers which were to travel in a response reached nobody after all; what was delivered later did reach somebody."""
    unheard = _table.c.journal_id == journal_id, _table.c.state == SENT, _table.c.attempts == 0
    session.execute(update(_table).where(*unheard).values(state=PENDING))


def latest_id(session: Session, sender_id: str) -> int:
    """The id of the sender's last outgoing message; 0 without one."""
    return int(session.execute(select(func.max(Outbox.id)).where(Outbox.sender_id == sender_id)).scalar() or 0)


def mark_sent(session: Session | Connection, ids: Collection[int]) -> int:
    """Note that pending messages have reached the platform (or the person's browser); how many were still pending."""
    if not ids:
        return 0
    lying = _table.c.id.in_(list(ids)), _table.c.state == PENDING
    return int(session.execute(update(_table).where(*lying).values(state=SENT, attempts=_table.c.attempts + 1)).rowcount)


def lies_up_to(session: Session | Connection, sender_id: str, last: int) -> list[int]:
    """The ids of the sender's undelivered messages up to this one."""
    lying = select(_table.c.id).where(_table.c.sender_id == sender_id, _table.c.state == PENDING, _table.c.id <= last)
    return list(session.execute(lying).scalars())


def outgoing(row: Row) -> Outgoing:
    """The message of a row of the table."""
    facts = (row.created_at, row.state, row.journal_id, row.due_at, row.parts, row.attempts)
    return Outgoing(row.id, row.sender_id, row.kind, row.payload, *facts)
