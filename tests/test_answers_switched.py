"""Prepared answers while some of them are switched off."""

from datetime import date

import pytest

from bot.answers import Answers
from bot.asking import answer
from bot.nlu.turn import Meaning, Turn
from policies.notice import load_notices

NOTICES = load_notices()
PREPARED = Answers.from_files(NOTICES)
TODAY = date(2023, 11, 20)
PHONE = "0971-8258157"
OFF = PREPARED.without(["hours_public"])


@pytest.mark.parametrize("question", PREPARED.catalogue, ids=lambda question: question.key)
def test_every_question_that_is_off_gives_the_telephone_and_nothing_of_its_answer(question):
    given = PREPARED.without([question.key]).question([question.key], TODAY)
    assert given.text == f"“{question.label}”的自动答复暂时停用，正在核对。请拨打政策咨询电话{PHONE}。"
    assert (given.buttons, given.metadata) == ((), {"kind": "fallback", "feedback": False})


def test_of_several_questions_only_the_one_that_is_off_is_replaced():
    given = OFF.question(["hours_public", "title_junior"], TODAY)
    off, on = given.text.split("\n\n", 1)
    assert off.endswith(f"请拨打政策咨询电话{PHONE}。")
    assert on == PREPARED.question(["title_junior"], TODAY).text
    assert given.metadata["kind"] == "faq"
    assert given.metadata["question"] == "title_junior"


def test_no_button_offers_a_question_that_is_off():
    offering = next(question for question in PREPARED.catalogue if question.next)
    offered = PREPARED.catalogue.get(offering.next[0])
    assert offered.label in dict(PREPARED.question([offering.key], TODAY).buttons)
    assert offered.label not in dict(PREPARED.without([offered.key]).question([offering.key], TODAY).buttons)


def test_the_notices_own_words_are_kept_back_with_the_answer_they_stand_behind():
    assert "自动答复暂时停用" in OFF.original("faq", "hours_public", TODAY).text
    assert "原文：" in OFF.original("faq", "hours_professional", TODAY).text
    assert "原文：" in OFF.original("my_year", None, TODAY).text


def test_the_texts_themselves_stay_as_they_are():
    assert "45学时" in PREPARED.question(["hours_public"], TODAY).text
    assert "45学时" in OFF.without([]).question(["hours_public"], TODAY).text


def test_asked_without_a_chat_a_question_that_is_off_is_replaced_too():
    one = answer(Meaning(Turn("faq", "hours_public")), OFF, NOTICES, TODAY)
    several = answer(Meaning(Turn("several"), parts=(Turn("faq", "hours_public"), Turn("my_year"))), OFF, NOTICES, TODAY)
    assert "自动答复暂时停用" in one.text
    assert several.text.startswith("“公需科目每年要多少学时”的自动答复暂时停用")
