"""Every prepared text as it reaches a person."""

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from bot.account import ANSWERS
from bot.answers import Answers, bar, hours, joined
from bot.nlu.catalogue import Question
from policies.notice import load_notices

NOTICES = load_notices()
PREPARED = Answers.from_files(NOTICES)
QUESTIONS: list[Question] = list(PREPARED.catalogue)
TODAY = date(2023, 11, 20)
# Chinese numerals that are words of the language, not figures of the notice.
IDIOMS = (
    "每一年度",
    "统一",
    "一起",
    "一科",
    "一经",
    "一家",
    "一样",
    "一种",
    "一次",
    "一个",
    "一句",
    "一致",
    "一些",
    "一览",
    "第三方",
    "十分",
    "万一",
)


def raw(question: Question) -> str:
    return str(PREPARED._responses["utter_faq/" + question.key][0]["text"])


def by_key(question: Question) -> str:
    return question.key


def test_every_placeholder_clause_and_next_question_resolves() -> None:
    assert PREPARED.problems() == []


def test_an_unknown_placeholder_clause_or_next_question_is_a_problem() -> None:
    metadata = {"label": "问", "kind": "rule", "topic": "t", "cites": ["nowhere"], "next": ["nobody"]}
    broken = Answers({"utter_faq/q": [{"text": "不少于{hours.nothing}", "metadata": metadata}]}, NOTICES)
    assert broken.problems() == ["utter_faq/q: {hours.nothing} (2023)", "q: clause nowhere (2023)", "q: next nobody"]


@pytest.mark.parametrize("question", QUESTIONS, ids=by_key)
@pytest.mark.parametrize("today", [TODAY, date(2025, 3, 1)], ids=["2023", "2025"])
def test_no_answer_shows_a_brace_when_filled(question: Question, today: date) -> None:
    assert re.findall(r"[{}]", PREPARED.question([question.key], today).text) == []


@pytest.mark.parametrize("question", QUESTIONS, ids=by_key)
def test_no_prepared_answer_writes_a_figure_itself(question: Question) -> None:
    text = re.sub(r"\{[a-z_0-9.]+\}", "", raw(question))
    for idiom in IDIOMS:
        text = text.replace(idiom, "")
    assert re.findall(r"[0-9０-９]+|[零〇一二两三四五六七八九十百千半]+", text) == []


@pytest.mark.parametrize("question", [q for q in QUESTIONS if q.kind == "rule"], ids=by_key)
def test_every_rule_is_answered_with_its_clause(question: Question) -> None:
    lines = PREPARED.question([question.key], TODAY).text.splitlines()
    assert question.cites
    assert lines[-1].startswith("依据：《关于做好2023年专业技术人员继续教育培训工作的通知》")
    assert NOTICES.in_force(2023).clauses[question.cites[0]].section in lines[-1]


@pytest.mark.parametrize("question", [q for q in QUESTIONS if q.kind == "rule"], ids=by_key)
def test_a_rule_asked_in_a_year_without_a_notice_says_whose_rule_it_is(question: Question) -> None:
    assert "2025年的通知我还没有收录" in PREPARED.question([question.key], date(2025, 3, 1)).text


@pytest.mark.parametrize("question", [q for q in QUESTIONS if q.cites], ids=by_key)
def test_the_clause_button_leads_to_the_notices_own_words(question: Question) -> None:
    assert ("看原文", "看原文") in PREPARED.question([question.key], TODAY).buttons
    text = PREPARED.clause(PREPARED.clauses_of("faq", question.key), TODAY).text
    assert text.startswith("《关于做好2023年专业技术人员继续教育培训工作的通知》原文：")
    for clause in question.cites:
        assert NOTICES.in_force(2023).clauses[clause].text in text


