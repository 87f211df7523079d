"""The launcher's side of the action server: start it, wait for it, start it again when it dies, end it."""

import logging
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

from bot.messages import message
from bot.runtime.project import ROOT, StartError

HOST = "127.0.0.1"
READY_SECONDS = 60
STOP_SECONDS = 5
STEADY_SECONDS = 30
"""A process that lived so long is restarted at once; one that keeps dying, after ever longer pauses."""
LONGEST_PAUSE = 10

logger = logging.getLogger(__name__)


class ActionServer:
    """One supervised action server on a free port of the loopback interface."""

    def __init__(self, package: str) -> None:
        self.package = package
        first = _bind(0)
        self.port: int = first.getsockname()[1]
        self._stopping = threading.Event()
        self._process = self._spawn(first)
        self._watch = threading.Thread(target=self._supervise, name="action-server", daemon=True)

    @property
    def url(self) -> str:
        """Where Rasa sends its action calls."""
        return f"http://{HOST}:{self.port}/webhook"

    @property
    def pid(self) -> int:
        """Process id of the server that runs now."""
        return self._process.pid

    def wait_ready(self, seconds: float = READY_SECONDS) -> None:
        """Return when the server answers its health check; StartError when it ends or stays silent. Supervision begins here."""
        until = time.monotonic() + seconds
        while not self._healthy():
            if self._process.poll() is not None or time.monotonic() > until:
                self.stop()
                raise StartError(message("runtime.actions_failed", package=self.package))
            time.sleep(0.05)
        self._watch.start()

    def stop(self) -> None:
        """End the server, by force after `STOP_SECONDS`."""
        self._stopping.set()
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://{HOST}:{self.port}/health", timeout=2) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def _spawn(self, bound: socket.socket) -> "subprocess.Popen[bytes]":
        """Start the process on a bound socket. It listens itself, so that calls are refused at once while it is down."""
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        command = [sys.executable, "-m", "bot.runtime.actionhost", str(bound.fileno()), self.package]
        with bound:
            return subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                pass_fds=[bound.fileno()],
                env={**os.environ, "PYTHONPATH": path},
                cwd=Path.cwd(),
                start_new_session=True,
            )

    def _supervise(self) -> None:
        pause = 0.0
        while True:
            started = time.monotonic()
            code = self._process.wait()
            if self._stopping.is_set():
                return
            pause = 0.0 if time.monotonic() - started > STEADY_SECONDS else min(LONGEST_PAUSE, 2 * pause + 0.5)
            logger.warning(message("runtime.actions_restarted", code=code))
            while not self._stopping.wait(pause):
                try:
                    self._process = self._spawn(_bind(self.port))
                    break
                except OSError:
                    pause = LONGEST_PAUSE
            if self._stopping.is_set():
                self._process.terminate()
                return


def _bind(port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((HOST, port))
    return bound
