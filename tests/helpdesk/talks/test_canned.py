"""Sentences to insert: figures from the notice, every prepared question, none whose answer is switched off."""

import re
from datetime import date

import pytest

from bot.answers import Answers
from bot.db import Database
from bot.helpdesk.talks.canned import Canned, canned
from bot.inbox.models import Switch
from policies.notice import Notices, load_notices
from tests.helpdesk.conftest import NOW

TODAY = date(2023, 11, 20)


@pytest.fixture(scope="module")
def notices() -> Notices:
    return load_notices()


@pytest.fixture(scope="module")
def answers(notices: Notices) -> Answers:
    return Answers.from_files(notices)


def _all(database: Database, answers: Answers, notices: Notices) -> dict[str, Canned]:
    with database.read() as session:
        listed = canned(session, answers, notices, TODAY)
    assert len({(one.source, one.key) for one in listed}) == len(listed)
    return {one.key: one for one in listed}


def test_figures_come_from_the_notice_and_every_question_is_there(database: Database, answers: Answers, notices: Notices) -> None:
    found = _all(database, answers, notices)
    assert "公需科目45学时" in found["yearly_need"].text
    assert "0971-8258157" in found["policy_phone"].text
    assert {question.key for question in answers.catalogue} <= set(found)
    assert not [one.key for one in found.values() if re.search(r"\{[a-z_.]+\}", one.text)]
    assert all(one.title and one.text for one in found.values())
    assert "依据" in found[next(question.key for question in answers.catalogue if question.cites)].text


def test_our_sentences_hold_no_figure_of_the_regulation_themselves() -> None:
    from bot.helpdesk.talks.canned import _rows

    assert [row["key"] for row in _rows() if re.search(r"\d", re.sub(r"\{[a-z_.]+\}", "", row["text"]))] == []


def test_who_verifies_is_said_as_the_notice_says(database: Database, answers: Answers, notices: Notices) -> None:
    found = _all(database, answers, notices)
    who = notices.in_force(TODAY.year).display("verify.who")
    assert found["ask_unit"].text == f"学时先由您所在单位受理，请先和单位人事部门核对材料；审验由{who}完成。"
    assert who in found["submit_by"].text
    assert not [key for key, one in found.items() if one.source == "ours" and re.search("(单位|人事部门)审验", one.text.replace(who, ""))]


def test_a_sentence_is_found_by_the_initials_of_its_title_and_other_names(database: Database, answers: Answers, notices: Notices) -> None:
    found = _all(database, answers, notices)
    assert found["greeting"].initials.split() == ["wh", "nh", "kc"]
    assert "mnydsxs" in found["yearly_need"].initials.split()


def test_an_answer_that_is_switched_off_is_not_offered(database: Database, answers: Answers, notices: Notices) -> None:
    key = next(iter(answers.catalogue)).key
    with database.write() as session:
        session.add(Switch(scope="question", name=key, reason="有误", by="staff:1", since=NOW))
    assert key not in _all(database, answers, notices)
