"""The console's process: `python -m bot console`, or a child of the bot's supervisor. No Rasa here.

`python -m bot.runtime.consolehost SOCKET REPORT MODELS` is the child; the supervisor bound the socket.
"""

import asyncio
import gc
import logging
import socket
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from bot import settings as bot_settings
from bot.answers import Answers
from bot.asking import load_understanding
from bot.db import DatabaseFault, open_database
from bot.messages import message
from bot.nlu.understand import Understanding
from bot.runtime import logs, models, trialaccount
from bot.runtime.child import GRACE_SECONDS, SERVING, Supervisor
from bot.runtime.consoles import address, host_of
from bot.runtime.launcher import port_problem, reserve
from bot.runtime.project import MODELS
from bot.runtime.retrainer import Models
from bot.schema import require_current
from policies.notice import load_notices

logger = logging.getLogger(__name__)

TRIAL_SECONDS = 20.0
"""How often is looked whether real people have come, while the account for trying out stands."""


class Reader:
    """The understanding of the model that is current now: loaded when first needed, and again when the pointer names another."""

    def __init__(self, folder: Path = MODELS) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._loaded: tuple[Any, Understanding] | None = None

    def __call__(self) -> Understanding:
        """StartError without a model; a model that cannot be read keeps the one before."""
        stamp = models.stamp(self._folder)
        held = self._loaded
        if held is not None and held[0] == stamp:
            return held[1]
        with self._lock:
            if self._loaded is None or self._loaded[0] != stamp:
                self._loaded = (stamp, self._load())
            return self._loaded[1]

    def _load(self) -> Understanding:
        try:
            understanding = load_understanding(models.require_current(self._folder))
            understanding.classifier.warm()
            return understanding
        except Exception as error:  # a damaged archive fails in many ways
            if self._loaded is None:
                raise
            logger.error("the current model cannot be read (%s), the one before stays", type(error).__name__)
            return self._loaded[1]


def serve(listener: socket.socket, folder: Path = MODELS, supervisor: Supervisor | None = None) -> None:
    """Serve the console on a bound socket until asked to end. SettingsError, DatabaseFault, NoticeError, StartError."""
    import uvicorn

    from bot.helpdesk.console.app import create_app
    from bot.helpdesk.console.desk import Desk
    from bot.helpdesk.console.pages.events import end_streams

    settings = bot_settings.load()
    require_current(settings)
    trialaccount.close_and_say(settings)
    notices = load_notices()
    reader = Reader(folder)
    database = open_database(settings)
    desk = Desk(settings, database, notices, Answers.from_files(notices), settings.secret_key(), reader, Models(folder))

    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[None]:
        await asyncio.to_thread(_warm, reader)
        asyncio.get_running_loop().run_in_executor(None, _look_ahead, desk)
        trial = asyncio.create_task(_close_trial(desk))
        if supervisor is not None:
            supervisor.tell(SERVING)
        yield
        trial.cancel()
        database.dispose()

    app = create_app(desk, lifespan)

    class Server(uvicorn.Server):
        def handle_exit(self, *signal: Any) -> None:
            end_streams(app)  # uvicorn would wait for pages that stay open
            super().handle_exit(*signal)

    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,  # addresses hold what callers said
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        forwarded_allow_ips="127.0.0.1",
    )
    listener.listen(128)
    Server(config).run(sockets=[listener])


def _warm(reader: Reader) -> None:
    """The first question must not wait for the model; a console without a model still has its other pages."""
    try:
        reader()
    except Exception as error:
        logger.warning("no model can be read yet: %s", type(error).__name__)


async def _close_trial(desk: Any) -> None:
    """Take the account for trying out out of use when an import, here or from the command line, brings real people."""
    stands = True
    while stands:
        with suppress(DatabaseFault):  # away, or being written to: the next look will tell
            said = await asyncio.to_thread(trialaccount.closed, desk.database, desk.settings)
            if said is not None:
                print(said, flush=True)
            stands = await asyncio.to_thread(trialaccount.stands, desk.database)
        await asyncio.sleep(TRIAL_SECONDS)


def _look_ahead(desk: Any) -> None:
    """Do what first visitors would wait for. What stands in memory then stays: it is taken out of the collector's rounds, which would go
    through all of it in the midst of somebody's page, a tenth of a second each time."""
    from bot.helpdesk.console.pages import dashboard, learning

    learning.warm(desk)
    dashboard.warm(desk)
    gc.collect()
    gc.freeze()


def run(port: int, folder: Path = MODELS) -> None:
    """`python -m bot console`: serve until SIGTERM or Ctrl-C. StartError where the port cannot be had."""
    settings = bot_settings.load()
    listener = reserve(host_of(settings), port)
    logs.configure(rasa=False)
    print(message("runtime.console_ready", url=address(settings, port)), flush=True)
    try:
        serve(listener, folder)
    except OSError as error:
        from bot.runtime.project import StartError

        raise StartError(port_problem(error, host_of(settings), port)) from None


def main() -> None:
    """Entry point of the child."""
    handle, report, folder = sys.argv[1:]
    supervisor = Supervisor(int(report))
    logs.configure(rasa=False)
    from bot.runtime.faults import sentence_of

    try:
        serve(socket.socket(fileno=int(handle)), Path(folder), supervisor)
    except Exception as error:
        sentence = sentence_of(error)
        if sentence is None:
            raise
        supervisor.tell_failure(sentence)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
