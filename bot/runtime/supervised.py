"""The supervisor's side of a child process: start it, hear how far it is, start it again when it dies, end it.

Two pipes join them. The child's stdin closes when the supervisor dies, however it dies, and the child then ends itself; one byte on it
says that the child may serve. On the other the child reports, a line each; it closes when the child dies. `bot.runtime.child` is the
other side.
"""

import contextlib
import logging
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TextIO

from bot.messages import message
from bot.runtime.child import FAILED
from bot.runtime.project import ROOT

STOP_SECONDS = 5
STEADY_SECONDS = 30
"""A child that lived so long is restarted at once; one that keeps dying, after ever longer pauses."""
LONGEST_PAUSE = 10

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Plan:
    """How a child is started: `python -m MODULE SOCKET REPORT WORDS…`, the first two being inherited file handles.

    A child that serves nobody has no SOCKET.
    """

    title: str
    """What the log calls it."""
    failure: str
    """The line for a child that cannot start and does not say why."""
    module: str
    words: Sequence[str]
    bound: Callable[[], socket.socket] | None
    """A bound socket for each start; the child's own."""
    env: Mapping[str, str] = field(repr=False)
    restarting: Callable[[], None]
    """Called when one has died, before the next is started."""


class Child:
    """One process that is kept running."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._stopping = threading.Event()
        self._starting = threading.Lock()
        self._watch = threading.Thread(target=self._supervise, name=plan.title, daemon=True)
        self._start()

    @property
    def pid(self) -> int:
        """Process id of the one that runs now."""
        return self._process.pid

    @property
    def reports(self) -> TextIO:
        """What the present process reports, a line each; at its end when the process is dead. Read by supervision once that has begun."""
        return self._reports

    def is_well(self, report: str) -> bool:
        """Whether this report says that the child got on."""
        return bool(report) and not report.startswith(FAILED)

    def failure(self, report: str) -> str:
        """The line to show for a report that was not the one expected."""
        return report.removeprefix(FAILED).strip() if report.startswith(FAILED) else self.plan.failure

    def let_serve(self) -> None:
        """Tell the child that it may serve."""
        with contextlib.suppress(OSError):  # it died: its reports end
            os.write(self._process.stdin.fileno(), b"\n")  # type: ignore[union-attr]

    def supervise(self) -> None:
        """From now on a child that dies is started again."""
        self._watch.start()

    def terminate(self) -> None:
        """Ask the child to end, and start it no more."""
        self._stopping.set()
        with self._starting:
            self._process.terminate()

    def wait(self, seconds: float = STOP_SECONDS) -> None:
        """Return when the child has ended, by force after so many seconds."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _start(self) -> None:
        with contextlib.ExitStack() as given:
            handles = [given.enter_context(self.plan.bound()).fileno()] if self.plan.bound is not None else []
            reading, writing = os.pipe()
            handles.append(writing)
            try:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", self.plan.module, *map(str, handles), *self.plan.words],
                    stdin=subprocess.PIPE,
                    pass_fds=handles,
                    env={**self.plan.env, "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), self.plan.env.get("PYTHONPATH")]))},
                    start_new_session=True,
                )
            except OSError:
                os.close(reading)
                raise
            finally:
                os.close(writing)
        self._reports = os.fdopen(reading, encoding="utf-8", errors="replace")

    def _supervise(self) -> None:
        pause = 0.0
        while True:
            started = time.monotonic()
            code = self._follow()
            if self._stopping.is_set():
                return
            self.plan.restarting()
            pause = 0.0 if time.monotonic() - started > STEADY_SECONDS else min(LONGEST_PAUSE, 2 * pause + 0.5)
            logger.warning(message("runtime.restarted", what=self.plan.title, code=code))
            while not self._start_again(pause):
                if self._stopping.is_set():
                    return
                pause = LONGEST_PAUSE

    def _follow(self) -> int:
        """Read the reports of the present process until it is dead; its exit status."""
        with self._reports as reports:
            for report in reports:
                if report.startswith(FAILED):
                    logger.error(self.failure(report))
        code = self._process.wait()
        self._process.stdin.close()  # type: ignore[union-attr]
        return code

    def _start_again(self, pause: float) -> bool:
        """Start the next process after a pause and let it serve; False when it could not be started, or is no longer wanted."""
        if self._stopping.wait(pause):
            return False
        with self._starting:
            if self._stopping.is_set():
                return False
            try:
                self._start()
            except OSError as error:
                logger.error(message("runtime.not_restarted", what=self.plan.title, why=error.strerror))
                return False
        self.let_serve()
        return True
