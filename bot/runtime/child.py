"""The child's side of supervision (`bot.runtime.supervised`): hear when to serve, report how far we are, and end with the supervisor."""

import os
import signal
import sys
import threading
import time

GRACE_SECONDS = 3
"""How long open connections (the web chat keeps one per page) may delay the end."""
LOADED = "loaded"
SERVING = "serving"
FAILED = "failed "
"""Begins the report of a child that cannot start; what follows is one Chinese line."""


class Supervisor:
    """The process that started this one."""

    def __init__(self, report: int) -> None:
        """`report` is the inherited handle for our reports. From now on we end when the supervisor does."""
        self._report = report
        self._may_serve = threading.Event()
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the supervisor, which ends us in its turn
        threading.Thread(target=self._listen, daemon=True).start()

    def tell(self, report: str) -> None:
        """Report `LOADED` or `SERVING`."""
        os.write(self._report, f"{report}\n".encode())

    def tell_failure(self, sentence: str) -> None:
        """Report the one line that says why we cannot start."""
        self.tell(FAILED + sentence)

    def wait_to_serve(self) -> None:
        """Return when the supervisor says that every part is ready."""
        self._may_serve.wait()

    def _listen(self) -> None:
        while os.read(sys.stdin.fileno(), 1):
            self._may_serve.set()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(GRACE_SECONDS + 1)
        os._exit(1)
