"""How sure understanding must be, and what it does when it is not: with a classifier that says what it is told to."""

import pytest

from bot.nlu.parts import clauses, sentences
from bot.nlu.turn import Context, Turn, group_of
from tests.nlu.conftest import Telling

NOBODY = Context(2023)


@pytest.mark.parametrize("said", ["你好", "您好呀", "嗯", "你好！", "老师您好"])
def test_polite_words_alone_are_read_by_the_classifier(told: Telling, said: str):
    assert told(("greet", 0.95), ("faq/public", 0.05)).read(said, NOBODY).turn == Turn("greet")


@pytest.mark.parametrize(
    "ranking", [(("faq/public", 0.99), ("greet", 0.01)), (("my_year", 0.99), ("greet", 0.01)), (("greet", 0.5), ("bye", 0.5))]
)
def test_polite_words_alone_ask_nothing_and_are_not_guessed(told: Telling, ranking):
    assert told(*ranking).read("老师", NOBODY).turn == Turn("nlu_fallback")


def test_polite_words_after_an_answer_are_no_follow_up(told: Telling):
    about = Turn("faq", "senior")
    meaning = told(("greet", 0.95), ("faq/intermediate", 0.05)).read("你好", Context(2023, about=about))
    assert (meaning.turn, meaning.about) == (Turn("greet"), about)


def test_a_message_of_unknown_words_is_out_of_scope_unless_it_is_certain(told: Telling):
    assert told(("faq/public", 0.6), ("greet", 0.4), familiar=0.1).read("咕噜咕噜", NOBODY).turn == Turn("out_of_scope")
    assert told(("faq/public", 0.95), ("greet", 0.05), familiar=0.1).read("咕噜咕噜", NOBODY).turn == Turn("faq", "public")


def test_two_likely_questions_of_one_topic_are_both_answered(told: Telling):
    meaning = told(("faq/submit", 0.35), ("faq/verify", 0.3), ("greet", 0.1)).read("日子是哪天", NOBODY)
    assert meaning.parts == (Turn("faq", "submit"), Turn("faq", "verify"))


def test_two_likely_questions_of_different_topics_are_asked_back(told: Telling):
    meaning = told(("faq/submit", 0.35), ("faq/public", 0.3), ("greet", 0.1)).read("日子是哪天", NOBODY)
    assert (meaning.turn, meaning.choices) == (Turn("ask_back"), ("faq/submit", "faq/public"))


def test_a_likely_and_an_unlikely_question_of_one_topic_are_asked_back(told: Telling):
    meaning = told(("faq/submit", 0.4), ("faq/verify", 0.15), ("greet", 0.1)).read("日子是哪天", NOBODY)
    assert (meaning.turn, meaning.choices) == (Turn("ask_back"), ("faq/submit", "faq/verify"))


@pytest.mark.parametrize("said", ["7", "２０", "12。"])
def test_a_number_out_of_no_list_is_not_guessed(told: Telling, said: str):
    assert told(("faq/public", 0.95), ("my_year", 0.05)).read(said, NOBODY).turn == Turn("nlu_fallback")


def test_small_talk_is_never_offered_as_a_choice(told: Telling):
    meaning = told(("greet", 0.25), ("faq/public", 0.2), ("my_year", 0.2), ("faq/verify", 0.1)).read("说说学习", NOBODY)
    assert meaning.choices == ("faq/public", "my_year")


def test_nothing_likely_is_said_not_to_be_understood(told: Telling):
    assert told(("greet", 0.09), ("faq/public", 0.08)).read("这那的", NOBODY).turn == Turn("nlu_fallback")


def test_a_refusal_needs_less_certainty_than_an_answer(told: Telling):
    assert told(("other_person", 0.3), ("faq/public", 0.05)).read("他那个学得咋样", NOBODY).turn == Turn("other_person")
    assert told(("my_year", 0.3), ("faq/public", 0.25)).read("学得咋样", NOBODY).turn == Turn("ask_back")


