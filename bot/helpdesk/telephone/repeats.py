"""The same matter of the same caller again within a week: the first answer may not have helped."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf

from rapidfuzz import fuzz
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from bot.helpdesk.models import CallRecord
from bot.helpdesk.telephone.calls import Call
from bot.inbox.text import normalise

WITHIN = timedelta(days=7)
ALIKE = 70  # per cent of two unlabelled questions that is the same


@dataclass(frozen=True)
class Asked:
    """Who asked what and when; ``caller`` is the telephone number's digest."""

    at: datetime
    person_id: int | None
    caller: str | None
    label: str | None
    question: str
    id: int | None = None  # None: being written

    @property
    def place(self) -> tuple[datetime, float]:
        """Where it stands among all calls."""
        return self.at, inf if self.id is None else self.id


@dataclass(frozen=True)
class Earlier:
    """The call before it on the same matter."""

    id: int
    at: datetime


def earlier(session: Session, asked: Asked) -> Earlier | None:
    """The newest call within a week before on the same matter, by the same person or from the same number."""
    return _matched([asked], _near(session, [asked])).get(0)


def marked(session: Session, calls: Iterable[Call]) -> dict[int, Earlier]:
    """By call number, the earlier call of each that repeats one."""
    shown = list(calls)
    asked = [Asked(call.at, call.person_id, call.caller, call.label, call.question, call.id) for call in shown]
    return {shown[place].id: found for place, found in _matched(asked, _near(session, asked)).items()}


def same_matter(one: Asked, other: Asked) -> bool:
    """Read as the same question or, where either was not read, worded much alike."""
    if one.label and other.label:
        return one.label == other.label
    return fuzz.ratio(_worded(one.question), _worded(other.question)) >= ALIKE


def _same_caller(one: Asked, other: Asked) -> bool:
    if one.person_id is not None and one.person_id == other.person_id:
        return True
    return one.caller is not None and one.caller == other.caller


def _matched(asked: list[Asked], candidates: list[Asked]) -> dict[int, Earlier]:
    """By place in ``asked``; candidates come newest first."""
    found: dict[int, Earlier] = {}
    for number, one in enumerate(asked):
        again = (other for other in candidates if _again(one, other))
        if (before := next(again, None)) is not None and before.id is not None:
            found[number] = Earlier(before.id, before.at)
    return found


def _again(one: Asked, other: Asked) -> bool:
    in_time = other.place < one.place and one.at - other.at <= WITHIN
    return in_time and _same_caller(one, other) and same_matter(one, other)


def _near(session: Session, asked: list[Asked]) -> list[Asked]:
    """Calls of the same callers in the days that matter, newest first."""
    people = {one.person_id for one in asked if one.person_id is not None}
    callers = {one.caller for one in asked if one.caller is not None}
    if not people and not callers:
        return []
    record = CallRecord.__table__.c
    first, last = min(one.at for one in asked) - WITHIN, max(one.at for one in asked)
    query = (
        select(record.at, record.person_id, record.caller, record.label, record.question, record.id)
        .where(or_(record.person_id.in_(people), record.caller.in_(callers)), record.at >= first, record.at <= last)
        .order_by(record.at.desc(), record.id.desc())
    )
    return [Asked(*row) for row in session.execute(query)]


def _worded(question: str) -> str:
    return "".join(mark for mark in normalise(question) if mark.isalnum())
