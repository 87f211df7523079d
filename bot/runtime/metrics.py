"""Figures of the running bot for Prometheus, counted over all its processes.

Counting, from anywhere: `metrics.message("rest", "processed")`, `with metrics.stage("journal"): …`, `metrics.answer(["faq"])`,
`metrics.action_error(name)`, … The module itself is a `bot.inbox.observe.Observer`: `intake.observer = metrics`.
Processes: the launcher works inside `shared_folder()`, entered before any figure and any child, and gives each child its `NAME` in the
environment; `process_died(name)` after one died, before its successor starts. `expose(app, settings)` gives a worker `/metrics`.
Without a shared folder the figures are those of the process alone. prometheus_client is imported with the first figure.
"""

import asyncio
import os
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from bot.inbox.observe import STAGES
from bot.inbox.outcome import OUTCOMES, outcome
from bot.settings import Settings

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Environment variable that prometheus_client reads: the folder in which all processes keep their figures."""
NAME = "BOT_PROCESS"
"""Environment variable with the name under which a process counts ("worker-1"; no underscore); without it the process id.

A successor of the same name counts on in the same file, so there are as many files as places for processes, however often they die.
Of processes that run at the same time each needs its own name.
"""
TOKEN = "BOT_METRICS_TOKEN"
PATH = "/metrics"
OTHER = "other"
"""Label of an action that the domain does not hold."""

BUCKETS = (0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)  # seconds

COUNTERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "bot_messages": ("Messages taken in, by channel and end: processed, failed, held, duplicate, delayed.", ("channel", "state")),
    "bot_answers": ("Messages answered: answered, asked_back, fallback, handed_over.", ("outcome",)),
    "bot_action_errors": ("Actions that failed.", ("action",)),
    "bot_channel_errors": ("Failures of a channel to receive, to deliver or to reach its platform.", ("channel",)),
    "bot_process_restarts": ("Processes started again after they died.", ("process",)),
    "bot_muted_conversations_repaired": ("Conversations that had stopped listening and were mended.", ()),
    "bot_model_swaps": ("Models loaded in place of a running one, each worker counting its own.", ()),
    "bot_messages_retried": ("Further tries of messages that could not be answered at first.", ()),
}
_STAGE_SECONDS = "bot_stage_seconds"
_WORKERS = "bot_workers"

_metrics: dict[str, Any] = {}
_children: dict[tuple[str, ...], Any] = {}
_making = threading.Lock()
_known_actions: frozenset[str] = frozenset()


def message(channel: str, state: str) -> None:
    """A message of the channel ended: processed, failed, held, duplicate or delayed. A late answer is not a second end."""
    _child("bot_messages", channel, state).inc()


def answer(kinds: Iterable[str]) -> None:
    """A processed message got answers of these kinds; none is no answer."""
    found = outcome(kinds)
    if found is not None:
        _child("bot_answers", found).inc()


def observe(name: str, seconds: float) -> None:
    """A stage (`bot.inbox.observe.STAGES`) took so long."""
    _child(_STAGE_SECONDS, name).observe(seconds)


class Stage:
    """Measures a stage from entering to leaving its block, also when the block fails."""

    __slots__ = ("_began", "_name")

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        self._began = time.perf_counter()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        observe(self._name, time.perf_counter() - self._began)


def stage(name: str) -> Stage:
    """`with stage("journal"): …` measures the block, awaits included."""
    return Stage(name)


def know_actions(names: Iterable[str]) -> None:
    """The actions that errors are counted by: those of the loaded model's domain (`domain.action_names_or_texts`)."""
    global _known_actions
    _known_actions = frozenset(names)


def action_error(name: str) -> None:
    """An action failed. One that is not known (`know_actions`) counts as `OTHER`, so that labels stay bounded."""
    _child("bot_action_errors", name if name in _known_actions else OTHER).inc()


def channel_error(channel: str) -> None:
    """A channel failed to receive, to deliver or to reach its platform."""
    _child("bot_channel_errors", channel).inc()


