"""Searching by a whole identity number leaves a trace each time, and cannot be done often enough to guess one."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from bot.db import Database
from bot.helpdesk.lookup import wholenumbers
from bot.helpdesk.lookup.wholenumbers import MOST, WITHIN, TooManyNumbersError
from bot.helpdesk.staff.sessions import Member
from bot.hours.models import AuditEntry, Person
from bot.hours.sample import load_sample
from tests.helpdesk.conftest import NOW

AGENT = Member(1, "lixia", "李霞", 1, "agent", None, "")
SECRET = b"a secret"


@pytest.fixture
def people(database: Database) -> Database:
    load_sample(database, NOW)
    return database


def of(people: Database, name: str) -> Person:
    with people.read() as session:
        return session.execute(select(Person).where(Person.name == name)).scalar_one()


def tried(people: Database, text: str, member: Member = AGENT, now: datetime = NOW) -> list[str]:
    return [one.name for one in wholenumbers.found(people, SECRET, text, member, now).people]


def trail(people: Database, actor: str = "staff:1") -> list[tuple[int | None, str]]:
    with people.read() as session:
        theirs = select(AuditEntry.person_id, AuditEntry.detail).where(AuditEntry.action == "console-number", AuditEntry.actor == actor)
        return [(row.person_id, row.detail.partition(" ")[0]) for row in session.execute(theirs.order_by(AuditEntry.id))]


def guess(number: int) -> str:
    return f"63010419850317{number:04d}"


def test_a_hit_is_noted_with_its_person_and_a_miss_without_and_neither_with_the_number(people: Database) -> None:
    whom = of(people, "马占海")
    assert tried(people, whom.id_number) == ["马占海"]
    assert tried(people, guess(1)) == []
    assert trail(people) == [(whom.id, "hit"), (None, "miss")]
    with people.read() as session:
        details = "".join(session.execute(select(AuditEntry.detail)).scalars())
    assert not any(number[6:] in details for number in (whom.id_number, guess(1)))


def test_a_number_typed_one_character_after_the_other_is_one_try(people: Database) -> None:
    whom = of(people, "马占海")
    typed = f"{whom.id_number} 马占"
    for end in range(1, len(typed) + 1):
        tried(people, typed[:end])
    tried(people, whom.id_number)
    assert trail(people) == [(whom.id, "hit")]


def test_whom_a_number_names_is_noted_also_where_a_word_beside_it_kept_them_out_at_first(people: Database) -> None:
    whom = of(people, "马占海")
    assert tried(people, f"{whom.id_number} 别人") == []
    assert tried(people, whom.id_number) == ["马占海"]
    assert trail(people) == [(None, "miss"), (whom.id, "hit")]


def test_names_and_last_digits_leave_no_trace_of_a_search(people: Database) -> None:
    for text in ("马占海", "mzh", of(people, "马占海").id_number[-4:], "63010419850317031", ""):
        tried(people, text)
    assert trail(people) == []


def test_whoever_has_tried_many_numbers_waits_and_nobody_else_does(people: Database) -> None:
    for number in range(MOST):
        tried(people, guess(number), now=NOW + timedelta(seconds=number))
    later = NOW + timedelta(minutes=9)
    with pytest.raises(TooManyNumbersError):
        tried(people, of(people, "马占海").id_number, now=later)
    assert tried(people, guess(3), now=later) == []  # asked before: it tells nothing new
    assert len(trail(people)) == MOST
    other = Member(2, "wang", "王主任", 2, "admin", None, "")
    assert tried(people, of(people, "马占海").id_number, other, later) == ["马占海"]
    assert tried(people, of(people, "马占海").id_number, now=NOW + WITHIN + timedelta(minutes=1)) == ["马占海"]


def test_a_clock_that_is_put_back_keeps_nobody_out(people: Database) -> None:
    for number in range(MOST):
        tried(people, guess(number), now=NOW + timedelta(hours=12))
    assert tried(people, guess(MOST)) == []


def test_for_the_unit_role_somebody_of_another_unit_is_nobody(people: Database) -> None:
    whom = of(people, "马占海")
    unit = Member(4, "danwei", "赵老师", 4, "unit", of(people, "才让·措毛").unit, "")
    assert tried(people, whom.id_number, unit) == []
    assert trail(people, "staff:4") == [(None, "miss")]
