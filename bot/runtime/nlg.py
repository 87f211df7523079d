"""Fills responses in process: placeholders from the notice, the clause appended, several prepared answers joined.

Rasa fills ``responses`` after loading a model only for subclasses of its own templated generator
(``rasa/core/agent.py``, ``Agent.load_model``), so this is one.
"""

from dataclasses import replace
from typing import Any

from rasa.core.nlg.response import TemplatedNaturalLanguageGenerator
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import EndpointConfig

from bot import answers, settings
from bot.inbox.guard import QUESTIONS_OFF
from policies.notice import load_notices

FAQ = "utter_faq/"


class Answers(TemplatedNaturalLanguageGenerator):
    """Rasa's generator over ``bot.answers``."""

    def __init__(self, endpoint_config: EndpointConfig | None = None, domain: Domain | None = None) -> None:
        super().__init__({})
        self._settings = settings.load()
        self._notices = load_notices()
        self._of: tuple[Any, answers.Answers] | None = None

    @property
    def _answers(self) -> answers.Answers:
        """The texts of the loaded model; a new model brings new ones."""
        if self._of is None or self._of[0] is not self.responses:
            self._of = (self.responses, answers.Answers(self.responses, self._notices))
        return self._of[1]

    async def generate(self, utter_action: str, tracker: DialogueStateTracker, output_channel: str, **kwargs: Any) -> dict[str, Any] | None:
        """The message for an utter action; None for one that the domain does not hold."""
        said = tracker.latest_message
        meaning = (said.parse_data if said else {}).get("meaning") or {}
        today = self._settings.current_date()
        off = (said.metadata if said else {}).get(QUESTIONS_OFF)
        texts = self._answers.without(off) if off else self._answers
        if utter_action.startswith(FAQ):
            keys = [part["key"] for part in meaning.get("parts") or () if part["key"]] or [utter_action.removeprefix(FAQ)]
            told = texts.question(keys, today)
            return (replace(told, metadata={**told.metadata, "chosen": True}) if meaning.get("chosen") else told).as_message()
        if utter_action == "utter_talk/ask_back":
            return texts.ask_back(meaning["choices"]).as_message()
        if utter_action == "utter_talk/show_clause" and meaning.get("about"):
            about = meaning["about"]
            return texts.original(about["intent"], about["key"], today).as_message()
        if utter_action == "utter_talk/nlu_fallback" and said:
            return texts.not_understood(said.text or "", today).as_message()
        if utter_action not in self.responses:
            return None
        return texts.say(utter_action, today, **kwargs).as_message()
