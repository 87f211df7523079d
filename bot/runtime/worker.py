"""One worker of `python -m bot run`: Rasa behind the socket that the supervisor bound.

`python -m bot.runtime.worker SOCKET REPORT MODEL ENDPOINTS CREDENTIALS`. MODEL is a file, or a folder whose `current` pointer is followed.
"""

import logging
import socket
import sys
import warnings
from functools import partial
from pathlib import Path
from typing import Any

from bot import settings
from bot.helpdesk.office import check_times, offer_after, office_hours
from bot.messages import message
from bot.runtime import lean, logs, metrics, trialaccount
from bot.runtime.child import GRACE_SECONDS, LOADED, SERVING, Supervisor
from bot.runtime.faults import first_line, sentence_of
from bot.runtime.project import StartError
from bot.runtime.serving import ServedModel
from bot.runtime.training import ALWAYS_WARNED
from bot.schema import require_current


def serve(listener: socket.socket, supervisor: Supervisor, model: Path, endpoints: Path, credentials: Path) -> None:
    """Serve until SIGTERM or until the supervisor is gone. StartError, SettingsError or DatabaseFault when it cannot start."""
    current = settings.load()
    require_current(current)
    check_times(current)
    trialaccount.close_and_say(current)
    lean.install("run")
    logs.configure()
    app = build_app(supervisor, model, endpoints, credentials)
    logging.getLogger("sanic.error").addFilter(_not_told_by_us)
    app.run(sock=listener, access_log=False, motd=False, workers=1)


def build_app(supervisor: Supervisor, model: Path, endpoints: Path, credentials: Path) -> Any:
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
        parts = AvailableEndpoints.read_endpoints(str(endpoints))
        channels = create_http_input_channels(None, str(credentials))
    except RasaException as error:
        raise StartError(message("runtime.bad_setup", why=first_line(error.__context__ or error))) from error
    app = configure_app(channels, enable_api=False, endpoints=parts)
    update_sanic_log_level()
    logs.configure()  # importing Sanic and the line above change what was set before
    app.config.GRACEFUL_SHUTDOWN_TIMEOUT = GRACE_SECONDS
    metrics.expose(app, settings.load())
    served = ServedModel(model, parts)
    app.before_server_start(served.load)
    app.before_server_start(partial(_wait, supervisor))
    app.after_server_start(partial(_report, supervisor, served))
    app.after_server_start(_care_for_messages)
    app.after_server_stop(_close)
    app.after_server_stop(close_resources)
    return app


async def _wait(supervisor: Supervisor, _app: Any, _loop: Any) -> None:
    """Nothing else runs yet, so blocking the loop is right: SIGTERM still ends the process."""
    supervisor.tell(LOADED)
    supervisor.wait_to_serve()


async def _report(supervisor: Supervisor, served: ServedModel, app: Any, _loop: Any) -> None:
    supervisor.tell(SERVING)
    app.add_task(served.follow(app))


async def _care_for_messages(app: Any, _loop: Any) -> None:
    """Count what the intake does, answer what an earlier process, or a failing part, has left unanswered, and look after who waits."""
    from bot.channels.collector import asking
    from bot.channels.context import shared
    from bot.helpdesk.talks.waiting import WaitingClock
    from bot.inbox.retry import Retrier
    from bot.runtime.holding import BindsInHand

    context = shared()
    context.intake.observer = metrics
    context.intake.in_hand.act = BindsInHand(context.settings, context.database)
    app.add_task(Retrier(context.intake, asking(app.ctx.agent.handle_message), alone=context.settings.workers == 1).run())
    times = offer_after(context.settings), office_hours(context.settings)
    app.add_task(WaitingClock(context.intake.writer, context.settings.now, *times).run())


async def _close(app: Any, _loop: Any) -> None:
    await app.ctx.agent.close()


def _not_told_by_us(record: logging.LogRecord) -> bool:
    """Drop what becomes the one line of a StartError."""
    return not (record.exc_info and isinstance(record.exc_info[1], StartError))


def main() -> None:
    """Entry point of the process."""
    handle, report, *places = sys.argv[1:]
    supervisor = Supervisor(int(report))
    try:
        serve(socket.socket(fileno=int(handle)), supervisor, *map(Path, places))
    except Exception as error:
        sentence = sentence_of(error)
        if sentence is None:
            raise
        supervisor.tell_failure(sentence)
        warnings.simplefilter("ignore")  # Python's farewell to tasks that Rasa had planned for after the start
        sys.exit(1)


if __name__ == "__main__":
    main()
