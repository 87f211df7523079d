"""Writing an inbound message down before anything is done with it, and how that ended."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.inbox.hold import holder
from bot.inbox.models import HELD, RECEIVED, Journal

_table = Journal.__table__
_INSERT = insert(_table)
_MARK = update(_table).where(_table.c.id == bindparam("journal_id")).values(state=bindparam("ended"))


@dataclass(frozen=True)
class Entry:
    """The journal row of a message: its id, its state, and whether it was there before (the platform sent it twice)."""

    id: int
    state: str
    duplicate: bool


def write(session: Session, *, channel: str, sender_id: str, external_id: str | None, text: str, now: datetime) -> Entry:
    """Claim the message (channel, external_id) and write it down, as held when a human holds the conversation.

    The claim is the unique key: of two deliveries at the same moment one inserts, the other finds the row.
    """
    state = RECEIVED if holder(session, sender_id) is None else HELD
    row = {"sender_id": sender_id, "channel": channel, "external_id": external_id, "text": text, "received_at": now, "state": state}
    if external_id is None:
        return Entry(_insert(session, row), state, duplicate=False)
    try:
        with session.begin_nested():
            return Entry(_insert(session, row), state, duplicate=False)
    except IntegrityError:
        found = session.execute(
            select(Journal.id, Journal.state).where(Journal.channel == channel, Journal.external_id == external_id)
        ).one()
        return Entry(found.id, found.state, duplicate=True)


def mark(session: Session, journal_id: int, state: str) -> None:
    """Set how the message ended: processed, failed or held."""
    session.execute(_MARK, {"journal_id": journal_id, "ended": state})


def _insert(session: Session, row: dict[str, Any]) -> int:
    return int(session.execute(_INSERT, row).inserted_primary_key[0])
