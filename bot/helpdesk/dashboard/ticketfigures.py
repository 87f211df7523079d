"""What became of the requests for a human of a period, and how soon a human replied."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import lru_cache

from sqlalchemy import DateTime, case, func, select, type_coerce
from sqlalchemy.orm import Session

from bot.helpdesk.dashboard import figurerows
from bot.helpdesk.dashboard.figurerows import TICKET_PARTS
from bot.helpdesk.dashboard.spread import Spread, spread
from bot.helpdesk.models import Ticket
from bot.helpdesk.office import OfficeHours
from bot.helpdesk.period import Period


@dataclass(frozen=True)
class Tickets:
    """``parts``: how many of ``opened`` came to each of ``TICKET_PARTS``; ``waits``: seconds of work until a human's first reply."""

    opened: int
    parts: Mapping[str, int]
    waits: Spread


def counted(session: Session, office: OfficeHours, period: Period, channel: str | None) -> Tickets:
    """The tickets opened in the period, as they stand now."""
    parts = [func.coalesce(func.sum(case((part, 1), else_=0)), 0) for part in TICKET_PARTS.values()]
    opened, *counts = session.execute(select(func.count(), *parts).where(figurerows.tickets(period, channel))).one()
    waits = [seconds for _, seconds in waited(session, office, period, channel)]
    return Tickets(opened, dict(zip(TICKET_PARTS, map(int, counts), strict=True)), spread(waits))


def waited(session: Session, office: OfficeHours, period: Period, channel: str | None) -> Iterable[tuple[int, float]]:
    """Id of each ticket that a human replied to, and the seconds of work that the person waited for it."""
    replied = figurerows.tickets(period, channel), TICKET_PARTS["replied"]
    facts = Ticket.id, type_coerce(Ticket.opened_at, DateTime), type_coerce(Ticket.first_reply_at, DateTime)
    for number, opened, replied_at in session.execute(select(*facts).where(*replied).order_by(Ticket.id)):
        yield number, _seconds(office, opened, replied_at)


@lru_cache(maxsize=100_000)
def _seconds(office: OfficeHours, start: datetime, end: datetime) -> float:
    """Of moments as they are stored: UTC without a zone."""
    return office.seconds_within(start.replace(tzinfo=timezone.utc), end.replace(tzinfo=timezone.utc))
