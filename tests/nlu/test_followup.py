"""Messages that lean on what was said before, and those that only look like it."""

from decimal import Decimal

import pytest

from bot.nlu.entities import Amount
from bot.nlu.followup import chosen
from bot.nlu.turn import Context, Turn
from tests.nlu.conftest import Telling

SENIOR = Turn("faq", "senior")
VAGUE = (("faq/late", 0.2), ("my_year", 0.15), ("faq/verify", 0.1), ("out_of_scope", 0.05))


def read(told: Telling, text: str, about: Turn | None, *ranking: tuple[str, float]) -> Turn:
    return told(*(ranking or VAGUE)).read(text, Context(2023, about=about)).turn


@pytest.mark.parametrize(
    ("said", "count", "index"),
    [
        ("1", 3, 0),
        ("二", 3, 1),
        ("第三个", 3, 2),
        ("中间", 3, 1),
        ("最后一个", 3, 2),
        ("最后一个", 2, 1),
        ("最下面", 1, 0),
        ("都不对", 2, -1),
    ],
)
def test_a_choice_is_named_by_number_or_place(said, count, index):
    assert chosen(said, count) == index


@pytest.mark.parametrize(("said", "count"), [("3", 2), ("4", 3), ("公需", 3), ("", 3), ("第一年", 3)])
def test_other_words_name_no_choice(said, count):
    assert chosen(said, count) is None


@pytest.mark.parametrize("said", ["中间那个", "就是中间那个吧", "2。", "第二个！"])
def test_a_choice_may_be_made_in_a_longer_way(told, said):
    understanding = told(*VAGUE)
    context = Context(2023, choices=("faq/public", "faq/senior", "my_year"))
    assert understanding.read(said, context).turn == SENIOR


@pytest.mark.parametrize(
    ("about", "said", "key"),
    [
        ("senior", "那中级呢", "intermediate"),
        ("senior", "中级", "intermediate"),
        ("intermediate", "要是报高级呢", "senior"),
        ("public", "专业的呢", "professional"),
        ("submit", "那审验呢", "verify"),
        ("submit", "要是没赶上呢", "late"),
    ],
)
def test_a_policy_question_is_followed_by_its_sibling(told, about, said, key):
    assert read(told, said, Turn("faq", about)) == Turn("faq", key)


def test_without_anything_before_a_follow_up_follows_nothing(told):
    assert read(told, "那中级呢", None).intent in ("ask_back", "nlu_fallback")


def test_a_few_words_that_name_no_facet_go_to_the_topics_likeliest_question(told):
    assert read(told, "结束是啥时候呢", Turn("faq", "submit")) == Turn("faq", "verify")


def test_a_long_or_certain_question_stands_on_its_own(told):
    long = "我们单位的人中级职称到底要提交几年的学时才可以"
    assert read(told, long, SENIOR, ("faq/public", 0.9), ("my_year", 0.1)) == Turn("faq", "public")
    led = "那么公需课和中级职称放在一起又该怎么说呢"
    assert read(told, led, SENIOR, ("faq/public", 0.6), ("my_year", 0.1)) == Turn("faq", "public")
    certain = told(("my_year", 0.9), ("faq/public", 0.1), pieces={"公需一年学多少": "faq/public"})
    assert certain.read("公需一年学多少", Context(2023, about=SENIOR)).turn == Turn("faq", "public")
    assert read(told, "那审验过的公需呢", Turn("faq", "submit"), ("faq/public", 0.95), ("my_year", 0.05)) == Turn("faq", "public")


@pytest.mark.parametrize(
    ("about", "said", "turn"),
    [
        (Turn("my_year"), "去年呢", Turn("my_year", years=(2022,))),
        (Turn("my_title", level="senior"), "那中级呢", Turn("my_title", level="intermediate")),
        (Turn("my_title", level="senior"), "2021年呢", Turn("my_year", years=(2021,))),
        (Turn("my_year", years=(2022,)), "专业的呢", Turn("my_year", years=(2022,), subject="professional")),
        (Turn("my_what_if", amounts=(Amount("public", Decimal(5)),)), "那高级呢", Turn("my_title", level="senior")),
    ],
)
def test_ones_own_record_is_followed_by_year_level_or_subject(told, about, said, turn):
    assert read(told, said, about) == turn


@pytest.mark.parametrize("about", [SENIOR, Turn("my_year", years=(2022,))])
def test_why_asks_about_the_same_thing(told, about):
    assert read(told, "为什么呀？", about) == Turn(about.intent, about.key, years=about.years, why=True)


@pytest.mark.parametrize("said", ["再说一遍", "刚才那个再说一遍", "没看清"])
def test_the_same_is_said_again_on_request(told, said):
    assert read(told, said, SENIOR) == SENIOR


def test_the_binding_is_no_topic_that_a_follow_up_leans_on(told):
    understanding = told(("my_binding", 0.9), ("greet", 0.1))
    meaning = understanding.read("我绑的是谁来着", Context(2023, about=SENIOR))
    assert (meaning.turn, meaning.about) == (Turn("my_binding"), SENIOR)


@pytest.mark.parametrize("said", ["我老公去年呢", "那张伟去年呢", "6322**********0420今年呢", "我爱人报中级够不够"])
def test_after_ones_own_record_somebody_else_is_not_answered_with_it(told, said):
    understanding = told(("my_year", 0.6), ("other_person", 0.2))
    assert understanding.read(said, Context(2023, about=Turn("my_year"), bound=True)).turn == Turn("other_person")


def test_after_ones_own_record_a_message_that_reads_as_somebody_elses_is_no_follow_up(told):
    surely = told(("other_person", 0.7), ("my_year", 0.2))
    assert surely.read("那他去年呢", Context(2023, about=Turn("my_year"))).turn.intent == "other_person"


def test_a_bare_subject_after_ones_own_record_means_the_record_whatever_it_means_alone(told):
    about = Turn("my_year", subject="professional")
    turn = read(told, "那公需呢", about, ("faq/public", 0.97), ("my_year", 0.02))
    assert (turn.intent, turn.subject) == ("my_year", "public")


@pytest.mark.parametrize("correction", ["不是，我问的是专业", "不对，我是说专业", "我指的是专业的"])
def test_a_correction_keeps_the_question_and_changes_what_was_named(told, correction):
    assert read(told, correction, Turn("faq", "public")).key == "professional"
