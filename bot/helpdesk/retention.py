"""How long the helpdesk keeps what it did: calls, and tickets that are over with everything that hangs on them."""

from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from bot.db import Database, delete_where
from bot.helpdesk.models import CLOSED, CallRecord, Draft, Seen, StaffMessage, Ticket, TicketEvent

KINDS = ("calls", "tickets")

_call, _ticket = CallRecord.__table__.c, Ticket.__table__.c
_HANGING = (TicketEvent, StaffMessage, Draft, Seen)


def old(what: str, connection: Session | Connection, before: datetime) -> int:
    """How many calls, or tickets, are older. A call that is to be answered yet is not, nor a ticket that is not closed."""
    key, which = _older(what, before)
    return int(connection.execute(select(func.count()).select_from(key.table).where(which)).scalar() or 0)


def purge(what: str, database: Database, before: datetime) -> int:
    """Delete what is older, in small transactions; the number of calls or tickets. DatabaseFault."""
    key, which = _older(what, before)
    if what == "tickets":
        for model in _HANGING:
            column = model.__table__.c.ticket_id
            delete_where(database, column, column.in_(select(key).where(which)))
    return delete_where(database, key, which)


def _older(what: str, before: datetime) -> tuple[Any, Any]:
    if what == "calls":
        return _call.id, and_(_call.at < before, _call.phone.is_(None))
    return _ticket.id, and_(_ticket.state == CLOSED, _ticket.closed_at < before)
