"""People's facts from the database, handed to the engine of ``policies``; the JSON of the ``status`` command."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, Protocol

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from bot.hours import documents, models, vocabulary
from policies import engine
from policies.clause import Notices
from policies.model import Credit, Hours, Kind, Level, Person, Record, State, Subject, TitleStatus, YearStatus

CHUNK = 500  # people whose records are loaded at once
SUBJECTS = {subject.value: subject for subject in Subject}
STATES = {state.value: state for state in State}

Facts = tuple[Person, list[Record], list[Credit]]

_person, _hour, _credit = models.Person.__table__.c, models.HourRecord.__table__.c, models.Credit.__table__.c
_HOURS = select(
    _hour.person_id, _hour.record_id, _hour.year, _hour.subject, _hour.form, _hour.title, _hour.hours_tenths, _hour.state
).order_by(_hour.year, _hour.id)
_CREDITS = select(models.Credit.__table__).order_by(_credit.start_date, _credit.id)
# Built once: every question about one's own record asks these three.
_PERSON = select(_person.sector, _person.level_since).where(_person.id == bindparam("person"))
_HOURS_OF_ONE = _HOURS.where(_hour.person_id == bindparam("person"))
_CREDITS_OF_ONE = _CREDITS.where(_credit.person_id == bindparam("person"))


class UnknownPersonError(LookupError):
    """Nobody on record under this id or identity number."""


class Levelled(Protocol):
    """Anything with the level word of the people file: a person's row or a bound person."""

    @property
    def level(self) -> str: ...


def find_person(session: Session, id_number: str) -> models.Person:
    """The person with this identity number in any spelling. UnknownPersonError."""
    number = documents.normalise(id_number)
    person = session.execute(select(models.Person).where(models.Person.id_number == number)).scalars().first()
    if person is None:
        raise UnknownPersonError(documents.mask(number))
    return person


def person_facts(session: Session, person_id: int) -> Facts:
    """What the rules need of one person. UnknownPersonError."""
    asked = {"person": person_id}
    person = session.execute(_PERSON, asked).first()
    if person is None:
        raise UnknownPersonError(str(person_id))
    facts: dict[int, Facts] = {person_id: (Person(vocabulary.sector_of(person.sector), person.level_since), [], [])}
    return _gathered(facts, session.execute(_HOURS_OF_ONE, asked), session.execute(_CREDITS_OF_ONE, asked))[person_id]


def facts_of(session: Session, people: Iterable[models.Person]) -> dict[int, Facts]:
    """What the rules need of several people, by person id, in two queries."""
    facts: dict[int, Facts] = {person.id: (Person(vocabulary.sector_of(person.sector), person.level_since), [], []) for person in people}
    hours, credits = _HOURS.where(_hour.person_id.in_(facts)), _CREDITS.where(_credit.person_id.in_(facts))
    return _gathered(facts, session.execute(hours), session.execute(credits))


def _gathered(facts: dict[int, Facts], hours: Iterable[Any], credits: Iterable[Any]) -> dict[int, Facts]:
    for ident, record, year, subject, form, title, tenths, state in hours:
        facts[ident][1].append(Record(record, year, SUBJECTS[subject], form, title, tenths, STATES[state]))
    for row in credits:
        facts[row.person_id][2].append(Credit(Kind(row.kind), row.start_date, row.end_date, row.year, row.evidence))
    return facts


def year_of(session: Session, notices: Notices, person_id: int, year: int | None, today: date) -> YearStatus:
    """One year of a person, by default the year of ``today``."""
    return engine.year_status(notices, *person_facts(session, person_id), today.year if year is None else year, today)


def title_of(session: Session, notices: Notices, person_id: int, level: Level, today: date) -> TitleStatus:
    """A person's standing for a title application of ``level``."""
    return engine.title_status(notices, *person_facts(session, person_id), level, today)


def what_if_of(session: Session, notices: Notices, person_id: int, extra: Hours, year: int | None, today: date) -> YearStatus:
    """A person's year with ``extra`` verified hours, by default the year of ``today``."""
    return engine.what_if(notices, *person_facts(session, person_id), extra, today.year if year is None else year, today)


def default_level(person: Levelled) -> Level | None:
    """The level someone applies for when none is named: 初级 -> 中级, 中级 -> 高级, otherwise it must be asked."""
    return vocabulary.next_level(person.level)


def status_json(session: Session, notices: Notices, id_number: str, today: date) -> dict[str, Any]:
    """The document of ``status --json`` for one person, identity number unmasked. UnknownPersonError."""
    person = find_person(session, id_number)
    return _document(notices, person.id_number, person_facts(session, person.id), today)


def all_status_json(session: Session, notices: Notices, today: date) -> Iterator[dict[str, Any]]:
    """The documents of everyone, in the order they came into the database, records loaded ``CHUNK`` people at a time."""
    last = 0
    query = select(models.Person).order_by(models.Person.id).limit(CHUNK)
    while people := session.execute(query.where(models.Person.id > last)).scalars().all():
        facts = facts_of(session, people)
        for person in people:
            yield _document(notices, person.id_number, facts[person.id], today)
        last = people[-1].id
        session.expunge_all()


def _document(notices: Notices, id_number: str, facts: Facts, today: date) -> dict[str, Any]:
    year = engine.year_status(notices, *facts, today.year, today)
    return {
        "id_number": id_number,
        "as_of": today.isoformat(),
        "year": {
            "year": year.year,
            "verified": _hours(year.verified),
            "pending": _hours(year.pending),
            "missing": {"public": float(year.missing.public), "professional": float(year.missing.professional)},
            "complete": year.complete,
            "credited_by": None if year.credited_by is None else vocabulary.kind_word(year.credited_by),
        },
        "title": {level.value: _title(engine.title_status(notices, *facts, level, today)) for level in Level},
    }


def _title(title: TitleStatus) -> dict[str, Any]:
    names = ("covered", "exempt", "required_years", "qualified_years", "met_years", "missing_years", "eligible")
    return {name: list(title.met_years) if name == "met_years" else getattr(title, name) for name in names}


def _hours(hours: Hours) -> dict[str, float]:
    return {"public": float(hours.public), "professional": float(hours.professional), "total": float(hours.total)}
