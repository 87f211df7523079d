"""What an answer counts as: by its kind, on the kinds that answers really have."""

from datetime import date

import pytest
import yaml

from bot.answers import Answers
from bot.inbox.intake import NOTICE
from bot.inbox.outbox import kind_of
from bot.inbox.outcome import OF_KIND, OUTCOMES, outcome
from bot.runtime.project import DOMAIN
from policies.notice import load_notices

TODAY = date(2023, 11, 20)
FACTS = {
    "year": 2023,
    "name": "x",
    "unit": "x",
    "id_number": "x",
    "since": "x",
    "minutes": 15,
    "number": 1,
    "ahead": 0,
    "clause": "x",
    "opens": "x",
    "holder": 3,
}


@pytest.fixture(scope="module")
def answers() -> Answers:
    return Answers.from_files(load_notices())


def of(*said: object) -> str | None:
    return outcome(kind_of(answer.as_message()) for answer in said)  # type: ignore[attr-defined]


def test_every_response_of_the_domain_has_a_kind_that_is_counted(answers: Answers) -> None:
    names = yaml.safe_load(DOMAIN.read_text("utf-8"))["responses"]
    kinds = {name: kind_of(answers.say(name, TODAY, **FACTS).as_message()) for name in names}
    assert {name: kind for name, kind in kinds.items() if kind not in OF_KIND} == {}
    assert set(kinds.values()) >= {"account", "ask_back", "fallback", "form", "human", "smalltalk"}


def test_a_prepared_answer_a_clause_and_a_record_are_answers(answers: Answers) -> None:
    question = answers.question(["hours_public"], TODAY)
    clause = answers.clause(answers.clauses_of("faq", "hours_public"), TODAY)
    assert [of(question), of(clause), of(answers.say("utter_record/my_year", TODAY))] == ["answered"] * 3
    assert of(answers.say("utter_talk/greet", TODAY)) == "answered"


def test_offering_questions_is_asking_back(answers: Answers) -> None:
    assert of(answers.ask_back(["faq/hours_public", "faq/hours_total"][:1])) == "asked_back"


@pytest.mark.parametrize("response", ["nlu_fallback", "out_of_scope", "none_of_these"])
def test_not_understood_and_not_ours_is_fallback(answers: Answers, response: str) -> None:
    assert of(answers.say(f"utter_talk/{response}", TODAY)) == "fallback"


@pytest.mark.parametrize("response", ["utter_human", "utter_human_again", "utter_human_closed", "utter_human_held", "utter_message_left"])
def test_a_ticket_is_handing_over(answers: Answers, response: str) -> None:
    assert of(answers.say(response, TODAY, **FACTS)) == "handed_over"


def test_a_form_that_asks_again_does_not_hide_what_was_said_before_it() -> None:
    assert outcome(["form"]) == "answered"
    assert outcome(["fallback", "form"]) == "fallback"
    assert outcome(["ask_back", "form"]) == "asked_back"
    assert outcome(["faq", "form"]) == "answered"


def test_of_several_answers_the_strongest_counts() -> None:
    assert outcome(["fallback", "ask_back"]) == "asked_back"
    assert outcome(["fallback", "faq", "ask_back"]) == "answered"
    assert outcome(["faq", "human"]) == "handed_over"


def test_the_intakes_own_sentence_is_fallback_and_silence_nothing() -> None:
    assert outcome([NOTICE]) == "fallback"
    assert outcome([]) is None


def test_a_kind_nobody_foresaw_is_an_answer() -> None:
    assert outcome(["other", "form"]) == "answered"
    assert set(OF_KIND.values()) == set(OUTCOMES)
