"""Reading messages inside their conversation, with a classifier trained here on a few invented sentences."""

import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.nlu.catalogue import Catalogue, Question
from bot.nlu.classifier import Classifier, Guess
from bot.nlu.entities import Amount
from bot.nlu.priors import weigh
from bot.nlu.turn import Context, Meaning, Turn, turn_from_data, turn_to_data
from bot.nlu.understand import ANSWER_AT, DOUBTFUL_AT, Understanding
from bot.runtime.project import ROOT

SENTENCES = {
    "faq/hours_public": "公需要多少学时|公需一年多少|公需课学几个学时|公需最少多少|公需达标线|公需每年要修多少",
    "faq/hours_professional": "专业要多少学时|专业一年多少|专业课学几个学时|专业最少多少|专业达标线|专业每年要修多少",
    "faq/title_senior": "高级要几年学时|报副高要几年达标|评高级需要几年|正高要求几年",
    "faq/title_intermediate": "中级要几年学时|报中级要几年达标|评中级需要几年|工程师要求几年",
    "faq/date_submit": "什么时候提交|材料几号交给单位|提交截止哪天|最晚什么时候交",
    "faq/date_verify": "什么时候审验|审验几号结束|审验截止哪天|最晚什么时候审验",
    "my_year": "我还差多少|我今年够不够|查我的学时|我学了多少|我今年达标了吗",
    "my_title": "我能报高级吗|我报中级缺几年|我评职称够不够",
    "greet": "你好呀|早上好|在吗您好|嗨",
    "out_of_scope": "今天天气怎么样|讲个笑话|帮我订机票|附近有什么好吃的",
}
QUESTIONS = [
    Question("hours_public", "公需科目要多少学时", "rule", "hours", {"subject": "public"}),
    Question("hours_professional", "专业科目要多少学时", "rule", "hours", {"subject": "professional"}),
    Question("title_senior", "报高级要几年学时", "rule", "title", {"level": "senior"}),
    Question("title_intermediate", "报中级要几年学时", "rule", "title", {"level": "intermediate"}),
    Question("date_submit", "什么时候提交", "rule", "dates", {"date": "submit"}),
    Question("date_verify", "什么时候审验", "rule", "dates", {"date": "verify"}),
]
CHOICES = ("faq/hours_public", "my_year", "faq/date_submit")
TURNS = st.builds(
    Turn,
    intent=st.sampled_from(["faq", "my_year", "my_title", "greet"]),
    key=st.none() | st.sampled_from([question.key for question in QUESTIONS]),
    years=st.lists(st.integers(2000, 2028), max_size=3).map(tuple),
    subject=st.sampled_from([None, "public", "professional", "total"]),
    level=st.sampled_from([None, "senior", "intermediate", "junior"]),
    amounts=st.lists(
        st.builds(Amount, st.sampled_from([None, "public"]), st.decimals("0.1", "1000", places=1, allow_nan=False)), max_size=3
    ).map(tuple),
    why=st.booleans(),
)


@pytest.fixture(scope="module")
def understanding() -> Understanding:
    examples = [(sentence, label) for label, said in SENTENCES.items() for sentence in said.split("|")]
    return Understanding(Classifier.train(examples), Catalogue(QUESTIONS))


def read(understanding: Understanding, text: str, about: Turn | None = None, bound: bool = False) -> Meaning:
    return understanding.read(text, Context(2023, about=about, bound=bound))


@pytest.mark.parametrize(
    ("before", "said", "key"),
    [
        ("title_senior", "那中级呢", "title_intermediate"),
        ("hours_public", "专业呢", "hours_professional"),
        ("hours_professional", "公需呢", "hours_public"),
        ("date_submit", "那审验呢", "date_verify"),
    ],
)
def test_a_follow_up_keeps_the_topic_and_changes_the_facet(understanding: Understanding, before: str, said: str, key: str) -> None:
    meaning = read(understanding, said, Turn("faq", before))
    assert (meaning.turn, meaning.about) == (Turn("faq", key), Turn("faq", key))


