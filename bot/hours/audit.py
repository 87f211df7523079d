"""The audit trail: who did what to whose data."""

from datetime import datetime

from sqlalchemy.orm import Session

from bot.hours.models import AuditEntry


def note(session: Session, now: datetime, actor: str, action: str, person_id: int | None = None, detail: str = "") -> None:
    """Add an entry within the caller's transaction. ``actor`` is a sender id or ``cli``; ``detail`` holds nothing unmasked."""
    session.add(AuditEntry(at=now, actor=actor[:128], action=action, person_id=person_id, detail=detail))
