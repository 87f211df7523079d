"""What staff read out is what the bot says, with its clause; what it was not sure of is shown as such."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import pytest
from sqlalchemy import select

from bot import asking
from bot.account import Whose
from bot.answers import Answers
from bot.db import Database
from bot.helpdesk.lookup.asked import Asked, Sources, UnreadableError, ask, choose
from bot.hours.models import Person
from bot.hours.sample import load_sample
from bot.inbox import switches
from bot.nlu.classifier import Guess
from bot.nlu.entities import Amount, Decimal
from bot.nlu.turn import Context, Meaning, Turn
from policies.notice import load_notices
from tests.helpdesk.conftest import NOW

TODAY = date(2023, 11, 20)
NOTICES = load_notices()
ANSWERS = Answers.from_files(NOTICES)
RANKING = tuple(
    Guess(label, share) for label, share in (("faq/hours_public", 0.7), ("greet", 0.1), ("my_year", 0.1), ("faq/hours_total", 0.05))
)
HOURS = Meaning(Turn("faq", "hours_public"), 0.7, RANKING)


@dataclass
class Reader:
    """An understanding that reads everything in one way, and numbers as the choice offered."""

    meaning: Meaning
    labels: tuple[str, ...] = ("faq/hours_public", "faq/hours_total", "my_year", "greet")
    bound: bool | None = None

    @property
    def classifier(self) -> "Reader":
        return self

    def read(self, text: str, context: Context) -> Meaning:
        self.bound = context.bound
        if context.choices:
            label = context.choices[int(text) - 1]
            return Meaning(Turn("faq", label.removeprefix("faq/")) if label.startswith("faq/") else Turn(label))
        return self.meaning


def sources(meaning: Meaning) -> Sources:
    reader = Reader(meaning)
    return Sources(lambda: reader, ANSWERS, NOTICES, TODAY)  # type: ignore[arg-type, return-value]


Asking = Callable[..., Asked]


@pytest.fixture
def asked(database: Database) -> Asking:
    """The reading of words by an understanding of this meaning, about the sample person of this name."""
    load_sample(database, NOW)

    def run(meaning: Meaning, text: str = "问", name: str | None = None, label: str | None = None) -> Asked:
        with database.read() as session:
            person = session.execute(select(Person).where(Person.name == name)).scalars().one() if name else None
            whose = Whose(session, person) if person else None
            given = sources(meaning)
            return choose(session, given, text, label, whose) if label else ask(session, given, text, whose)

    return run


def test_a_prepared_answer_comes_with_its_clause_word_for_word(asked: Asking) -> None:
    found = asked(HOURS)
    assert (found.kind, found.labels, found.certainty, found.confidence) == ("answer", ("faq/hours_public",), "likely", 0.7)
    assert found.answer == ANSWERS.question(["hours_public"], TODAY)
    clause = NOTICES.in_force(2023).clauses[ANSWERS.catalogue.get("hours_public").cites[0]]
    assert (found.clauses[0].section, found.clauses[0].text) == (clause.section, clause.text)
    assert not found.own


def test_the_next_likely_questions_lie_near_and_small_talk_does_not(asked: Asking) -> None:
    assert [near.label for near in asked(HOURS).near] == ["my_year", "faq/hours_total"]


def test_a_known_persons_own_figures_are_told_with_all_their_clauses(asked: Asking) -> None:
    found = asked(Meaning(Turn("my_year")), name="才让·措毛")
    assert found.answer.text.startswith("2023年度还没有完成：公需科目还差12.5学时，专业科目还差32学时。")
    assert found.own
    cited = found.answer.text.rsplit("》", 1)[1]
    assert set(cited.split("、")) == {clause.section for clause in found.clauses}


def test_numbers_held_against_the_notice_tell_a_known_persons_year_too(asked: Asking) -> None:
    meaning = Meaning(Turn("judge_numbers", amounts=(Amount("public", Decimal(20)),)))
    assert asked(meaning, name="才让·措毛").own
    assert not asked(meaning).own


def test_understanding_is_told_whether_somebody_is_known(database: Database) -> None:
    load_sample(database, NOW)
    given = sources(HOURS)
    with database.read() as session:
        ask(session, given, "问", Whose(session, session.get(Person, 1)))
        assert given.reader().bound  # type: ignore[attr-defined]
        ask(session, given, "问")
        assert not given.reader().bound  # type: ignore[attr-defined]


def test_a_question_asked_back_is_shown_as_such_with_its_choices(asked: Asking) -> None:
    found = asked(Meaning(Turn("ask_back"), 0.2, RANKING, choices=("faq/hours_total", "faq/hours_public")))
    assert (found.kind, found.certainty, found.labels, found.titles) == ("ask_back", "unsure", (), ())
    assert found.answer == ANSWERS.ask_back(("faq/hours_total", "faq/hours_public"))
    assert [near.label for near in found.near][:2] == ["faq/hours_total", "faq/hours_public"]
    assert found.confidence == RANKING[0].confidence


def test_words_that_fit_no_question_show_what_the_bot_says_and_the_nearest_clause(asked: Asking) -> None:
    words = "自主审验单位逐级审验工作"
    found = asked(Meaning(Turn("nlu_fallback"), 0.05), words)
    assert (found.kind, found.certainty, found.confidence) == ("unread", "unsure", 0.0)
    assert found.answer.text == ANSWERS.not_understood(words, TODAY).text
    assert found.clauses[0].text in found.answer.text


def test_words_about_something_else_have_no_clause(asked: Asking) -> None:
    found = asked(Meaning(Turn("out_of_scope"), 0.9), "天气")
    assert (found.kind, found.certainty, found.clauses) == ("unread", "foreign", ())
    assert found.answer == ANSWERS.say("utter_talk/out_of_scope", TODAY)


def test_a_near_question_is_answered_as_a_choice_of_the_chat_is(asked: Asking) -> None:
    found = asked(HOURS, label="faq/hours_total")
    assert found.answer == ANSWERS.question(["hours_total"], TODAY)
    assert found.near == ()
    own = asked(HOURS, label="my_year", name="马占海")
    assert own.answer.text.startswith("2023年度学时已全部完成")


@pytest.mark.parametrize("label", ["faq/unknown", "greet", "human", ""])
def test_another_label_is_none_to_choose(database: Database, label: str) -> None:
    with database.read() as session, pytest.raises(KeyError):
        choose(session, sources(HOURS), "问", label)


@pytest.mark.parametrize(("text", "fault"), [("", "blank"), (" \n", "blank"), ("学" * 1001, "too_long")])
def test_nothing_and_too_much_are_not_read(database: Database, text: str, fault: str) -> None:
    with database.read() as session, pytest.raises(UnreadableError, match=fault):
        ask(session, sources(HOURS), text)


def test_numbers_of_people_in_the_words_are_masked_and_the_notices_own_stay(asked: Asking) -> None:
    found = asked(HOURS, "632221199006240420 打 18970996140 问 13912345678")
    assert found.question == "6322**********0420 打 18970996140 问 139****5678"


def switch(database: Database, scope: str, name: str) -> None:
    with database.write() as session:
        switches.off(session, scope, name, "答案有误", "staff:3", NOW)


def test_a_switched_off_answer_is_not_told_and_says_why(database: Database, asked: Asking) -> None:
    switch(database, switches.QUESTION, "hours_public")
    found = asked(HOURS)
    assert found.off == ("答案有误",)
    assert found.answer == ANSWERS.without(["hours_public"]).question(["hours_public"], TODAY)
    assert found.clauses == ()
    assert asked(HOURS, label="faq/hours_total").off == ()


def test_switched_off_figures_are_told_of_nobody(database: Database, asked: Asking) -> None:
    switch(database, switches.PERSONAL, switches.EVERYTHING)
    found = asked(Meaning(Turn("my_year")), name="才让·措毛")
    assert (found.off, found.own) == (("答案有误",), False)
    assert found.answer.text == ANSWERS.personal_off(TODAY).text
    judged = asked(Meaning(Turn("judge_numbers", amounts=(Amount("public", Decimal(20)),))), name="才让·措毛")
    assert "32.5" not in judged.answer.text
    assert asked(HOURS).off == ()


def test_several_questions_of_one_sentence_are_all_told(asked: Asking) -> None:
    parts = (Turn("faq", "hours_public"), Turn("my_year"))
    found = asked(Meaning(Turn("several"), 0.9, RANKING, parts=parts), name="才让·措毛")
    assert found.labels == ("faq/hours_public", "my_year")
    assert len(found.titles) == 2
    with_clauses = asking.answer(Meaning(Turn("several"), parts=parts), ANSWERS, NOTICES, TODAY)
    assert found.answer.text.split("\n")[0] == with_clauses.text.split("\n")[0]
    assert len({clause.section for clause in found.clauses}) > 1
