"""Repairs of Rasa that cost little and win much. Import after `lean.install()`; `apply()` puts all in place.

Each names the place in Rasa's source it mends; tests/runtime/test_repairs.py fails when that place changes.
"""

import sys
from collections.abc import Mapping
from functools import cache
from graphlib import TopologicalSorter
from typing import Any

from jsonschema.protocols import Validator
from jsonschema.validators import validator_for
from rasa.core.actions.action import RemoteAction
from rasa.engine.exceptions import GraphRunError
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.shared.core.events import Event
from rasa.shared.exceptions import InvalidConfigException

from bot.messages import message
from bot.runtime import lean

_stock_registry: Any = DefaultV1Recipe._from_registry
_stock_resolve: Any = Event.resolve_by_type


class ComponentRefused(InvalidConfigException):
    """`config.yml` names a component that needs a package this installation leaves out; the text is one Chinese line."""


def apply() -> None:
    """Put every repair in place; a second call changes nothing."""
    RemoteAction._validate_action_result = _validate_action_result
    DefaultV1Recipe._from_registry = staticmethod(_from_registry)
    Event.resolve_by_type = staticmethod(_resolve_by_type)
    DaskGraphRunner.run = _run_graph


@cache
def result_validator() -> Validator:
    """The validator of Rasa's schema for the action server's answers."""
    schema = RemoteAction.action_response_format_spec()
    kind = validator_for(schema)
    kind.check_schema(schema)
    return kind(schema)


def _validate_action_result(action: RemoteAction, result: Mapping[str, Any]) -> bool:
    """Check an answer as `RemoteAction._validate_action_result` does (rasa/core/actions/action.py:699).

    Rasa calls `jsonschema.validate`, which checks Rasa's own constant schema against the metaschema first: 20 ms for each action.
    """
    result_validator().validate(result)
    return True


@cache
def _resolve_by_type(type_name: str, default: type[Event] | None = None) -> type[Event] | None:
    """The event class of a name as `Event.resolve_by_type` finds it (rasa/shared/core/events.py:375).

    Rasa walks all subclasses of Event for each stored event of each message it loads; the classes do not change.
    """
    found: type[Event] | None = _stock_resolve(type_name, default)
    return found


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
