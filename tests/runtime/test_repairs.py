"""Repairs of Rasa: they do what Rasa did, and the places they mend still look as they did when they were written."""

import copy
import hashlib
import inspect
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from jsonschema import ValidationError

from bot.runtime import lean

lean.install()

from rasa.core.actions import action as actions  # noqa: E402
from rasa.core.actions.action import RemoteAction  # noqa: E402
from rasa.core.agent import Agent, load_agent  # noqa: E402
from rasa.core.policies.rule_policy import RulePolicy  # noqa: E402
from rasa.core.processor import MessageProcessor  # noqa: E402
from rasa.core.tracker_store import FailSafeTrackerStore, TrackerStore  # noqa: E402
from rasa.engine.exceptions import GraphRunError  # noqa: E402
from rasa.engine.recipes.default_components import DEFAULT_COMPONENTS  # noqa: E402
from rasa.engine.recipes.default_recipe import DefaultV1Recipe  # noqa: E402
from rasa.engine.runner.dask import DaskGraphRunner  # noqa: E402
from rasa.shared.core.events import Event, SlotSet, UserUttered  # noqa: E402
from rasa.shared.core.slots import Slot, TextSlot  # noqa: E402
from rasa.shared.core.trackers import DialogueStateTracker  # noqa: E402
from rasa.utils.endpoints import EndpointConfig  # noqa: E402

from bot.runtime import repairs  # noqa: E402

STOCK_VALIDATE = RemoteAction._validate_action_result
STOCK_RUN = DaskGraphRunner.run
NEED_TENSORFLOW = {
    "DIETClassifier",
    "ResponseSelector",
    "ConveRTFeaturizer",
    "LanguageModelFeaturizer",
    "TEDPolicy",
    "UnexpecTEDIntentPolicy",
}


@pytest.fixture
def repaired(monkeypatch: pytest.MonkeyPatch) -> None:
    for owner, name in (
        (RemoteAction, "_validate_action_result"),
        (DefaultV1Recipe, "_from_registry"),
        (Event, "resolve_by_type"),
        (DaskGraphRunner, "run"),
        (RulePolicy, "_find_action_from_rules"),
        (RulePolicy, "_get_possible_keys"),
        (actions, "default_actions"),
    ):
        monkeypatch.setattr(owner, name, inspect.getattr_static(owner, name))
    repairs.apply()


def digest(function: Callable) -> str:
    return hashlib.sha256(inspect.getsource(function).encode()).hexdigest()[:12]


@pytest.mark.parametrize(
    ("function", "seen"),
    [
        (STOCK_VALIDATE, "f8cdb4be6812"),
        (RemoteAction.action_response_format_spec, "091b74aa3738"),
        (repairs._stock_registry, "acb1a4f501f7"),
        (STOCK_RUN, "45f0f52f574f"),
        (DaskGraphRunner._build_dask_graph, "5bb99f974d51"),
        (repairs._stock_resolve, "b5cf570fa7f2"),
        (repairs._stock_defaults, "6fa4896f3667"),
        (Slot.__init__, "54ca1ec6b580"),
        (repairs._stock_find, "be6da6ee0f54"),
        (repairs._stock_keys, "2915fd81711e"),
        (RulePolicy._is_rule_applicable, "64a108b016b4"),
        (MessageProcessor.handle_message, "0c41d4780d2d"),
        (MessageProcessor.log_message, "f2f8ec66a291"),
        (MessageProcessor._update_tracker_session, "b0d44217b5ca"),
        (MessageProcessor.parse_message, "b98d8e49b9f2"),
        (MessageProcessor._run_action, "6d383d0179ef"),
        (MessageProcessor._log_action_on_tracker, "d973d12a6d0a"),
        (MessageProcessor._run_prediction_loop, "cb30a0cbb690"),
        (MessageProcessor.run_anonymization_pipeline, "1a0953a2cbf3"),
        (Agent.handle_message, "ba53507e4d55"),
        (Agent.load_model, "f4c1ab4c5c7a"),
        (Agent._create_tracker_store, "97499b594b45"),
        (load_agent, "abc2a4cb13cb"),
        (TrackerStore.get_or_create_tracker, "0b08ab42bd97"),
        (TrackerStore.create_tracker, "72f79c53bf4f"),
        (FailSafeTrackerStore.retrieve, "35d77318b0cc"),
        (EndpointConfig.request, "ccdb778aed82"),
        (RemoteAction.run, "ccabf6f1160d"),
        (DialogueStateTracker.applied_events, "764d5065ea99"),
        (DialogueStateTracker.copy, "dfa48dca9f35"),
        (DialogueStateTracker.travel_back_in_time, "09d16f28f007"),
        (DialogueStateTracker.update, "b55e6b1c724f"),
    ],
    ids=lambda given: getattr(given, "__qualname__", None),
)
def test_the_place_in_rasa_is_unchanged(function, seen):
    assert digest(function) == seen, "read Rasa's new source, then decide whether the repair still holds"


