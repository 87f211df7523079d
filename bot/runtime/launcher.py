"""`python -m bot run`: the supervisor of the action server and of the workers; either all serve or none.

It imports no Rasa and stays small. The port is bound here, so that every worker accepts from one socket, and callers wait in its queue
instead of being refused while a worker that died is started again.
"""

import contextlib
import errno
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from bot.channels.telegram.access import access
from bot.messages import message
from bot.runtime import consoles, logs, metrics, models
from bot.runtime.project import ACTIONS, CREDENTIALS, ENDPOINTS, MODELS, StartError
from bot.runtime.supervised import Child, Plan
from bot.settings import Settings

DEFAULT_PORT = 5005
READY_SECONDS = 120
"""How long action server and workers may take to load."""
BACKLOG = 1024
"""Connections that may wait while no worker accepts."""
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Launch:
    """What to run. The defaults are the project's own parts; tests bring smaller ones."""

    port: int = DEFAULT_PORT
    model: Path = MODELS
    """A model file, or a folder of models whose `current` pointer is followed."""
    endpoints: Path = ENDPOINTS
    credentials: Path = CREDENTIALS
    actions: str = ACTIONS
    workers: int | None = None
    """Number of workers; None for BOT_WORKERS."""
    console_port: int | None = None
    """Where the helpdesk console is to listen; None: it is not started here."""
    when_ready: Callable[[], None] = field(default=lambda: None)


def run(settings: Settings, launch: Launch) -> None:
    """Serve until SIGTERM or SIGINT. StartError when it cannot start; never trains."""
    workers = launch.workers or settings.workers
    if workers > 1 and settings.database_file is not None:
        raise StartError(message("runtime.one_worker_on_sqlite"))
    on_telegram = access(settings) is not None
    listener = reserve(settings.host, launch.port)
    console = reserve(consoles.host_of(settings), launch.console_port) if launch.console_port is not None else None
    if not models.candidates(launch.model):
        raise StartError(message("runtime.no_model"))
    logs.configure(rasa=False)
    with _signals() as asked_to_end, metrics.shared_folder():
        at = bind(LOOPBACK, 0)
        env = {
            **os.environ,
            "ACTION_ENDPOINT": f"http://{LOOPBACK}:{at.getsockname()[1]}/webhook",  # read by endpoints.yml
            "BOT_WORKERS": str(workers),
        }
        children: list[Child] = []
        try:
            children += [Child(_worker(launch, listener, env, f"worker-{number}")) for number in range(1, workers + 1)]
            children += [Child(_action_server(launch, at, env, "actions"))]
            outside = [_telegram(settings, launch, env)] if on_telegram else []
            outside += [_console(launch, console, env)] if console is not None else []
            _serve(settings, launch, listener, children, outside, asked_to_end)
        finally:
            _end(children)


def reserve(host: str, port: int) -> socket.socket:
    """Bind the port without listening yet, so that it opens only when everything is ready. StartError when it cannot be had."""
    try:
        return bind(host, port)
    except (socket.gaierror, OverflowError):
        raise StartError(message("runtime.bad_host", host=host, port=port)) from None
    except OSError as error:
        raise StartError(port_problem(error, host, port)) from None


