"""The audit trail: who did what to whose data."""

from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from bot.db import Database
from bot.hours.models import AuditEntry

BATCH = 1000
"""Entries deleted in one transaction: others write in between."""


def note(session: Session, now: datetime, actor: str, action: str, person_id: int | None = None, detail: str = "") -> None:
    """Add an entry within the caller's transaction. ``actor`` is a sender id or ``cli``; ``detail`` holds nothing unmasked."""
    session.add(AuditEntry(at=now, actor=actor[:128], action=action, person_id=person_id, detail=detail))


def old(connection: Session | Connection, before: datetime) -> int:
    """How many entries are older."""
    return int(connection.execute(select(func.count()).select_from(AuditEntry.__table__).where(AuditEntry.at < before)).scalar() or 0)


def purge(database: Database, before: datetime) -> int:
    """Delete older entries in small transactions; their number. DatabaseFault."""
    table, gone = AuditEntry.__table__, 0
    while True:
        with database.begin() as connection:
            chosen = connection.execute(select(table.c.id).where(AuditEntry.at < before).limit(BATCH)).scalars().all()
            if not chosen:
                return gone
            gone += int(connection.execute(delete(table).where(table.c.id.in_(chosen))).rowcount)
