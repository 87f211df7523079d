"""Who is at the console: 空闲, 忙碌 or 离开, as they said it themselves, and whether a page of theirs is open at all."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql import Select

from bot.helpdesk.models import ADMIN, AGENT, TAKEN, Staff, Ticket
from bot.helpdesk.talks.conversation import Writer

FREE, BUSY, AWAY = "free", "busy", "away"
PRESENCES = (FREE, BUSY, AWAY)
GONE = timedelta(seconds=60)
"""Whoever has had no page open for so long is away, whatever they chose."""
NEW_DAY = timedelta(hours=4)
"""Whoever comes back after so long has begun work anew: what they chose when they left holds no more."""


@dataclass(frozen=True)
class Colleague:
    """Somebody who takes conversations; ``held``: how many they have now."""

    writer: Writer
    presence: str
    held: int


def _colleagues() -> Select:
    held = select(func.count()).select_from(Ticket).where(Ticket.taken_by == Staff.id, Ticket.state == TAKEN).scalar_subquery()
    query = select(Staff.id, Staff.number, Staff.name, Staff.presence, Staff.seen_at, held.label("held"))
    return query.where(Staff.disabled_at.is_(None), Staff.role.in_((AGENT, ADMIN))).order_by(Staff.number)


_COLLEAGUES = _colleagues()  # built once: asked several times a second while pages are open


def choose(session: Session, staff_id: int, presence: str, now: datetime) -> None:
    """Somebody says how it is with them. ValueError for an unknown word."""
    if presence not in PRESENCES:
        raise ValueError(presence)
    session.execute(update(Staff).where(Staff.id == staff_id).values(presence=presence, seen_at=now))


def arrive(session: Session, staff_id: int, now: datetime) -> None:
    """Somebody opens a page: at the beginning of their work they are free."""
    staff = session.execute(select(Staff.seen_at).where(Staff.id == staff_id)).one()
    begins = staff.seen_at is None or abs(now - staff.seen_at) > NEW_DAY
    session.execute(update(Staff).where(Staff.id == staff_id).values({"seen_at": now, **({"presence": FREE} if begins else {})}))


def beat(session: Session, staff_ids: Collection[int], now: datetime) -> None:
    """These have a page open."""
    if staff_ids:
        session.execute(update(Staff).where(Staff.id.in_(list(staff_ids))).values(seen_at=now).execution_options(synchronize_session=False))


def colleagues(session: Session, now: datetime) -> tuple[Colleague, ...]:
    """Everybody who takes conversations, by number."""
    rows = session.execute(_COLLEAGUES).all()
    return tuple(Colleague(Writer(r.id, r.number, r.name), _effective(r.presence, r.seen_at, now), r.held) for r in rows)


def _effective(presence: str, seen_at: datetime | None, now: datetime) -> str:
    return presence if seen_at is not None and abs(now - seen_at) < GONE else AWAY
