"""The audit trail as admins read it: who did what to whose data, the newest first."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.sql import ColumnElement

from bot.helpdesk import period
from bot.helpdesk.actors import actor_of
from bot.helpdesk.models import Staff
from bot.hours.models import AuditEntry, Person

PAGE = 50
ACTIONS = (
    *("console-lookup", "console-reveal", "console-number", "console-code", "console-report", "console-export"),
    *("codes", "bind", "bind-wrong", "unbind", "import", "undo-import"),
    *("staff-add", "staff-disable", "staff-enable", "staff-password", "switch-off", "switch-on", "retrain"),
    *("model-back", "model-live", "model-unmoved", "transcript", "purge"),
)
"""What words/audit.yml has a word for."""

_entry = AuditEntry.__table__.c


@dataclass(frozen=True)
class Filter:
    """Which entries are shown; None leaves out nothing. ``actor`` is ``staff:<number>`` or any other actor as it was noted."""

    actor: str | None = None
    action: str | None = None
    people: tuple[int, ...] | None = None
    day: date | None = None


@dataclass(frozen=True)
class Entry:
    """One entry. ``staff`` and ``person`` are names; None where the actor is none of the staff, or the person is gone."""

    id: int
    at: datetime
    actor: str
    staff: str | None
    action: str
    person_id: int | None
    person: str | None
    unit: str | None
    detail: str


@dataclass(frozen=True)
class Page:
    """Entries, and the id below which the next older ones stand; None at the end."""

    entries: tuple[Entry, ...]
    older: int | None


def page(session: Session, chosen: Filter, below: int | None = None, most: int = PAGE) -> Page:
    """The newest ``most`` entries with an id below ``below``."""
    query = select(AuditEntry.__table__).order_by(_entry.id.desc()).limit(most + 1).where(*_conditions(chosen))
    rows = session.execute(query if below is None else query.where(_entry.id < below)).all()
    shown = rows[:most]
    people = _people(session, {row.person_id for row in shown if row.person_id is not None})
    names = {actor_of(row.number): row.name for row in session.execute(select(Staff.number, Staff.name))}
    entries = tuple(_entry_of(row, names, people) for row in shown)
    return Page(entries, shown[-1].id if len(rows) > most else None)


def actors(session: Session) -> list[tuple[str, str]]:
    """Everybody who works or worked here: actor and name, by number."""
    return [(actor_of(row.number), row.name) for row in session.execute(select(Staff.number, Staff.name).order_by(Staff.number))]


def _conditions(chosen: Filter) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if chosen.actor is not None:
        wanted.append(_entry.actor == chosen.actor)
    if chosen.action is not None:
        wanted.append(_entry.action == chosen.action)
    if chosen.people is not None:
        wanted.append(_entry.person_id.in_(chosen.people))
    if chosen.day is not None:
        day = period.one(chosen.day)
        wanted += [_entry.occurred_at >= day.begin, _entry.occurred_at < day.end]
    return wanted


def _entry_of(row: Any, names: dict[str, str], people: dict[int | None, tuple[str, str]]) -> Entry:
    name, unit = people.get(row.person_id, (None, None))
    return Entry(row.id, row.occurred_at, row.actor, names.get(row.actor), row.action, row.person_id, name, unit, row.detail)


def _people(session: Session, ids: set[int]) -> dict[int | None, tuple[str, str]]:
    found = session.execute(select(Person.id, Person.name, Person.unit).where(Person.id.in_(ids)))
    return {row.id: (row.name, row.unit) for row in found}