def test_levels_and_subjects_named_twice_are_left_open(told: Telling):
    understanding = told(("my_title", 0.9), ("my_year", 0.1))
    assert understanding.read("我报中级高级够不够", NOBODY).turn == Turn("my_title")
    assert understanding.read("我报高级够不够", NOBODY).turn == Turn("my_title", level="senior")


def test_a_part_without_a_question_is_no_part(told: Telling):
    understanding = told(("faq/public", 0.9), ("greet", 0.1))
    assert understanding.read("我是中学老师。公需要学多少", NOBODY).parts == ()


def test_a_sentence_of_the_training_data_is_one_question_whatever_its_commas(told: Telling):
    said, pieces = "公需在哪学多少、怎么去报名", {"公需在哪学多少": "faq/public", "怎么去报名": "faq/verify"}
    assert len(told(("faq/public", 0.9), pieces=pieces).read(said, NOBODY).parts) == 2
    assert told(("faq/public", 0.9), pieces={**pieces, said: "faq/public"}).read(said, NOBODY).parts == ()


def test_the_same_question_twice_is_answered_once(told: Telling):
    understanding = told(("faq/public", 0.95), ("greet", 0.05))
    assert understanding.read("公需要多少？公需学几个？", NOBODY).parts == ()


def test_a_question_beside_a_call_for_a_human_keeps_both(told: Telling):
    pieces = {"公需要学多少": "faq/public", "能不能帮我转人工": "human"}
    meaning = told(("faq/public", 0.9), ("human", 0.1), pieces=pieces).read("公需要学多少？能不能帮我转人工", NOBODY)
    assert (meaning.turn, meaning.parts) == (Turn("several"), (Turn("faq", "public"), Turn("human")))
    assert group_of(meaning.turn) == "record"


def test_a_question_about_somebody_else_beside_another_is_not_answered_with_ones_own_record(told: Telling):
    pieces = {"公需要学多少": "faq/public", "达瓦今年还差多少": "my_year", "我今年还差多少": "my_year"}
    understanding = told(("faq/public", 0.9), ("my_year", 0.1), pieces=pieces)
    assert understanding.read("公需要学多少？我今年还差多少", NOBODY).parts == (Turn("faq", "public"), Turn("my_year", years=(2023,)))
    assert understanding.read("公需要学多少？达瓦今年还差多少", NOBODY).parts == ()


def test_the_second_question_may_lean_on_the_first(told: Telling):
    pieces = {"高级要提交几年的": "faq/senior"}
    meaning = told(("faq/public", 0.3), ("faq/verify", 0.2), pieces=pieces).read("高级要提交几年的？那么中级呢？", NOBODY)
    assert meaning.parts == (Turn("faq", "senior"), Turn("faq", "intermediate"))


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("公需要多少？什么时候交？", ["公需要多少", "什么时候交"]),
        ("公需要多少还有什么时候交", ["公需要多少", "什么时候交"]),
        ("公需要多少，什么时候交", []),
        ("你好。公需要多少", []),
        ("公需要多少", []),
        ("", []),
    ],
)
def test_whole_sentences_and_joining_words_part_a_message(text, pieces):
    assert sentences(text) == pieces


@pytest.mark.parametrize(
    ("text", "pieces"),
    [("公需要多少，什么时候交", ["公需要多少", "什么时候交"]), ("公需要多少 什么时候交", ["公需要多少", "什么时候交"]), ("公需、专业", [])],
)
def test_commas_and_blanks_are_weaker_borders(text, pieces):
    assert clauses(text) == pieces


@pytest.mark.parametrize(
    ("turn", "group"),
    [
        (Turn("faq", "public"), "faq"),
        (Turn("my_year"), "record"),
        (Turn("several"), "record"),
        (Turn("judge_numbers"), "record"),
        (Turn("my_binding"), "my_binding"),
        (Turn("human"), "human"),
        (Turn("greet"), "talk"),
        (Turn("nlu_fallback"), "talk"),
    ],
)
def test_rules_see_a_turn_by_its_group(turn, group):
    assert group_of(turn) == group
