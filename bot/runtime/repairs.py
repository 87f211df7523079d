"""Repairs of Rasa that cost little and win much. Import after `lean.install()`; `apply()` puts all in place.

Each names the place in Rasa's source it mends; tests/runtime/test_repairs.py fails when that place changes.
"""

import json
import sys
from collections.abc import Mapping
from functools import cache
from graphlib import TopologicalSorter
from typing import Any

from jsonschema.protocols import Validator
from jsonschema.validators import validator_for
from rasa.core.actions import action as actions
from rasa.core.actions.action import RemoteAction
from rasa.core.policies.rule_policy import RULES, RulePolicy
from rasa.engine.exceptions import GraphRunError
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.shared.core.events import Event
from rasa.shared.core.slots import Slot
from rasa.shared.exceptions import InvalidConfigException

from bot.messages import message
from bot.runtime import lean

_stock_registry: Any = DefaultV1Recipe._from_registry
_stock_resolve: Any = Event.resolve_by_type
_stock_defaults: Any = actions.default_actions
_stock_find: Any = RulePolicy._find_action_from_rules
_stock_keys: Any = RulePolicy._get_possible_keys
_MOST_REMEMBERED = 4096
_passed: set[Any] = set()


class ComponentRefused(InvalidConfigException):
    """`config.yml` names a component that needs a package this installation leaves out; the text is one Chinese line."""


def apply() -> None:
    """Put every repair in place; a second call changes nothing."""
    RemoteAction._validate_action_result = _validate_action_result
    DefaultV1Recipe._from_registry = staticmethod(_from_registry)
    Event.resolve_by_type = staticmethod(_resolve_by_type)
    DaskGraphRunner.run = _run_graph
    Slot.__copy__ = _copy_slot
    actions.default_actions = _default_actions
    RulePolicy._find_action_from_rules = _find_action_from_rules
    RulePolicy._get_possible_keys = _get_possible_keys


@cache
def result_validator() -> Validator:
    """The validator of Rasa's schema for the action server's answers."""
    schema = RemoteAction.action_response_format_spec()
    kind = validator_for(schema)
    kind.check_schema(schema)
    return kind(schema)


def _validate_action_result(action: RemoteAction, result: Mapping[str, Any]) -> bool:
    """Check an answer as `RemoteAction._validate_action_result` does (rasa/core/actions/action.py:699).

    Rasa calls `jsonschema.validate`, which checks Rasa's own constant schema against the metaschema first: 20 ms for each action. It asks
    for types, keys and names of events alone, so an answer of a shape that has passed passes again.
    """
    shape = _shape(result)
    if shape not in _passed:
        result_validator().validate(result)
        if len(_passed) >= _MOST_REMEMBERED:
            _passed.clear()
        _passed.add(shape)
    return True


def _shape(value: Any) -> Any:
    if isinstance(value, dict):
        return tuple((key, one if key == "event" and isinstance(one, str) else _shape(one)) for key, one in value.items())
    return (list, *map(_shape, value)) if isinstance(value, list) else type(value)


@cache
def _resolve_by_type(type_name: str, default: type[Event] | None = None) -> type[Event] | None:
    """The event class of a name as `Event.resolve_by_type` finds it (rasa/shared/core/events.py:375).

    Rasa walks all subclasses of Event for each stored event of each message it loads; the classes do not change.
    """
    found: type[Event] | None = _stock_resolve(type_name, default)
    return found


def _copy_slot(slot: Any) -> Any:
    """A shallow copy, as `copy.copy` makes one. Rasa copies all slots for each of several trackers of a message
    (rasa/shared/core/trackers.py:202), and without this method each copy goes through pickle's protocol.
    """
    made = object.__new__(type(slot))
    vars(made).update(vars(slot))
    return made


def _default_actions(action_endpoint: Any = None) -> list[Any]:
    """Rasa's own actions, made once an endpoint: they hold nothing of a conversation (rasa/core/actions/action.py:95)."""
    if action_endpoint is None:
        return list(_stock_defaults(None))
    kept = vars(action_endpoint)
    if "_default_actions" not in kept:
        kept["_default_actions"] = _stock_defaults(action_endpoint)
    made: list[Any] = kept["_default_actions"]
    return made


