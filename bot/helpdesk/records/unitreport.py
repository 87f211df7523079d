"""Who of a unit is short in a year, and by how much: sums over the whole unit, and the engine's word for the people shown."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import Any

from sqlalchemy import Integer, case, func, select, type_coerce
from sqlalchemy.orm import Session

from bot.hours import documents, service
from bot.hours.models import Credit, HourRecord, Person
from policies import engine
from policies.model import Hours, Kind, Level, Sector, State, Subject
from policies.notice import Notice, Notices

PAGE = 50
CHUNK = 500  # people whose records are loaded at once
ZERO = Decimal(0)
Advance = Callable[[float], None]


@dataclass(frozen=True)
class Place:
    """Somebody's place in the report: hours short of the figures, zero for whoever is complete. ``credited`` by a tied credit."""

    person_id: int
    missing: Hours
    pending: Hours
    complete: bool
    credited: bool
    exempt: bool


@dataclass(frozen=True)
class Totals:
    """Of the whole unit. ``waiting``: people whose gap closes once all their pending hours are verified; hours are sums of gaps."""

    people: int
    complete: int
    credited: int
    exempt: int
    short: int
    waiting: int
    missing: Hours


@dataclass(frozen=True)
class Overview:
    """A unit in a year, those who lack most first."""

    unit: str
    year: int
    notice: Notice
    required: Hours
    places: tuple[Place, ...]
    totals: Totals

    def chosen(self, short_only: bool) -> Sequence[Place]:
        """Everybody, or only those who are short; they come first in any case."""
        return self.places[: self.totals.short] if short_only else self.places


@dataclass(frozen=True)
class Row:
    """One line of the report, as the engine says; the identity number is masked."""

    person_id: int
    name: str
    id_number: str
    level: str
    sector: Sector
    sector_word: str
    verified: Hours
    pending: Hours
    missing: Hours
    complete: bool
    credited_by: Kind | None
    exempt: bool


def units(session: Session, part: str, limit: int = 20) -> list[tuple[str, int]]:
    """Units whose name holds ``part``, with how many people each has, the biggest first."""
    people = func.count(Person.id)
    query = select(Person.unit, people).where(Person.unit != "", Person.unit.contains(part.strip(), autoescape=True))
    return [(unit, count) for unit, count in session.execute(query.group_by(Person.unit).order_by(people.desc(), Person.unit).limit(limit))]


def years(notices: Notices, today: date) -> list[int]:
    """The years a report may be asked for, this one first."""
    return list(range(today.year, notices.in_force(today.year).number("title.since") - 1, -1))


def overview(session: Session, notices: Notices, unit: str, year: int, today: date, advance: Advance = lambda share: None) -> Overview:
    """Everybody of the unit in the order of their gaps. ``year`` is one of ``years``; ``advance`` hears the share done (0..1)."""
    return finished(session, notices, begun(session, notices, unit, year, today), today, advance)


@dataclass(frozen=True)
class Begun:
    """A unit added up, before anybody's credits are weighed. ``doubtful``: short by hours, with a credit tied to the year."""

    unit: str
    year: int
    notice: Notice
    required: Hours
    sums: tuple[tuple[int, Hours, Hours], ...]  # person id, gap by hours, pending
    doubtful: tuple[int, ...]
    skilled: tuple[int, ...]


def begun(session: Session, notices: Notices, unit: str, year: int, today: date) -> Begun:
    """What the database itself can add up; quick however large the unit."""
    notice = notices.for_year(year) or notices.in_force(today.year)
    need = Hours(Decimal(notice.number("hours.public")), Decimal(notice.number("hours.professional")))
    sums = []
    for ident, *tenths in session.execute(_sums(unit, year, notice.names("excluded.forms"))):
        public, professional, pending_public, pending_professional = (Decimal(int(value)).scaleb(-1) for value in tenths)
        gap = Hours(max(ZERO, need.public - public), max(ZERO, need.professional - professional))
        sums.append((ident, gap, Hours(pending_public, pending_professional)))
    short = {ident for ident, gap, _ in sums if gap.total}
    tied, skilled = _held(session, unit, Credit.year == year), _held(session, unit, Credit.kind == Kind.SKILLED.value)
    return Begun(unit, year, notice, need, tuple(sums), tuple(ident for ident in tied if ident in short), skilled)


