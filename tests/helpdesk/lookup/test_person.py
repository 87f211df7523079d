"""One person at the desk: who may see them, what is told of them, and the trace that every look leaves."""

import ast
from datetime import date, timedelta
from pathlib import Path

import pytest
import yaml
from sqlalchemy import select

from bot.account import Whose, answered
from bot.answers import Answers
from bot.db import Database
from bot.helpdesk.lookup import codes, person, trail
from bot.helpdesk.models import CallRecord, Ticket
from bot.hours import identity, service
from bot.hours.models import AuditEntry, BindCode, ChatIdentity, Person
from bot.hours.sample import load_sample
from bot.nlu.turn import Turn
from policies.model import Level
from policies.notice import load_notices
from tests.helpdesk.conftest import NOW, add_staff

TODAY = date(2023, 11, 20)
NOTICES = load_notices()
ANSWERS = Answers.from_files(NOTICES)
SECRET = b"a secret of the tests"
UNIT, OTHER = "祁连县牧云职业学校", "青海天河水利设计院"


@pytest.fixture
def sample(database: Database) -> Database:
    load_sample(database, NOW)
    return database


def id_of(database: Database, name: str) -> int:
    with database.read() as session:
        return int(session.execute(select(Person.id).where(Person.name == name)).scalar_one())


def trace(database: Database) -> list[tuple[str, str, int | None, str]]:
    with database.read() as session:
        query = select(AuditEntry.actor, AuditEntry.action, AuditEntry.person_id, AuditEntry.detail).order_by(AuditEntry.id)
        return [tuple(row) for row in session.execute(query) if row.action.startswith("console")]


def test_somebody_of_another_unit_is_as_unknown_as_nobody(sample: Database) -> None:
    whom = id_of(sample, "才让·措毛")
    with sample.read() as session:
        assert person.visible(session, whom, None) is not None
        assert person.visible(session, whom, UNIT) is not None
        assert person.visible(session, whom, OTHER) is None
        assert person.visible(session, whom, UNIT[:-1]) is None
        assert person.visible(session, whom, "") is None
        assert person.visible(session, 999, None) is None


def test_a_number_is_shown_for_a_reason_and_noted_without_it(sample: Database) -> None:
    whom = id_of(sample, "才让·措毛")
    with sample.write() as session:
        assert person.reveal(session, whom, None, "staff:3", "caller", NOW) == "632221199006240420"
        assert person.reveal(session, whom, OTHER, "staff:4", "caller", NOW) is None
        with pytest.raises(ValueError, match="curious"):
            person.reveal(session, whom, None, "staff:3", "curious", NOW)
        person.looked_up(session, whom, "staff:3", NOW, "people")
    assert trace(sample) == [("staff:3", "console-reveal", whom, "caller"), ("staff:3", "console-lookup", whom, "people")]
    assert not any("632221199006240420" in str(entry) for entry in trace(sample))


def test_a_code_of_the_desk_revokes_the_one_before_and_binds(sample: Database) -> None:
    whom = id_of(sample, "才让·措毛")
    with sample.write() as session:
        first = codes.issue(session, SECRET, whom, None, "staff:3", NOW)
        second = codes.issue(session, SECRET, whom, UNIT, "staff:4", NOW)
        assert codes.issue(session, SECRET, whom, OTHER, "staff:4", NOW) is None
    assert first is not None
    assert second is not None
    assert not identity.bind(sample, SECRET, "web:1", "才让措毛", first.code, NOW).ok
    assert identity.bind(sample, SECRET, "web:1", "才让措毛", second.code, NOW).ok
    assert trace(sample) == [("staff:3", "console-code", whom, "1"), ("staff:4", "console-code", whom, "1")]
    with sample.read() as session:
        assert len(session.execute(select(BindCode)).all()) == 2


@pytest.mark.parametrize("name", ["马占海", "才让·措毛", "李文静", "扎西多杰", "赵晓岚", "王铁军", "韩雪莲", "祁海龙"])
def test_the_standing_is_the_engines_and_the_sayings_are_the_chats(sample: Database, name: str) -> None:
    whom = id_of(sample, name)
    with sample.read() as session:
        row = session.get(Person, whom)
        found = person.standing(session, NOTICES, whom, TODAY)
        assert found.year == service.year_of(session, NOTICES, whom, None, TODAY)
        assert found.titles == tuple(service.title_of(session, NOTICES, whom, level, TODAY) for level in Level)
        assert [year.year for year in found.window] == [2023, 2022, 2021, 2020, 2019]
        every = [entry for year in found.window for entry in year.uncounted]
        assert sorted(map(repr, [*found.waiting, *found.left_out])) == sorted(map(repr, every))
        told = person.sayings(session, ANSWERS, NOTICES, row, TODAY)
        for turn, said in [
            (Turn("my_year"), told.year),
            *((Turn("my_title", level=level), said) for level, said in told.titles),
        ]:
            assert said == answered(turn, ANSWERS, NOTICES, TODAY, Whose(session, row))


