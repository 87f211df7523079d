"""The audit trail: who did what to whose data."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from bot.db import Database, delete_where
from bot.hours.models import AuditEntry

COMMAND_LINE = "cli"


def note(session: Session, now: datetime, actor: str, action: str, person_id: int | None = None, detail: str = "") -> None:
    """Add an entry within the caller's transaction; ``detail`` holds nothing unmasked.

    ``actor`` is a sender id, ``staff:<number>`` or ``COMMAND_LINE``.
    """
    session.add(AuditEntry(at=now, actor=actor[:128], action=action, person_id=person_id, detail=detail))


def old(connection: Session | Connection, before: datetime) -> int:
    """How many entries are older."""
    return int(connection.execute(select(func.count()).select_from(AuditEntry.__table__).where(AuditEntry.at < before)).scalar() or 0)


def purge(database: Database, before: datetime) -> int:
    """Delete older entries in small transactions; their number. DatabaseFault."""
    return delete_where(database, AuditEntry.__table__.c.id, AuditEntry.at < before)