def test_a_follow_up_on_ones_record_changes_year_level_or_subject(understanding: Understanding) -> None:
    record = Turn("my_year")
    assert read(understanding, "去年呢", record).turn == Turn("my_year", years=(2022,))
    assert read(understanding, "那高级呢", record).turn == Turn("my_title", level="senior")
    assert read(understanding, "专业呢", record).turn == Turn("my_year", subject="professional")


def test_why_and_once_more_refer_to_the_last_question(understanding: Understanding) -> None:
    about = Turn("faq", "hours_public")
    assert read(understanding, "为什么", about).turn == Turn("faq", "hours_public", why=True)
    assert read(understanding, "再说一遍", about).turn == about


def test_small_talk_between_leaves_the_last_question_to_refer_to(understanding: Understanding) -> None:
    about = Turn("faq", "hours_public")
    meaning = read(understanding, "早上好", about)
    assert (meaning.turn.intent, meaning.about) == ("greet", about)


@pytest.mark.parametrize(
    ("said", "keys"),
    [
        ("公需要多少学时？什么时候审验？", ["hours_public", "date_verify"]),
        ("什么时候审验？公需要多少学时？", ["date_verify", "hours_public"]),
        ("公需最少多少，还有高级要几年学时", ["hours_public", "title_senior"]),
        ("提交和审验各是几号", ["date_submit", "date_verify"]),
    ],
)
def test_several_questions_are_answered_in_their_order(understanding: Understanding, said: str, keys: list[str]) -> None:
    meaning = read(understanding, said)
    assert meaning.turn.intent == "faq"
    assert meaning.parts == tuple(Turn("faq", key) for key in keys)


def test_a_question_and_ones_record_in_one_message_are_both_read(understanding: Understanding) -> None:
    meaning = read(understanding, "什么时候提交？我还差多少？")
    assert meaning.turn.intent == "several"
    assert meaning.parts == (Turn("faq", "date_submit"), Turn("my_year"))


def test_one_question_has_no_parts(understanding: Understanding) -> None:
    assert read(understanding, "公需要多少学时").parts == ()


@pytest.mark.parametrize("said", ["达标", "一年"])
def test_an_unsure_reading_asks_back_with_up_to_three_choices(understanding: Understanding, said: str) -> None:
    meaning = read(understanding, said)
    assert meaning.turn == Turn("ask_back")
    assert 2 <= len(meaning.choices) <= 3
    assert set(meaning.choices) <= {label for label in SENTENCES if label not in ("greet", "out_of_scope")}


@pytest.mark.parametrize(
    ("said", "turn"),
    [
        ("1", Turn("faq", "hours_public")),
        ("第一个", Turn("faq", "hours_public")),
        ("２", Turn("my_year")),
        ("第三个", Turn("faq", "date_submit")),
        ("都不是", Turn("none_of_these")),
    ],
)
def test_a_choice_is_made_by_number_or_refused(understanding: Understanding, said: str, turn: Turn) -> None:
    meaning = understanding.read(said, Context(2023, choices=CHOICES))
    assert (meaning.turn, meaning.chosen) == (turn, turn.intent != "none_of_these")


def test_a_number_beyond_the_choices_chooses_nothing(understanding: Understanding) -> None:
    assert understanding.read("3", Context(2023, choices=CHOICES[:2])).turn.intent in ("out_of_scope", "nlu_fallback")


def test_a_question_beside_choices_is_read_as_itself(understanding: Understanding) -> None:
    assert understanding.read("什么时候审验", Context(2023, choices=CHOICES)).turn == Turn("faq", "date_verify")
    assert not understanding.read("什么时候审验", Context(2023, choices=CHOICES)).chosen


def test_being_bound_speaks_for_ones_record(understanding: Understanding) -> None:
    assert read(understanding, "还要多少").turn.intent == "ask_back"
    assert read(understanding, "还要多少", bound=True).turn.intent == "my_year"


