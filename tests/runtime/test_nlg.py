"""Rasa's generator over our prepared texts: what each utter action sends for a reading."""

from typing import Any

import pytest
import yaml

from bot.runtime import lean

lean.install()

from rasa.shared.core.events import UserUttered  # noqa: E402
from rasa.shared.core.trackers import DialogueStateTracker  # noqa: E402

from bot.answers import Answers as Prepared  # noqa: E402
from bot.inbox.guard import QUESTIONS_OFF  # noqa: E402
from bot.nlu.turn import Turn, turn_to_data  # noqa: E402
from bot.runtime.nlg import Answers  # noqa: E402
from bot.runtime.project import ROOT  # noqa: E402
from policies.notice import load_notices  # noqa: E402


@pytest.fixture
def generator(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Answers:
    """The generator with the project's texts, as a loaded model fills them in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BOT_TODAY", "2023-11-20")
    made = Answers()
    made.responses = Prepared.from_files(load_notices(), ROOT)._responses
    return made


async def sent(generator: Answers, action: str, turn: Turn | None = None, **meaning: Any) -> Any:
    """What goes out for an action after a message that was read so."""
    data = {"turn": turn_to_data(turn), "parts": [], "choices": [], "about": None, **meaning}
    tracker = DialogueStateTracker("rest:me", [])
    tracker.update(UserUttered("…", parse_data={"text": "…", "intent": {}, "entities": [], "meaning": data}))
    return await generator.generate(action, tracker, "rest")


async def test_a_question_is_sent_with_its_figure_its_clause_and_its_buttons(generator: Answers):
    message = await sent(generator, "utter_faq/hours_public", Turn("faq", "hours_public"))
    assert "45学时" in message["text"]
    assert message["text"].splitlines()[-1].endswith("第二部分第（二）项")
    assert message["metadata"] == {"kind": "faq", "question": "hours_public", "questions": ["hours_public"], "feedback": True}
    assert message["buttons"][-1] == {"title": "看原文", "payload": "看原文"}


async def test_several_questions_are_sent_in_one_message(generator: Answers):
    parts = [turn_to_data(Turn("faq", key)) for key in ("hours_public", "title_junior")]
    message = await sent(generator, "utter_faq/hours_public", Turn("faq"), parts=parts)
    assert message["text"].count("依据：") == 2
    assert message["metadata"]["question"] == "hours_public"
    assert message["metadata"]["questions"] == ["hours_public", "title_junior"]


async def test_an_answer_to_a_choice_out_of_an_offer_says_so(generator: Answers):
    by_choice = await sent(generator, "utter_faq/hours_public", Turn("faq", "hours_public"), chosen=True)
    asked = await sent(generator, "utter_faq/hours_public", Turn("faq", "hours_public"), chosen=False)
    assert by_choice == {**asked, "metadata": {**asked["metadata"], "chosen": True}}


async def test_a_question_without_a_conversation_is_answered(generator: Answers):
    message = await generator.generate("utter_faq/hours_public", DialogueStateTracker("rest:me", []), "rest")
    assert message is not None
    assert "45学时" in message["text"]


async def test_choices_are_sent_as_a_numbered_list_without_feedback(generator: Answers):
    message = await sent(generator, "utter_talk/ask_back", Turn("ask_back"), choices=["faq/hours_public", "my_year"])
    assert "1. 公需科目每年要多少学时" in message["text"]
    assert [button["title"] for button in message["buttons"]][-1] == "都不是"
    assert message["metadata"]["feedback"] is False


@pytest.mark.parametrize(
    ("about", "passage"),
    [
        (Turn("faq", "hours_public"), "公需科目不少于 45 学时"),
        (Turn("my_title", level="senior"), "4年"),
        (Turn("my_plan"), "12月10日"),
    ],
)
async def test_the_notices_own_words_are_sent_for_what_was_answered_before(generator: Answers, about: Turn, passage: str):
    message = await sent(generator, "utter_talk/show_clause", Turn("show_clause"), about=turn_to_data(about))
    assert message["text"].startswith("《关于做好2023年专业技术人员继续教育培训工作的通知》原文：")
    assert passage in message["text"]


async def test_what_is_switched_off_while_the_message_is_answered_is_not_sent(generator: Answers):
    tracker = DialogueStateTracker("rest:me", [])
    meaning = {"turn": turn_to_data(Turn("faq", "hours_public")), "parts": [], "choices": [], "about": None}
    said = {"text": "…", "intent": {}, "entities": [], "meaning": meaning}
    tracker.update(UserUttered("…", parse_data=said, metadata={QUESTIONS_OFF: ["hours_public"]}))
    off = await generator.generate("utter_faq/hours_public", tracker, "rest")
    on = await generator.generate("utter_faq/title_junior", tracker, "rest")
    assert off is not None
    assert on is not None
    assert "自动答复暂时停用" in off["text"]
    assert "依据：" in on["text"]


async def test_without_anything_answered_before_the_notices_words_are_asked_back_for(generator: Answers):
    assert "请先问一个政策问题" in (await sent(generator, "utter_talk/show_clause", Turn("show_clause")))["text"]


async def test_facts_handed_to_a_response_are_filled_in(generator: Answers):
    tracker = DialogueStateTracker("rest:me", [])
    message = await generator.generate("utter_year_to_come", tracker, "rest", year=2031)
    assert message is not None
    assert message["text"].startswith("2031年还没有到")


async def test_an_action_that_the_domain_does_not_hold_sends_nothing(generator: Answers):
    assert await sent(generator, "utter_nothing_of_the_kind") is None


async def test_a_newly_loaded_model_brings_its_own_texts(generator: Answers):
    before = await sent(generator, "utter_talk/greet", Turn("greet"))
    generator.responses = {**generator.responses, "utter_talk/greet": [{"text": "早。"}]}
    after = await sent(generator, "utter_talk/greet", Turn("greet"))
    assert before["text"].startswith("您好")
    assert after["text"] == "早。"


async def test_no_fixed_sentence_is_sent_with_an_open_placeholder(generator: Answers):
    domain = yaml.load((ROOT / "domain.yml").read_text("utf-8"), yaml.CSafeLoader)
    for name, texts in domain["responses"].items():
        facts = dict.fromkeys((texts[0].get("metadata") or {}).get("facts", ()), "7")
        if name != "utter_talk/ask_back":
            message = await generator.generate(name, DialogueStateTracker("rest:me", []), "rest", **facts)
            assert message is not None
            assert not set("{}") & set(message["text"]), name
