"""Staff read out what the chat would say: one sentence, whether it comes through an action or without Rasa."""

from collections.abc import Callable
from typing import Any

import pytest

from actions.desk import Desk
from bot import asking
from bot.account import ANSWERS, Whose
from bot.hours.models import Person
from bot.nlu.entities import Amount, Decimal
from bot.nlu.turn import Meaning, Turn
from tests.actions.conftest import EVERYBODY, GAPS, Reply

TURNS = (
    *(Turn(intent) for intent in ANSWERS),
    *(Turn("my_title", level=level) for level in ("senior", "intermediate", "junior")),
    Turn("my_year", years=(2021,)),
    Turn("my_what_if", amounts=(Amount("public", Decimal(20)),)),
    Turn("judge_numbers", amounts=(Amount("public", Decimal(20)),)),
)
SEVERAL = (Turn("faq", "hours_public"), Turn("my_year"), Turn("judge_numbers", amounts=(Amount("professional", Decimal(60)),)))


def without_rasa(desk: Desk, name: str | None, *turns: Turn) -> str:
    """The console's answer to a meaning, about the sample person of this name."""
    meaning = Meaning(Turn("several"), parts=turns) if len(turns) > 1 else Meaning(turns[0])
    facts: dict[str, Any] = {"answers": desk.answers, "notices": desk.notices, "today": desk.today}
    with desk.database.read() as session:
        person = session.query(Person).filter_by(name=name).one() if name else None
        return asking.answer(meaning, **facts, whose=Whose(session, person) if person else None).text


@pytest.mark.parametrize("name", EVERYBODY)
def test_a_caller_is_told_what_the_chat_tells_them(desk: Desk, ask_as: Callable[..., Reply], name: str) -> None:
    for turn in TURNS:
        assert without_rasa(desk, name, turn) == ask_as(name, turn).text


def test_several_questions_of_one_message_are_told_alike(desk: Desk, ask: Callable[..., Reply], ask_as: Callable[..., Reply]) -> None:
    assert without_rasa(desk, None, *SEVERAL) == ask(*SEVERAL).text
    assert without_rasa(desk, GAPS, *SEVERAL) == ask_as(GAPS, *SEVERAL).text


def test_a_caller_who_is_not_known_is_told_what_an_unbound_chat_is_told(desk: Desk, ask: Callable[..., Reply]) -> None:
    for turn in TURNS:
        assert without_rasa(desk, None, turn) == ask(turn).text