def test_the_prior_of_a_bound_person_moves_odds_and_keeps_the_sum() -> None:
    ranking = (Guess("faq/hours_public", 0.6), Guess("my_year", 0.4))
    weighed = weigh("还差多少", ranking, bound=True)
    assert weighed[0].label == "my_year"
    assert sum(guess.confidence for guess in weighed) == pytest.approx(1)
    assert weigh("还差多少", ranking, bound=False) == ranking


def test_a_known_sentence_stands_against_the_prior() -> None:
    ranking = (Guess("faq/hours_public", 1.0), Guess("my_year", 0.0))
    assert weigh("公需还差多少", ranking, bound=True) == ranking


def test_somebody_elses_record_is_recognised(understanding: Understanding) -> None:
    assert read(understanding, "张伟今年还差多少", bound=True).turn == Turn("other_person")


def test_form_values_count_only_while_they_are_asked_for(understanding: Understanding) -> None:
    asked = Context(2023, requested="bind_name")
    meaning = understanding.read("白玛措", asked)
    assert (meaning.turn, meaning.values) == (Turn("inform"), {"bind_name": "白玛措"})
    assert understanding.read("公需要多少学时", asked).turn == Turn("faq", "hours_public")
    assert read(understanding, "白玛措").values == {}


def test_cancelling_outside_the_form_starts_over(understanding: Understanding) -> None:
    assert understanding.read("取消", Context(2023, requested="bind_code")).turn == Turn("cancel")
    assert read(understanding, "取消").turn == Turn("start_over")


@settings(max_examples=60, deadline=None)
@given(
    text=st.text(max_size=60) | st.text("公需专业高级中级去年多少几呢吗？，。 还有绑定12a·", max_size=30),
    requested=st.sampled_from([None, "bind_code", "bind_name"]),
    about=st.none() | TURNS,
    choices=st.sampled_from([(), CHOICES]),
    bound=st.booleans(),
)
def test_reading_never_raises(
    understanding: Understanding, text: str, requested: str | None, about: Turn | None, choices: tuple[str, ...], bound: bool
) -> None:
    meaning = understanding.read(text, Context(2023, requested, about, choices, bound))
    assert meaning.turn.intent
    assert 0 <= meaning.confidence <= 1.000001


@given(turn=TURNS)
def test_a_turn_survives_the_tracker(turn: Turn) -> None:
    assert turn_from_data(turn_to_data(turn)) == turn


def test_no_turn_survives_the_tracker_and_hours_stay_exact() -> None:
    assert turn_to_data(None) is None
    assert turn_from_data(None) is None
    data = turn_to_data(Turn("my_what_if", amounts=(Amount("public", Decimal("45.50")),)))
    assert data is not None
    assert data["amounts"] == [["public", "45.50"]]


def test_a_saved_classifier_predicts_the_same(understanding: Understanding, tmp_path: Path) -> None:
    understanding.classifier.save(tmp_path / "classifier.bin")
    loaded = Classifier.load(tmp_path / "classifier.bin")
    for text in ("公需要多少", "还差多少", "最晚", "gongxu", "公需要多少学时", ""):
        assert loaded.rank(text) == understanding.classifier.rank(text)
        assert loaded.familiarity(text) == understanding.classifier.familiarity(text)


def test_a_training_sentence_is_certain_of_its_label(understanding: Understanding) -> None:
    for label, said in SENTENCES.items():
        assert [understanding.classifier.rank(s)[0] for s in said.split("|")] == [Guess(label, 1.0)] * len(said.split("|"))


def test_probabilities_sum_to_one(understanding: Understanding) -> None:
    ranking = understanding.classifier.rank("最晚")
    assert sum(guess.confidence for guess in ranking) == pytest.approx(1, abs=1e-5)
    assert len(ranking) == len(SENTENCES)


@pytest.mark.parametrize("module", ["bot.nlu.classifier", "bot.answers", "bot.asking"])
def test_answering_imports_neither_rasa_nor_sklearn(module: str) -> None:
    code = f"import sys, {module}; print(sorted({{'rasa', 'sklearn'}} & {{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr


