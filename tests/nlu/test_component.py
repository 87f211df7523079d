"""What the graph component writes on a message, and that the next message finds it in the tracker."""

from typing import Any

import pytest

from bot.runtime import lean

lean.install()

from rasa.shared.core.domain import Domain  # noqa: E402
from rasa.shared.core.events import ActiveLoop, SlotSet, UserUttered  # noqa: E402
from rasa.shared.core.slots import BooleanSlot, TextSlot  # noqa: E402
from rasa.shared.core.trackers import DialogueStateTracker  # noqa: E402
from rasa.shared.nlu.training_data.message import Message  # noqa: E402

from bot.nlu.component import UnderstandingComponent  # noqa: E402
from bot.nlu.understand import Understanding  # noqa: E402
from tests.nlu.conftest import Telling  # noqa: E402


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BOT_TODAY", "2023-11-20")


class Chat:
    """A conversation in which only understanding takes part."""

    def __init__(self, understanding: Understanding) -> None:
        self.component = UnderstandingComponent(None, None, understanding)  # type: ignore[arg-type]
        slots = [TextSlot("requested_slot", mappings=[]), BooleanSlot("bound", mappings=[])]
        self.tracker = DialogueStateTracker("rest:me", slots)

    def say(self, text: str) -> dict[str, Any]:
        message = Message.build(text)
        (read,) = self.component.process([message], self.tracker)
        data = read.as_dict(only_output_properties=True)
        self.tracker.update(UserUttered(text, data["intent"], data["entities"], data), Domain.empty())
        return dict(data)


def test_a_question_is_written_as_rasas_retrieval_answer(told: Telling):
    data = Chat(told(("faq/public", 0.9))).say("公需学几个")
    assert data["intent"] == {"name": "faq", "confidence": pytest.approx(0.9)}
    assert data["response_selector"]["faq"]["response"]["intent_response_key"] == "faq/public"
    assert data["response_selector"]["faq"]["response"]["utter_action"] == "utter_faq/public"
    assert data["meaning"]["about"] == data["meaning"]["turn"]
    assert data["entities"] == []


def test_small_talk_is_written_in_its_group_and_the_record_without_a_response(told: Telling):
    talk = Chat(told(("greet", 0.9))).say("早上好哦朋友")
    assert (talk["intent"]["name"], talk["response_selector"]["talk"]["response"]["utter_action"]) == ("talk", "utter_talk/greet")
    record = Chat(told(("my_year", 0.9))).say("我差多少呀现在")
    assert record["intent"]["name"] == "record"
    assert "response_selector" not in record


def test_the_first_of_several_questions_names_the_response(told: Telling):
    data = Chat(told(("faq/submit", 0.35), ("faq/verify", 0.3))).say("日子是哪天")
    assert data["response_selector"]["faq"]["response"]["utter_action"] == "utter_faq/submit"
    assert [part["key"] for part in data["meaning"]["parts"]] == ["submit", "verify"]


def test_the_next_message_leans_on_the_last_question_through_the_tracker(told: Telling):
    chat = Chat(told(("faq/late", 0.2), pieces={"报高级要几年": "faq/senior", "谢谢您哦朋友": "greet"}))
    chat.say("报高级要几年")
    assert chat.say("谢谢您哦朋友")["intent"]["name"] == "talk"
    assert chat.say("那中级呢")["meaning"]["turn"]["key"] == "intermediate"


def test_a_number_chooses_from_the_choices_of_the_message_before_and_of_no_earlier_one(told: Telling):
    chat = Chat(told(("faq/submit", 0.3), ("faq/public", 0.3), pieces={"早上好哦朋友": "greet"}))
    assert chat.say("说说学习")["meaning"]["choices"] == ["faq/submit", "faq/public"]
    taken = chat.say("2")["meaning"]
    assert (taken["turn"]["key"], taken["chosen"]) == ("public", True)
    chat.say("说说学习")
    chat.say("早上好哦朋友")
    assert chat.say("都不是")["meaning"]["turn"]["intent"] != "none_of_these"


def test_a_form_value_becomes_an_entity_while_the_form_asks_for_it(told: Telling):
    chat = Chat(told(("faq/public", 0.9)))
    assert chat.say("白玛措")["entities"] == []
    for event in (ActiveLoop("bind_form"), SlotSet("requested_slot", "bind_name")):
        chat.tracker.update(event)
    data = chat.say("白玛措")
    assert data["intent"]["name"] == "inform"
    assert [(entity["entity"], entity["value"]) for entity in data["entities"]] == [("bind_name", "白玛措")]


def test_a_requested_slot_left_over_without_a_form_asks_for_nothing(told: Telling):
    chat = Chat(told(("faq/public", 0.9)))
    chat.tracker.update(SlotSet("requested_slot", "bind_name"))
    assert chat.say("白玛措")["intent"]["name"] == "faq"


def test_whether_somebody_is_bound_is_read_from_the_slot(told: Telling):
    chat = Chat(told(("faq/public", 0.6), ("my_year", 0.4)))
    assert chat.say("公需够了没")["intent"]["name"] == "faq"
    chat.tracker.update(SlotSet("bound", True))
    assert chat.say("公需够了没")["intent"]["name"] == "record"


def test_a_message_without_a_conversation_or_text_is_read_alone(told: Telling):
    component = UnderstandingComponent(None, None, told(("faq/public", 0.9)))  # type: ignore[arg-type]
    (empty,) = component.process([Message(data={})])
    assert empty.get("intent")["name"] == "talk"
    assert empty.get("meaning")["turn"]["intent"] == "nlu_fallback"


def test_a_component_that_was_neither_trained_nor_loaded_says_so():
    with pytest.raises(RuntimeError, match="neither trained nor loaded"):
        UnderstandingComponent(None, None).process([Message.build("你好")])  # type: ignore[arg-type]