def bind(host: str, port: int) -> socket.socket:
    """A bound socket that does not listen. OSError or OverflowError when it cannot be had."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    bound = socket.socket(family, kind, protocol)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except OSError:
        bound.close()
        raise
    return bound


def port_problem(error: OSError, host: str, port: int) -> str:
    """The line for a port that cannot be opened."""
    name = errno.errorcode.get(error.errno or 0, "")
    key = {"EADDRINUSE": "runtime.port_busy", "EADDRNOTAVAIL": "runtime.bad_host"}.get(name, "runtime.port_refused")
    return message(key, host=host, port=port, why=error.strerror)


def _worker(launch: Launch, listener: socket.socket, env: dict[str, str], name: str) -> Plan:
    return Plan(
        title=message("runtime.worker_title"),
        failure=message("runtime.worker_failed"),
        module="bot.runtime.worker",
        words=[str(launch.model), str(launch.endpoints), str(launch.credentials)],
        bound=listener.dup,
        env={**env, metrics.NAME: name},
        restarting=partial(_count, name),
    )


def _action_server(launch: Launch, at: socket.socket, env: dict[str, str], name: str) -> Plan:
    """It listens itself on a socket of its own, so that calls are refused at once while it is down."""
    first, port = [at], at.getsockname()[1]
    return Plan(
        title=message("runtime.actions_title"),
        failure=message("runtime.actions_failed", package=launch.actions),
        module="bot.runtime.actionhost",
        words=[launch.actions],
        bound=lambda: first.pop() if first else bind(LOOPBACK, port),
        env={**env, metrics.NAME: name},
        restarting=partial(_count, name),
    )


def _telegram(settings: Settings, launch: Launch, env: dict[str, str]) -> Plan:
    """It brings what people write to our own port, and is started when that is open."""
    host = LOOPBACK if settings.host in ("0.0.0.0", "localhost") else "[::1]" if settings.host in ("::", "::1") else settings.host
    return Plan(
        title=message("runtime.telegram_title"),
        failure=message("runtime.telegram_failed"),
        module="bot.runtime.telegramhost",
        words=[f"http://{host}:{launch.port}"],
        bound=None,
        env={**env, metrics.NAME: "telegram"},
        restarting=partial(_count, "telegram"),
    )


def _console(launch: Launch, listener: socket.socket, env: dict[str, str]) -> Plan:
    folder = launch.model if launch.model.is_dir() else MODELS
    return Plan(
        title=message("runtime.console_title"),
        failure=message("runtime.console_failed"),
        module="bot.runtime.consolehost",
        words=[str(folder)],
        bound=listener.dup,
        env={**env, metrics.NAME: "console"},
        restarting=partial(_count, "console"),
    )


def _serve(
    settings: Settings, launch: Launch, listener: socket.socket, children: list[Child], outside: Sequence[Plan], asked_to_end: int
) -> None:
    """Open the port when all have loaded, then keep them running until asked to end; ``outside`` brings messages from then on."""
    *workers, _actions = children
    if not _heard(children, asked_to_end):
        return
    try:
        listener.listen(BACKLOG)
    except OSError as error:  # another program took it while we loaded
        raise StartError(port_problem(error, settings.host, launch.port)) from None
    for worker in workers:
        worker.let_serve()
    if not _heard(workers, asked_to_end):
        return
    for plan in outside:
        children.insert(0, Child(plan))
    for child in children:
        child.supervise()
    _announce(settings, launch)
    select.select([asked_to_end], [], [])


def _heard(children: Sequence[Child], asked_to_end: int) -> bool:
    """Return when each has reported; False when asked to end meanwhile. StartError when one fails, dies or stays silent."""
    silent = list(children)
    until = time.monotonic() + READY_SECONDS
    while silent:
        handles: list[Any] = [asked_to_end, *(child.reports for child in silent)]
        readable, _, _ = select.select(handles, [], [], max(0.0, until - time.monotonic()))
        if asked_to_end in readable:
            return False
        if not readable:
            raise StartError(silent[0].failure(""))
        for child in [child for child in silent if child.reports in readable]:
            report = child.reports.readline()
            if not child.is_well(report):
                raise StartError(child.failure(report))
            silent.remove(child)
    return True


def _announce(settings: Settings, launch: Launch) -> None:
    host = LOOPBACK if settings.host in ("0.0.0.0", "::") else settings.host
    if settings.today:
        print(message("runtime.today", today=settings.today.isoformat()))
    print(message("runtime.ready", url=f"http://{host}:{launch.port}/"))
    if launch.console_port is not None:
        print(message("runtime.console_ready", url=consoles.address(settings, launch.console_port)))
    launch.when_ready()
    sys.stdout.flush()


def _count(name: str) -> None:
    """Before a child is started again: its counts stay, what it said about the present moment goes."""
    metrics.process_died(name)
    metrics.restarted(name.partition("-")[0])


def _end(children: Sequence[Child]) -> None:
    """Workers first: what they are still answering may need the action server, the last of the children."""
    for group in (children[:-1], children[-1:]):
        for child in group:
            child.terminate()
        for child in group:
            child.wait()


@contextlib.contextmanager
def _signals() -> Iterator[int]:
    """A handle that becomes readable when SIGTERM or SIGINT came."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)

    def ask(*_: object) -> None:
        with contextlib.suppress(BlockingIOError):  # asked often enough
            os.write(writing, b"\n")

    before = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield reading
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(reading)
        os.close(writing)