class PretendRunner(DaskGraphRunner):
    """A runner over plain functions instead of components."""

    def __init__(self, functions: dict, needs: dict) -> None:
        nodes = {name: SimpleNamespace(needs=needs[name]) for name in functions}
        self._graph_schema = SimpleNamespace(
            nodes=nodes,
            target_names=["both"],
            minimal_graph_schema=lambda targets: SimpleNamespace(nodes=nodes),
        )
        self._instantiated_nodes = functions
        self._execution_context = None


def node(name: str, work: Callable) -> Callable:
    return lambda *given: (name, work(*(value for _, value in given)))


def test_a_graph_gives_what_dask_gives(repaired):
    functions = {"both": node("both", lambda a, b: a + b), "double": node("double", lambda x: 2 * x), "next": node("next", lambda x: x + 1)}
    needs = {"both": {"a": "double", "b": "next"}, "double": {"x": "given"}, "next": {"x": "double"}}
    for targets in (None, ["both"], ["next", "double"]):
        runner = PretendRunner(functions, needs)
        assert runner.run({"given": 5}, targets) == STOCK_RUN(runner, {"given": 5}, targets)


def test_a_node_that_fails_is_told_as_rasa_tells_it(repaired):
    def broken(_: int) -> int:
        raise RuntimeError("broken")

    runner = PretendRunner({"both": node("both", broken)}, {"both": {"x": "given"}})
    with pytest.raises(GraphRunError):
        runner.run({"given": 1})


def test_events_are_found_by_name_as_rasa_finds_them(repaired):
    assert Event.resolve_by_type("slot") is SlotSet
    assert Event.resolve_by_type("user") is UserUttered
    assert Event.resolve_by_type("topic") is None
    assert Event.resolve_by_type("unheard of", SlotSet) is SlotSet
    with pytest.raises(ValueError, match="unheard of"):
        Event.resolve_by_type("unheard of")


def test_a_good_answer_of_the_action_server_passes(repaired):
    answer = {"events": [{"event": "slot", "name": "year", "value": 2023, "timestamp": None}], "responses": [{"text": "好"}]}
    assert RemoteAction("action_x", None)._validate_action_result(answer) is True


@pytest.mark.parametrize("answer", [{"events": {}}, {"responses": ["x"]}, {"events": [{"name": "x"}]}, []])
def test_what_rasa_refuses_is_still_refused(repaired, answer):
    with pytest.raises(ValidationError):
        STOCK_VALIDATE(RemoteAction("action_x", None), answer)
    with pytest.raises(ValidationError):
        RemoteAction("action_x", None)._validate_action_result(answer)


@pytest.mark.parametrize(
    "wrong",
    [
        {"events": [{"event": "slot", "name": 1, "value": "a"}], "responses": []},
        {"events": [{"event": "slots", "name": "a", "value": "a"}], "responses": []},
        {"events": [{"event": "slot", "value": "a"}], "responses": []},
        {"events": [], "responses": ["a"]},
        {"events": [[]], "responses": []},
    ],
)
def test_an_answer_passes_unread_only_in_a_shape_that_has_passed(repaired, wrong):
    for right in ({"events": [{"event": "slot", "name": "a", "value": "a"}], "responses": []}, {"events": [], "responses": [{"a": "a"}]}):
        for _ in range(2):
            assert RemoteAction("action_x", None)._validate_action_result(right) is True
    with pytest.raises(ValidationError):
        RemoteAction("action_x", None)._validate_action_result(wrong)


def test_the_validator_is_built_once(repaired):
    assert repairs.result_validator() is repairs.result_validator()


def test_exactly_the_components_that_need_tensorflow_are_refused():
    assert {component.__name__ for component in DEFAULT_COMPONENTS if repairs.stubbed_need(component)} == NEED_TENSORFLOW


@pytest.mark.parametrize("name", sorted(NEED_TENSORFLOW))
def test_a_refusal_names_component_and_package_in_one_line(repaired, name):
    with pytest.raises(repairs.ComponentRefused) as refusal:
        DefaultV1Recipe._from_registry(name)
    assert name in str(refusal.value)
    assert "tensorflow" in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_other_components_are_found_as_before(repaired):
    assert DefaultV1Recipe._from_registry("RulePolicy").clazz.__name__ == "RulePolicy"


def test_a_copied_slot_is_one_of_its_own(repaired):
    slot = TextSlot("bind_name", [{}], initial_value="a")
    made = copy.copy(slot)
    made.value = "b"
    assert (type(made), made.name, made.initial_value, made.mappings) == (TextSlot, "bind_name", "a", slot.mappings)
    assert slot.value == "a"


def test_rasas_own_actions_are_those_of_rasa_and_belong_to_their_endpoint(repaired):
    endpoint, other = EndpointConfig("http://one"), EndpointConfig("http://two")
    kept = actions.default_actions(endpoint)
    assert [type(action) for action in kept] == [type(action) for action in repairs._stock_defaults(endpoint)]
    assert actions.default_actions(endpoint) is kept
    assert all(getattr(action, "_action_endpoint", other) is other for action in actions.default_actions(other))
