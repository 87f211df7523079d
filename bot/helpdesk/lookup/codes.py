"""Handing out a bind code at the console."""

from datetime import datetime

from sqlalchemy.orm import Session

from bot.helpdesk.lookup.person import visible
from bot.hours.identity import IssuedCode, issue_codes

CODE = "console-code"


def issue(session: Session, secret: bytes, person_id: int, unit: str | None, actor: str, now: datetime) -> IssuedCode | None:
    """A fresh code, the unused ones revoked; None where the person may not be seen. The caller commits."""
    person = visible(session, person_id, unit)
    return None if person is None else issue_codes(session, secret, [person], now, actor, CODE)[0]