@pytest.mark.parametrize("question", [q for q in QUESTIONS if not q.cites], ids=by_key)
def test_asking_for_the_words_behind_an_answer_without_a_clause_is_told_that_there_are_none(question: Question) -> None:
    assert ("看原文", "看原文") not in PREPARED.question([question.key], TODAY).buttons
    text = PREPARED.clause(PREPARED.clauses_of("faq", question.key), TODAY).text
    assert "通知里没有" in text
    assert "0971-8258157" in text
    assert "原文：" not in text


@pytest.mark.parametrize("intent", ANSWERS)
def test_every_account_answer_has_clauses_to_show(intent: str) -> None:
    assert "原文：" in PREPARED.clause(PREPARED.clauses_of(intent, None), TODAY).text


def test_asking_for_the_words_behind_the_binding_is_told_that_there_are_none() -> None:
    assert "通知里没有" in PREPARED.clause(PREPARED.clauses_of("my_binding", None), TODAY).text


def test_a_question_asked_twice_is_answered_once() -> None:
    assert PREPARED.question(["hours_public", "hours_public"], TODAY) == PREPARED.question(["hours_public"], TODAY)


def test_two_questions_keep_each_its_own_clause() -> None:
    first, second = PREPARED.question(["hours_public", "title_junior"], TODAY).text.split("\n\n")
    assert first.splitlines()[-1].endswith("第二部分第（二）项")
    assert "第六部分第（四）项" in second.splitlines()[-1]


def test_a_message_names_every_question_that_it_answers_and_the_first_apart() -> None:
    both = PREPARED.question(["hours_public", "title_junior", "hours_public"], TODAY)
    assert (both.metadata["question"], both.metadata["questions"]) == ("hours_public", ["hours_public", "title_junior"])
    kept = PREPARED.without(["hours_public"]).question(["hours_public", "title_junior"], TODAY)
    assert (kept.metadata["question"], kept.metadata["questions"]) == ("title_junior", ["title_junior"])


def test_answers_put_together_name_the_questions_of_all_and_are_somebodys_own_as_soon_as_one_part_is() -> None:
    """A rule behind somebody's figures makes them no rule: they are neither sampled nor forwarded."""
    rule, other = (PREPARED.question([key], TODAY) for key in ("hours_public", "title_junior"))
    record = replace(rule, metadata={"kind": "account", "feedback": False})
    assert joined([rule, other, rule]).metadata == {**rule.metadata, "questions": ["hours_public", "title_junior"]}
    assert joined([rule, record]).metadata == {"kind": "account", "feedback": False, "questions": ["hours_public"]}
    assert joined([record, rule]).metadata == {**rule.metadata, "kind": "account", "feedback": False, "questions": ["hours_public"]}
    assert joined([record]).metadata == record.metadata


def test_choices_are_numbered_and_offer_a_way_out() -> None:
    answer = PREPARED.ask_back(["faq/hours_public", "my_year"])
    assert answer.text.splitlines()[1:3] == ["1. 公需科目每年要多少学时", "2. 查我的学时还差多少"]
    assert [title for title, _ in answer.buttons] == ["公需科目每年要多少学时", "查我的学时还差多少", "都不是"]


@pytest.mark.parametrize(("value", "shown"), [("45.0", "45"), ("12.5", "12.5"), ("100", "100"), ("0", "0"), ("1E+2", "100")])
def test_hours_are_shown_without_needless_zeros(value: str, shown: str) -> None:
    assert hours(Decimal(value)) == shown


def test_a_day_is_shown_as_people_say_it() -> None:
    assert NOTICES.in_force(2023).show_day(date(2023, 12, 10)) == "12月10日"


@pytest.mark.parametrize(("value", "full"), [("0", 0), ("4.5", 1), ("44.9", 9), ("45", 10), ("400", 10)])
def test_the_bar_is_full_only_when_the_figure_is_met(value: str, full: int) -> None:
    assert bar(Decimal(value), Decimal(45)) == "▓" * full + "░" * (10 - full)