def talk(understanding: Understanding, *said: str, bound: bool = False) -> list[Meaning]:
    """Each message read after the ones before it."""
    context, meanings = Context(2023, bound=bound), []
    for text in said:
        meaning = understanding.read(text, context)
        meanings.append(meaning)
        offered = meaning.turn.intent == "offer_human"
        context = Context(2023, about=meaning.about, choices=meaning.choices, bound=bound, misses=meaning.misses, human_offered=offered)
    return meanings


def test_a_second_miss_in_a_row_offers_a_human_and_yes_calls_one(understanding: Understanding) -> None:
    first, second, third = talk(understanding, "讲个笑话", "帮我订机票", "好的")
    assert [first.turn.intent, second.turn.intent, third.turn.intent] == ["out_of_scope", "offer_human", "human"]
    assert third.misses == 0


def test_an_answer_between_two_misses_starts_the_count_again(understanding: Understanding) -> None:
    meanings = talk(understanding, "讲个笑话", "公需要多少学时", "帮我订机票")
    assert [meaning.turn.intent for meaning in meanings] == ["out_of_scope", "faq", "out_of_scope"]


def test_yes_calls_no_human_who_was_not_offered(understanding: Understanding) -> None:
    assert talk(understanding, "公需要多少学时", "好的")[1].turn.intent != "human"


def test_a_question_after_the_offer_is_answered(understanding: Understanding) -> None:
    assert talk(understanding, "讲个笑话", "帮我订机票", "公需要多少学时")[2].turn.key == "hours_public"


def test_a_bound_person_who_asks_of_themselves_is_told_their_own_facts_behind_the_rule(understanding: Understanding) -> None:
    own = Understanding(
        understanding.classifier, Catalogue([replace(q, own="my_year") if q.key == "hours_public" else q for q in QUESTIONS])
    )
    said = "我公需要多少学时"
    assert [turn.key or turn.intent for turn in talk(own, said, bound=True)[0].parts] == ["hours_public", "my_year"]
    assert talk(own, said)[0].parts == ()
    assert talk(own, "公需要多少学时", bound=True)[0].parts == ()


def test_what_a_bound_person_has_got_so_far_is_their_own_record() -> None:
    ranking = (Guess("faq/hours_public", 0.6), Guess("my_year", 0.4))
    assert weigh("今年一共拿了多少学时", ranking, bound=True)[0].confidence > 0.9
    assert weigh("今年一共拿了多少学时", ranking, bound=False)[0].label == "faq/hours_public"


def test_another_provinces_rule_is_not_answered_with_ours() -> None:
    ranking = (Guess("faq/title_senior", 0.6), Guess("out_of_scope", 0.3), Guess("faq/hours_public", 0.1))
    assert weigh("在兰州评高级要几年", ranking, bound=False)[0].label == "out_of_scope"
    assert weigh("从兰州调来青海评高级要几年", ranking, bound=False)[0].label == "faq/title_senior"
    assert weigh("评高级要几年", ranking, bound=False)[0].label == "faq/title_senior"


def test_small_talk_in_a_long_message_is_hardly_meant() -> None:
    ranking = (Guess("thanks", 0.5), Guess("faq/hours_public", 0.3), Guess("greet", 0.2))
    assert weigh("领导让我问一下公需到底要多少个", ranking, bound=False)[0].label == "faq/hours_public"
    assert weigh("谢谢你啊", ranking, bound=False)[0].label == "thanks"


def test_what_may_well_be_another_matter_is_asked_back_not_answered(understanding: Understanding) -> None:
    ranking = (Guess("faq/hours_public", 0.8), Guess("out_of_scope", 0.15), Guess("my_year", 0.05))
    assert understanding._needed(ranking) == DOUBTFUL_AT
    assert understanding._needed((Guess("faq/hours_public", 0.8), Guess("my_year", 0.2))) == ANSWER_AT