def restarted(process: str) -> None:
    """The launcher starts a process again: "actions" or "worker"."""
    _child("bot_process_restarts", process).inc()


def muted_repaired() -> None:
    """A conversation that had stopped listening was mended."""
    _child("bot_muted_conversations_repaired").inc()


def model_swapped() -> None:
    """This worker took a new model into use."""
    _child("bot_model_swaps").inc()


def retried() -> None:
    """A journaled message is tried again."""
    _child("bot_messages_retried").inc()


def _child(metric: str, *labels: str) -> Any:
    key = (metric, *labels)
    child = _children.get(key)
    if child is None:
        made = _made()[metric]
        child = _children.setdefault(key, made.labels(*labels) if labels else made)
    return child


def _made() -> dict[str, Any]:
    """The metrics of this process, made on first use. Twice would be wrong: two writers of one file lose each other's figures."""
    with _making:
        if not _metrics:
            _metrics.update(_make())
        return _metrics


def _make() -> dict[str, Any]:
    from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, values

    disable_created_metrics()
    own_name = os.environ.get(NAME)
    values.ValueClass = values.MultiProcessValue(lambda: own_name or os.getpid()) if FOLDER in os.environ else values.MutexValue
    registry = CollectorRegistry()
    made: dict[str, Any] = {"registry": registry}
    for name, (meaning, labels) in COUNTERS.items():
        made[name] = Counter(name, meaning, labels, registry=registry)
    made[_STAGE_SECONDS] = Histogram(_STAGE_SECONDS, "Seconds a stage of a message took.", ("stage",), buckets=BUCKETS, registry=registry)
    made[_WORKERS] = Gauge(_WORKERS, "Workers that answer now.", registry=registry, multiprocess_mode="livesum")
    for outcome_ in OUTCOMES:  # shown as 0 from the start, so that a first fallback is seen as a rise
        made["bot_answers"].labels(outcome_)
    for stage_ in STAGES:
        made[_STAGE_SECONDS].labels(stage_)
    return made


@contextmanager
def shared_folder() -> Iterator[Path]:
    """A fresh folder for the figures of this process and of its children, removed in the end."""
    with tempfile.TemporaryDirectory(prefix="bot-metrics-", ignore_cleanup_errors=True) as folder:
        os.environ[FOLDER] = folder
        try:
            yield Path(folder)
        finally:
            del os.environ[FOLDER]


def process_died(name: str | int) -> None:
    """Forget what was true of a dead process only while it lived; its counts stay. `name` is its `NAME`, else its process id."""
    if FOLDER in os.environ:
        for path in Path(os.environ[FOLDER]).glob(f"gauge_live*_{name}.db"):
            path.unlink(missing_ok=True)


def exposition(accept: str = "") -> tuple[bytes, str]:
    """All figures in the format that the `Accept` header asks for, with its content type; summed over processes if there are several."""
    from prometheus_client import CollectorRegistry
    from prometheus_client.exposition import choose_encoder
    from prometheus_client.multiprocess import MultiProcessCollector

    registry = _made()["registry"]
    if FOLDER in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


def expose(app: Any, settings: Settings) -> None:
    """Give a Sanic application `/metrics`, before it starts: open on this machine, else for bearers of BOT_METRICS_TOKEN.

    From the application's start to its stop this process counts as a worker.
    """
    from sanic.request import Request
    from sanic.response import HTTPResponse, raw

    from bot.channels.http import admit, refusing

    workers, token = _made()[_WORKERS], settings.get(TOKEN)

    @refusing
    async def metrics(request: Request) -> HTTPResponse:
        admit(request, settings, token)
        body, content_type = await asyncio.to_thread(exposition, request.headers.get("accept", ""))
        return raw(body, content_type=content_type)

    async def begin(_app: Any, _loop: Any) -> None:
        workers.set(1)

    async def end(_app: Any, _loop: Any) -> None:
        workers.set(0)

    app.add_route(metrics, PATH, name="metrics")
    app.after_server_start(begin)
    app.before_server_stop(end)