def finished(session: Session, notices: Notices, start: Begun, today: date, advance: Advance = lambda share: None) -> Overview:
    """The overview, once the engine has weighed the credits of those who have some."""
    asked = len(start.doubtful) + len(start.skilled)
    credited, exempt = set(), set()
    for place, (ident, facts) in enumerate(_facts(session, start.doubtful)):
        advance(place / asked)
        if engine.year_status(notices, *facts, start.year, today).credited_by is not None:
            credited.add(ident)
    for place, (ident, facts) in enumerate(_facts(session, start.skilled), len(start.doubtful)):
        advance(place / asked)
        if engine.title_status(notices, *facts, Level.SENIOR, today).exempt:
            exempt.add(ident)
    places = []
    for ident, gap, pending in start.sums:
        complete = not gap.total or ident in credited
        places.append(Place(ident, Hours(ZERO, ZERO) if complete else gap, pending, complete, ident in credited, ident in exempt))
    places.sort(key=lambda place: (-place.missing.total, place.person_id))
    return Overview(start.unit, start.year, start.notice, start.required, tuple(places), _totals(places))


def rows(session: Session, notices: Notices, places: Sequence[Place], year: int, today: date) -> list[Row]:
    """These people's lines, in the same order."""
    found = session.execute(select(Person).where(Person.id.in_([place.person_id for place in places]))).scalars()
    people = {person.id: person for person in found}
    facts = service.facts_of(session, people.values())
    exempt = {place.person_id for place in places if place.exempt}
    return [
        _row(people[place.person_id], notices, facts[place.person_id], place.person_id in exempt, year, today)
        for place in places
        if place.person_id in people
    ]


def every_row(session: Session, notices: Notices, shown: Overview, today: date, short_only: bool = False) -> Iterator[Row]:
    """The lines of the whole unit, records loaded ``CHUNK`` people at a time."""
    places = iter(shown.chosen(short_only))
    while some := list(islice(places, CHUNK)):
        yield from rows(session, notices, some, shown.year, today)
        session.expunge_all()


def _row(person: Person, notices: Notices, facts: service.Facts, exempt: bool, year: int, today: date) -> Row:
    status = engine.year_status(notices, *facts, year, today)
    missing = Hours(ZERO, ZERO) if status.complete else status.missing
    number = documents.mask(person.id_number)
    return Row(
        person.id, person.name, number, person.level, status.sector, person.sector, status.verified, status.pending, missing,
        status.complete, status.credited_by, exempt,
    )  # fmt: skip


def _sums(unit: str, year: int, excluded: Sequence[str]) -> Any:
    """Person id, then tenths of hours: verified public and professional, pending public and professional."""
    hours = type_coerce(HourRecord.hours, Integer)

    def total(state: State, subject: Subject) -> Any:
        counts = (HourRecord.state == state.value) & (HourRecord.subject == subject.value)
        return func.coalesce(func.sum(case((counts, hours), else_=0)), 0)

    counted = (HourRecord.person_id == Person.id) & (HourRecord.year == year) & func.trim(HourRecord.form).not_in(excluded)
    columns = [total(state, subject) for state in (State.VERIFIED, State.PENDING) for subject in (Subject.PUBLIC, Subject.PROFESSIONAL)]
    return select(Person.id, *columns).outerjoin_from(Person, HourRecord, counted).where(Person.unit == unit).group_by(Person.id)


def _held(session: Session, unit: str, which: Any) -> tuple[int, ...]:
    """Who of the unit has such a credit on record."""
    query = select(Credit.person_id).join(Person, Person.id == Credit.person_id).where(Person.unit == unit, which).distinct()
    return tuple(session.execute(query.order_by(Credit.person_id)).scalars())


def _facts(session: Session, people: Sequence[int]) -> Iterator[tuple[int, service.Facts]]:
    for start in range(0, len(people), CHUNK):
        some = session.execute(select(Person).where(Person.id.in_(people[start : start + CHUNK]))).scalars().all()
        yield from service.facts_of(session, some).items()


def _totals(places: Sequence[Place]) -> Totals:
    short = [place for place in places if not place.complete]
    closing = [p for p in short if p.pending.public >= p.missing.public and p.pending.professional >= p.missing.professional]
    return Totals(
        people=len(places),
        complete=len(places) - len(short),
        credited=sum(place.credited for place in places),
        exempt=sum(place.exempt for place in places),
        short=len(short),
        waiting=len(closing),
        missing=Hours(sum((p.missing.public for p in short), ZERO), sum((p.missing.professional for p in short), ZERO)),
    )
