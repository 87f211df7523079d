"""Sentences that training takes beside the files of ``data/nlu``, until they have been exported into them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from bot.helpdesk.models import Lesson, Staff

_lesson = Lesson.__table__.c


@dataclass(frozen=True)
class Taught:
    """One lesson that waits for its export."""

    id: int
    text: str
    label: str
    at: datetime
    staff_id: int
    number: int
    """Of whoever taught it."""


def pending(session: Session | Connection) -> list[Taught]:
    """What has not been exported, oldest first. DatabaseNotReady where there is no such table."""
    facts = _lesson.id, _lesson.text, _lesson.label, _lesson.at, _lesson.staff_id, Staff.number
    query = select(*facts).join(Staff.__table__, Staff.id == _lesson.staff_id).where(_lesson.exported_at.is_(None)).order_by(_lesson.id)
    return [Taught(**row._mapping) for row in session.execute(query)]


def count_pending(session: Session | Connection) -> int:
    """How many have not been exported."""
    return int(session.execute(select(func.count()).select_from(Lesson.__table__).where(_lesson.exported_at.is_(None))).scalar_one())


def mark_exported(session: Session, ids: Collection[int], now: datetime) -> int:
    """They stand in the files now; the number of those that were still there and not exported. The caller commits."""
    done = session.execute(
        update(Lesson)
        .where(Lesson.id.in_(list(ids)), Lesson.exported_at.is_(None))
        .values(exported_at=now)
        .execution_options(synchronize_session=False)
    )
    return int(done.rowcount)
