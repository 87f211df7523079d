"""How long messages are kept, and what is deleted when a person takes their binding away."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import and_, delete, func, select
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session
from sqlalchemy.schema import Column, Table

from bot.db import Database, delete_where
from bot.inbox import reach, turns
from bot.inbox.models import RECEIVED, DialogueTurn, Journal, Missed, Outbox

TABLES: Mapping[str, tuple[Table, Column]] = {
    "journal": (Journal.__table__, Journal.__table__.c.received_at),
    "conversations": (DialogueTurn.__table__, DialogueTurn.__table__.c.at),
    "outbox": (Outbox.__table__, Outbox.__table__.c.created_at),
    "missed": (Missed.__table__, Missed.__table__.c.at),
}
"""What can be purged, with the moment that tells a row's age."""


def old(what: str, connection: Session | Connection, before: datetime) -> int:
    """How many rows are older. A message that still waits for its answer is not."""
    table, _ = TABLES[what]
    return int(connection.execute(select(func.count()).select_from(table).where(_older(what, before))).scalar() or 0)


def purge(what: str, database: Database, before: datetime) -> int:
    """Delete what is older, in small transactions; the number of rows. Votes go with their answers. DatabaseFault."""
    table, _ = TABLES[what]
    key = next(iter(table.primary_key.columns))  # of a dialogue its sender: a batch of people rather than of rows
    return delete_where(database, key, _older(what, before))


def forget(session: Session | Connection, sender_id: str, but: int | None = None) -> None:
    """Delete everything said with the sender: dialogue, answers, what was missed, messages (``but`` the one being answered). No commit."""
    turns.forget(session, sender_id)
    session.execute(delete(Outbox.__table__).where(Outbox.sender_id == sender_id))
    session.execute(delete(Missed.__table__).where(Missed.sender_id == sender_id))
    messages = delete(Journal.__table__).where(Journal.sender_id == sender_id)
    reach.forget(session, sender_id)
    session.execute(messages if but is None else messages.where(Journal.id != but))


def _older(what: str, before: datetime) -> Any:
    table, moment = TABLES[what]
    return and_(moment < before, table.c.state != RECEIVED) if what == "journal" else moment < before
