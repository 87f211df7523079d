"""`python -m bot run`: check first, then action server and Rasa as one; either both run or neither."""

import errno
import logging
import os
import socket
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from bot.messages import message
from bot.runtime import lean, logs
from bot.runtime.actionserver import ActionServer
from bot.runtime.project import ACTIONS, CREDENTIALS, ENDPOINTS, MODEL, StartError
from bot.runtime.training import ALWAYS_WARNED
from bot.settings import Settings

DEFAULT_PORT = 5005
GRACE_SECONDS = 3
"""How long open connections (the web chat keeps one per page) may delay the end."""


@dataclass(frozen=True)
class Launch:
    """What to run. The defaults are the project's own parts; tests bring smaller ones."""

    port: int = DEFAULT_PORT
    model: Path = MODEL
    endpoints: Path = ENDPOINTS
    credentials: Path = CREDENTIALS
    actions: str = ACTIONS
    when_ready: Callable[[], None] = field(default=lambda: None)


def run(settings: Settings, launch: Launch) -> None:
    """Serve until SIGTERM or SIGINT. StartError, SettingsError or DatabaseFault when it cannot start; never trains."""
    listener = reserve(settings.host, launch.port)
    if not launch.model.is_file():
        raise StartError(message("runtime.no_model"))
    require_database(settings)
    lean.install()
    logs.configure()
    actions = ActionServer(launch.actions)
    try:
        os.environ["ACTION_ENDPOINT"] = actions.url  # read by endpoints.yml
        app = build_app(launch)  # imports Rasa while the action server starts
        app.after_server_start(partial(_announce, settings, launch))
        actions.wait_ready()
        _serve(app, listener, launch)
    except StartError:
        warnings.simplefilter("ignore")  # Python's farewell to tasks that Rasa had planned for after the start
        raise
    finally:
        actions.stop()


def reserve(host: str, port: int) -> socket.socket:
    """Bind the port without listening yet, so that it opens only when everything is ready. StartError when it cannot be had."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except (OSError, OverflowError):
        raise StartError(message("runtime.bad_host", host=host, port=port)) from None
    listener = socket.socket(family, kind, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise StartError(port_problem(error, host, port)) from None
    return listener


def port_problem(error: OSError, host: str, port: int) -> str:
    """The line for a port that cannot be opened."""
    key = {"EADDRINUSE": "runtime.port_busy", "EADDRNOTAVAIL": "runtime.bad_host"}.get(_name(error), "runtime.port_refused")
    return message(key, host=host, port=port, why=error.strerror)


def require_database(settings: Settings) -> None:
    """DatabaseFault unless the database has this program's schema."""
    from bot.db import DatabaseNotReady, open_database
    from bot.schema import is_current

    database = open_database(settings)
    try:
        if not is_current(database):
            raise DatabaseNotReady(message("database.not_ready"))
    finally:
        database.dispose()


def build_app(launch: Launch) -> Any:
    """Rasa's Sanic application with our endpoints and channels, its own HTTP API off."""
    from rasa.core.run import close_resources, configure_app, create_http_input_channels
    from rasa.core.utils import AvailableEndpoints
    from rasa.shared.exceptions import RasaException
    from rasa.utils.common import update_sanic_log_level

    from bot.runtime import repairs

    repairs.apply()
    for text in ALWAYS_WARNED:
        warnings.filterwarnings("ignore", text)
    try:
        endpoints = AvailableEndpoints.read_endpoints(str(launch.endpoints))
        channels = create_http_input_channels(None, str(launch.credentials))
    except RasaException as error:
        raise StartError(message("runtime.bad_setup", why=_first_line(error.__context__ or error))) from error
    app = configure_app(channels, enable_api=False, endpoints=endpoints, port=launch.port)
    update_sanic_log_level()
    logs.configure()  # importing Sanic and the line above change what was set before
    app.config.GRACEFUL_SHUTDOWN_TIMEOUT = GRACE_SECONDS
    app.before_server_start(partial(_load, launch.model, endpoints))
    app.after_server_stop(close_resources)
    return app


async def _load(model: Path, endpoints: Any, app: Any, loop: Any) -> None:
    """As `rasa.core.run.load_agent_on_start` does, but Rasa would serve without a model when loading fails (rasa/core/agent.py:266)."""
    from rasa.core.agent import load_agent

    app.ctx.agent = await load_agent(model_path=str(model), endpoints=endpoints, loop=loop)
    if not app.ctx.agent.is_ready():
        raise StartError(message("runtime.model_unusable", model=model))


def _serve(app: Any, listener: socket.socket, launch: Launch) -> None:
    logging.getLogger("sanic.error").addFilter(_not_told_by_us)
    app.run(sock=listener, access_log=False, motd=False, workers=1)
    if not getattr(app.ctx, "announced", False):  # Sanic logs that the socket could not listen, and returns
        raise StartError(message("runtime.port_busy", host=listener.getsockname()[0], port=launch.port))


def _not_told_by_us(record: logging.LogRecord) -> bool:
    """Drop what becomes the one line of a StartError: a failing listener, or a port taken while we loaded (sanic/server/runners.py:115)."""
    return record.msg != "Unable to start server" and not (record.exc_info and isinstance(record.exc_info[1], StartError))


async def _announce(settings: Settings, launch: Launch, app: Any, _loop: Any) -> None:
    app.ctx.announced = True
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host
    if settings.today:
        print(message("runtime.today", today=settings.today.isoformat()))
    print(message("runtime.ready", url=f"http://{host}:{launch.port}/"))
    launch.when_ready()
    sys.stdout.flush()


def _name(error: OSError) -> str:
    return errno.errorcode.get(error.errno or 0, "")


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
