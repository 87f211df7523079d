"""Finding a prepared question by its words, their pinyin initials or its key."""

import pytest

from bot.answers import Answers
from bot.helpdesk import questions
from policies.notice import load_notices

CATALOGUE = Answers.from_files(load_notices()).catalogue


@pytest.mark.parametrize("words", ["公需科目每年", "gxkmmn", "GXKM 学时", "hours_public", "多少学时 公需科目每年"])
def test_a_question_is_found_by_words_initials_or_key(words: str) -> None:
    assert "hours_public" in [question.key for question in questions.find(CATALOGUE, words)]


def test_what_begins_with_the_words_comes_first() -> None:
    labels = [question.label for question in questions.find(CATALOGUE, "gx")]
    begins = [label.startswith("公需") for label in labels]
    assert begins == sorted(begins, reverse=True)
    assert begins[0]


@pytest.mark.parametrize("words", ["", "  ", "不存在的问题", "gxkm zzzz"])
def test_words_that_fit_nothing_find_nothing(words: str) -> None:
    assert questions.find(CATALOGUE, words) == []


def test_every_question_is_found_by_its_own_label() -> None:
    for question in CATALOGUE:
        assert question in questions.find(CATALOGUE, question.label.split()[0], most=1000)


def test_titles_are_read_by_their_words_and_not_as_names_of_people() -> None:
    assert questions.initials("会计学几年") == "kjxjn"
    assert questions.initials("谁要备案、谁审核") == "sybassh"