def _run_graph(runner: DaskGraphRunner, inputs: dict[str, Any] | None = None, targets: list[str] | None = None) -> dict[str, Any]:
    """Run the nodes that the targets need, each after those it needs, as `DaskGraphRunner.run` does (rasa/engine/runner/dask.py:79).

    Rasa writes the whole tracker into a debug line and has dask plan a graph of a few nodes anew, several times for each message.
    """
    wanted = tuple(targets or runner._graph_schema.target_names)
    results: dict[str, tuple[str, Any]] = {name: (name, value) for name, value in (inputs or {}).items()}
    try:
        for name, needs in _plan(runner, wanted):
            results[name] = runner._instantiated_nodes[name](*(results[need] for need in needs))
    except RuntimeError as error:
        raise GraphRunError("Error running runner.") from error
    return dict(results[name] for name in wanted)


def _plan(runner: Any, wanted: tuple[str, ...]) -> list[tuple[str, tuple[str, ...]]]:
    """The nodes behind these targets with what each needs, in an order that works; kept with the runner, whose graph never changes."""
    plans: dict[tuple[str, ...], list[tuple[str, tuple[str, ...]]]] = vars(runner).setdefault("_plans", {})
    if wanted not in plans:
        nodes = runner._graph_schema.minimal_graph_schema(list(wanted)).nodes
        order = TopologicalSorter({name: [need for need in node.needs.values() if need in nodes] for name, node in nodes.items()})
        plans[wanted] = [(name, tuple(nodes[name].needs.values())) for name in order.static_order()]
    return plans[wanted]


def _find_action_from_rules(policy: Any, tracker: Any, domain: Any, use_text_for_last_user_input: bool) -> tuple[Any, Any, bool]:
    """As `RulePolicy._find_action_from_rules` (rasa/core/policies/rule_policy.py:1026), which looks twice at each message.

    The first look is for rules that quote a person's text; where no rule does, it can find nothing.
    """
    if use_text_for_last_user_input and not _quoting(policy):
        return None, None, False
    found: tuple[Any, Any, bool] = _stock_find(policy, tracker, domain, use_text_for_last_user_input)
    return found


def _quoting(policy: Any) -> bool:
    """Whether a rule quotes a text; kept with the policy, whose rules never change."""
    if "_quoting" not in vars(policy):
        policy._quoting = any('"text":' in key for key in policy.lookup[RULES])
    return bool(policy._quoting)


def _get_possible_keys(policy: Any, lookup: dict[str, str], states: list[Any]) -> set[str]:
    """As `RulePolicy._get_possible_keys` (rasa/core/policies/rule_policy.py:913), which compares every rule with every state of a dialogue.

    A state before the longest rule's beginning rules nothing out, and people ask the same way round again and again.
    """
    remembered: dict[tuple[int, int, str], set[str]] = vars(policy).setdefault("_remembered", {})
    longest: dict[int, int] = vars(policy).setdefault("_longest", {})
    if id(lookup) not in longest:
        longest[id(lookup)] = max((len(policy._rule_key_to_state(key)) for key in lookup), default=0)
    told = states[-longest[id(lookup)] :] if longest[id(lookup)] else []
    asked = (id(lookup), len(lookup), json.dumps(told, sort_keys=True))  # training takes rules away (rasa/core/policies/rule_policy.py:585)
    if asked not in remembered:
        if len(remembered) >= _MOST_REMEMBERED:
            remembered.clear()
        remembered[asked] = _stock_keys(policy, lookup, told)
    return remembered[asked]


def _from_registry(name: str) -> Any:
    """Look a component up as `DefaultV1Recipe._from_registry` does (rasa/engine/recipes/default_recipe.py:163), refusing stubbed ones.

    Without this, training would stop somewhere inside a component with the name of a TensorFlow function.
    """
    component = _stock_registry(name)
    missing = stubbed_need(component.clazz)
    if missing:
        raise ComponentRefused(message("runtime.component_refused", component=name, package=missing))
    return component


def stubbed_need(component: type) -> str | None:
    """The stubbed package in the module of the class or of one of its bases; None when it can run here."""
    for base in component.__mro__:
        for value in vars(sys.modules[base.__module__]).values():
            if isinstance(value, lean.Stub | lean.StubModule):
                return value.__name__.split(".")[0]
    return None
