"""The graph component around our understanding: it trains the classifier and reads messages inside their conversation."""

from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot import settings
from bot.nlu.catalogue import Catalogue, plain
from bot.nlu.examples import learn
from bot.nlu.turn import Context, Meaning, group_of, turn_from_data, turn_to_data
from bot.nlu.understand import Understanding


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class UnderstandingComponent(GraphComponent):
    """Sets intent, retrieval key, entities and ``meaning`` of each message."""

    def __init__(self, storage: ModelStorage, resource: Resource, understanding: Understanding | None = None):
        self._storage = storage
        self._resource = resource
        self._understanding = understanding
        self._settings: settings.Settings | None = None

    @classmethod
    def create(
        cls, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext
    ) -> "UnderstandingComponent":
        """A component yet to be trained."""
        return cls(model_storage, resource)

    def train(self, training_data: TrainingData) -> Resource:
        """Fit the classifier on all examples and keep it with the questions' metadata."""
        examples = [(m.get("text"), m.get("intent_response_key") or m.get("intent")) for m in training_data.intent_examples]
        catalogue = Catalogue.from_responses(training_data.responses)
        self._understanding = learn([(text, plain(label)) for text, label in examples if text], catalogue)
        with self._storage.write_to(self._resource) as folder:
            self._understanding.save(folder)
        return self._resource

    @classmethod
    def load(
        cls, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext, **kwargs: Any
    ) -> "UnderstandingComponent":
        """Read what training wrote."""
        with model_storage.read_from(resource) as folder:
            understanding = Understanding.load(folder)
        understanding.classifier.warm()
        return cls(model_storage, resource, understanding)

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Training messages need no reading."""
        return training_data

    def process(self, messages: list[Message], tracker: DialogueStateTracker | None = None) -> list[Message]:
        """Read each message; without a tracker it stands alone."""
        if self._understanding is None:
            raise RuntimeError("the understanding component was neither trained nor loaded")
        if self._settings is None:
            self._settings = settings.load()
        this_year = self._settings.current_date().year
        for message in messages:
            meaning = self._understanding.read(message.get("text") or "", _context(tracker, this_year))
            _write(message, meaning)
        return messages


def _context(tracker: DialogueStateTracker | None, this_year: int) -> Context:
    if tracker is None:
        return Context(this_year)
    previous = (tracker.latest_message.parse_data if tracker.latest_message else {}) or {}
    meaning = previous.get("meaning") or {}
    requested = tracker.get_slot("requested_slot") if tracker.active_loop_name else None
    return Context(
        this_year,
        requested=requested,
        about=turn_from_data(meaning.get("about")),
        choices=tuple(meaning.get("choices") or ()),
        bound=bool(tracker.get_slot("bound")),
        misses=int(meaning.get("misses") or 0),
        human_offered=(meaning.get("turn") or {}).get("intent") == "offer_human",
    )


def _write(message: Message, meaning: Meaning) -> None:
    turn = meaning.turn
    intent = group_of(turn)
    message.set("intent", {"name": intent, "confidence": meaning.confidence}, add_to_output=True)
    ranking = [{"name": guess.label, "confidence": guess.confidence} for guess in meaning.ranking]
    message.set("intent_ranking", ranking, add_to_output=True)
    if intent in ("faq", "talk"):
        name = turn.intent if intent == "talk" else turn.key or meaning.parts[0].key
        key = f"{intent}/{name}"
        response = {"intent_response_key": key, "utter_action": f"utter_{key}", "confidence": meaning.confidence, "responses": []}
        selector = {"all_retrieval_intents": ["faq", "talk"], intent: {"response": response, "ranking": []}}
        message.set("response_selector", selector, add_to_output=True)
    message.set("entities", _entities(meaning), add_to_output=True)
    data = {
        "turn": turn_to_data(turn),
        "parts": [turn_to_data(part) for part in meaning.parts],
        "choices": list(meaning.choices),
        "about": turn_to_data(meaning.about),
        "misses": meaning.misses,
        "chosen": meaning.chosen,
    }
    message.set("meaning", data, add_to_output=True)


def _entities(meaning: Meaning) -> list[dict[str, Any]]:
    found = [{"entity": name, "value": value} for name, value in meaning.values.items()]
    return [{**entity, "start": 0, "end": 0, "extractor": "UnderstandingComponent"} for entity in found]
