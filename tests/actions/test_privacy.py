"""Whose figures a chat sees: nobody's before binding, one's own after."""

import csv
import re
from collections.abc import Callable

import pytest
from sqlalchemy import delete, update

from actions.desk import Desk
from bot.account import ANSWERS
from bot.hours.models import Credit, HourRecord, Person
from bot.hours.sample import FOLDER
from bot.nlu.entities import Amount, Decimal
from bot.nlu.turn import Turn
from tests.actions.conftest import EVERYBODY, GAPS, Reply

AskAs = Callable[..., Reply]
EVERY_TURN = (
    *(Turn(intent) for intent in ANSWERS),
    *(Turn("my_title", level=level) for level in ("senior", "intermediate", "junior")),
    Turn("my_year", years=(2021,)),
    Turn("my_uncounted", years=(2023,)),
    Turn("my_why_failed", years=(2022,)),
    Turn("my_what_if", amounts=(Amount("public", Decimal(20)),)),
    Turn("judge_numbers", amounts=(Amount("public", Decimal(20)),)),
)


def column(kind: str, heading: str) -> dict[str, set[str]]:
    """The values of a sample column by identity number."""
    found: dict[str, set[str]] = {}
    with (FOLDER / f"{kind}.csv").open(encoding="utf-8", newline="") as rows:
        for row in csv.DictReader(rows):
            found.setdefault(row["证件号码"], set()).add(row[heading])
    return found


NAMES, UNITS, COURSES = column("people", "姓名"), column("people", "工作单位"), column("hours", "课程名称")


def test_the_sample_is_the_people_that_these_tests_name() -> None:
    assert {name for names in NAMES.values() for name in names} == set(EVERYBODY)
    assert len(NAMES) == len(EVERYBODY)


@pytest.mark.parametrize("intent", ANSWERS)
def test_an_unbound_chat_is_asked_to_bind_and_sees_only_the_notices_figures(ask: AskAs, intent: str) -> None:
    reply = ask(Turn(intent))
    assert reply.slots == {"bound": False}
    assert "请先绑定" in reply.text
    assert reply.buttons == ["绑定本人"]
    assert set(re.findall(r"[\d.]+", reply.text)) in ({"135", "45", "90"}, {"4", "3", "2019"})


@pytest.mark.parametrize("intent", ANSWERS)
def test_an_unbound_chat_is_shown_no_person_unit_or_course(ask: AskAs, intent: str) -> None:
    text = ask(Turn(intent, years=(2021,), level="senior")).text
    known = [word for words in (NAMES, UNITS, COURSES) for values in words.values() for word in values]
    assert [word for word in known if word in text] == []


def test_unbound_bare_numbers_are_judged_by_the_notice_alone(ask: AskAs) -> None:
    reply = ask(Turn("judge_numbers", amounts=(Amount("public", Decimal(50)), Amount("professional", Decimal(80)))))
    assert "公需50学时，已达标（要求45）" in reply.text
    assert "专业80学时，还差10学时（要求90）" in reply.text
    assert "年度" not in reply.text
    assert reply.slots == {"bound": False}


@pytest.mark.parametrize("name", EVERYBODY)
def test_a_bound_chat_reads_no_other_persons_name_number_unit_or_course(ask_as: AskAs, name: str) -> None:
    own = next(number for number, names in NAMES.items() if name in names)
    mine = {word for words in (NAMES, UNITS, COURSES) for word in words.get(own, ())}
    others = {word for words in (NAMES, UNITS, COURSES) for number, values in words.items() if number != own for word in values}
    foreign = (others - mine) | (NAMES.keys() - {own}) | {number[-4:] for number in NAMES.keys() - {own}}
    text = "\n".join(ask_as(name, turn).text for turn in EVERY_TURN)
    assert [word for word in foreign if word in text.replace("0971-8258157", "")] == []


@pytest.mark.parametrize("name", EVERYBODY)
def test_a_bound_chats_answers_do_not_depend_on_anybody_elses_records(desk: Desk, ask_as: AskAs, name: str) -> None:
    before = [ask_as(name, turn).text for turn in EVERY_TURN]
    with desk.database.write() as session:
        own = session.query(Person.id).filter_by(name=name).scalar()
        session.execute(update(HourRecord).where(HourRecord.person_id != own).values(state="pending", year=2023))
        session.execute(delete(Credit).where(Credit.person_id != own))
    assert [ask_as(name, turn).text for turn in EVERY_TURN] == before


def test_those_answers_do_depend_on_ones_own_records(desk: Desk, ask_as: AskAs) -> None:
    before = [ask_as(GAPS, turn).text for turn in EVERY_TURN]
    with desk.database.write() as session:
        own = session.query(Person.id).filter_by(name=GAPS).scalar()
        session.execute(update(HourRecord).where(HourRecord.person_id == own).values(state="pending"))
    assert ask_as(GAPS, Turn("my_year")).text != before[0]


def test_several_questions_in_one_message_are_answered_in_order(ask_as: AskAs) -> None:
    reply = ask_as(GAPS, Turn("faq", "hours_public"), Turn("my_year"), Turn("my_title", level="senior"))
    assert [message["text"][:8] for message in reply.messages] == ["公需科目每年不少", "2023年度还没", "高级：还差1年，"]
    assert reply.slots == {"bound": True}


def test_of_several_questions_an_unbound_chat_gets_the_policy_and_is_asked_to_bind_for_the_rest(ask: AskAs) -> None:
    reply = ask(Turn("faq", "hours_public"), Turn("my_year"))
    policy, record = (message["text"] for message in reply.messages)
    assert policy.startswith("公需科目每年不少于45学时")
    assert record.startswith("要查您本人的学时，请先绑定")
    assert reply.slots == {"bound": False}