def test_the_next_level_comes_first(sample: Database) -> None:
    with sample.read() as session:
        for name, first in (("李文静", "intermediate"), ("才让·措毛", "senior"), ("祁海龙", "senior")):
            row = session.execute(select(Person).where(Person.name == name)).scalars().one()
            assert next(level for level, _ in person.sayings(session, ANSWERS, NOTICES, row, TODAY).titles) == first


def test_chats_calls_and_conversations_are_the_persons_own(sample: Database) -> None:
    whom, staff = id_of(sample, "才让·措毛"), add_staff(sample, "agent", 7)
    hour = timedelta(hours=1)
    with sample.write() as session:
        session.add(ChatIdentity(sender_id="wx:secret-open-id", person_id=whom, bound_at=NOW))
        for opened, question in ((NOW - hour, "别人先前问的"), (NOW + hour, "本人问的")):
            session.add(Ticket(sender_id="wx:secret-open-id", state="closed", opened_at=opened, last_question=question))
        session.add(Ticket(sender_id="wx:another", state="open", opened_at=NOW, last_question="别人的"))
        given = {"staff_id": staff, "answer": "答", "outcome": "answered"}
        session.add_all([CallRecord(at=NOW, person_id=whom, question="来电", **given), CallRecord(at=NOW, question="不认识", **given)])
    with sample.read() as session:
        found = person.dealings(session, whom)
        assert [(chat.channel, chat.since) for chat in found.chats] == [("wx", NOW)]
        assert [(call.question, number) for call, number in found.calls] == [("来电", 7)]
        assert [ticket.last_question for ticket in found.tickets] == ["本人问的"]
    assert "secret" not in repr(found.chats)


def test_the_trail_is_read_newest_first_by_pages_and_by_whom_what_whose_and_when(sample: Database) -> None:
    one, other = id_of(sample, "才让·措毛"), id_of(sample, "马占海")
    add_staff(sample, "agent", 7)
    day = timedelta(days=1)
    with sample.write() as session:
        for number in range(5):
            person.looked_up(session, one, "staff:7", NOW + number * day, "people")
        person.reveal(session, other, None, "staff:9", "record", NOW)
    with sample.read() as session:
        mine = trail.Filter(actor="staff:7")
        first = trail.page(session, mine, most=3)
        assert [(entry.staff, entry.person, entry.unit) for entry in first.entries] == [("坐席7", "才让·措毛", UNIT)] * 3
        rest = trail.page(session, mine, first.older, most=3)
        assert [entry.at for entry in (*first.entries, *rest.entries)] == [NOW + number * day for number in (4, 3, 2, 1, 0)]
        assert rest.older is None
        assert [entry.action for entry in trail.page(session, trail.Filter(people=(other,))).entries] == ["console-reveal"]
        assert trail.page(session, trail.Filter(people=())).entries == ()
        assert [entry.at for entry in trail.page(session, trail.Filter("staff:7", day=NOW.date() + day)).entries] == [NOW + day]
        revealed = trail.page(session, trail.Filter(action="console-reveal")).entries
        assert [(entry.actor, entry.staff, entry.detail) for entry in revealed] == [("staff:9", None, "record")]
        assert trail.actors(session) == [("staff:7", "坐席7")]


def test_an_entry_outlives_its_person(sample: Database) -> None:
    with sample.write() as session:
        person.looked_up(session, 999, "staff:7", NOW, "people")
    with sample.read() as session:
        entry = trail.page(session, trail.Filter(people=(999,))).entries[0]
    assert (entry.person_id, entry.person, entry.unit) == (999, None, None)


def test_every_action_that_has_a_word_can_be_looked_for() -> None:
    words = yaml.safe_load((Path(trail.__file__).parents[1] / "words" / "audit.yml").read_text("utf-8"))
    assert set(trail.ACTIONS) == set(words["actions"])


def test_every_action_that_is_noted_by_its_name_has_a_word() -> None:
    found = set()
    for file in Path(trail.__file__).parents[2].rglob("*.py"):
        for call in ast.walk(ast.parse(file.read_text("utf-8"))):
            if (
                isinstance(call, ast.Call)
                and ast.unparse(call.func) in ("audit.note", "trail.note")
                and isinstance(call.args[3], ast.Constant)
            ):
                found.add(call.args[3].value)
    assert {"bind", "transcript", "purge", "model-live", "staff-add"} <= found
    assert found <= set(trail.ACTIONS)


def test_a_day_far_from_ours_has_no_entries(sample: Database) -> None:
    with sample.read() as session:
        assert [trail.page(session, trail.Filter(day=day)).entries for day in (date.min, date.max)] == [(), ()]
