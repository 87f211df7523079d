"""The variants of a run and how each is started; all of them answer the same REST contract."""

import importlib.util
import os
import secrets
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.runtime.project import ROOT
from evaluation.bench.measures import NotServingError, Running
from evaluation.bench.processes import free_port, started
from evaluation.bench.services import Postgres, Redis, redis_server
from evaluation.bench.stock.environment import Stock

MEMORY = Path(__file__).with_name("memory.yml")
TODAY = "2023-11-20"
STOCK_TURNS = 300


@dataclass(frozen=True)
class Variant:
    """One way to serve: what runs, on which database, with how many server processes."""

    name: str
    kind: str = "ours"  # ours, stock or floor
    postgres: bool = False
    redis: bool = False
    workers: int = 1
    endpoints: Path | None = None


VARIANTS = (
    Variant("stock", kind="stock"),
    Variant("ours-memory", endpoints=MEMORY),
    Variant("ours-sqlite"),
    Variant("ours-postgres", postgres=True),
    Variant("ours-postgres-redis-1", postgres=True, redis=True),
    Variant("ours-postgres-redis-2", postgres=True, redis=True, workers=2),
    Variant("floor", kind="floor"),
)


@dataclass(frozen=True)
class Setup:
    """What the variants of a run share: databases to copy, a model, a secret, a folder for logs."""

    folder: Path
    model: Path
    stock: Stock | None
    pattern: Path
    postgres: Postgres | None
    secret: str = secrets.token_hex(32)


@dataclass(frozen=True)
class Served:
    """A variant while it runs."""

    running: Running
    alive: Callable[[], bool]
    logs: Sequence[Path]
    redis: Redis | None


@contextmanager
def served(variant: Variant, setup: Setup, label: str) -> Iterator[Served]:
    """Start a variant on a fresh copy of the databases and end all its processes afterwards. NotServingError when it cannot be started."""
    folder = setup.folder / label
    folder.mkdir()
    with ExitStack() as stack:
        redis = stack.enter_context(redis_server(folder)) if variant.redis else None
        env = environment(variant, setup, folder, label, redis)
        databases = [setup.postgres.pid] if variant.postgres and setup.postgres else []
        port, begun = free_port(), time.monotonic()
        processes, logs = [], []
        for name, command, place in commands(variant, setup, port, env):
            logs.append(folder / f"{name}.log")
            processes.append(stack.enter_context(started(command, env, place or folder, logs[-1])))
        running = Running(
            f"http://127.0.0.1:{port}",
            [process.pid for process in processes],
            [*databases, *([redis.pid] if redis else [])],
            begun,
            chat_prefix="rest:" if variant.kind == "stock" else "",
            most_turns=STOCK_TURNS if variant.kind == "stock" else 1000,
        )
        yield Served(running, lambda: all(process.poll() is None for process in processes), logs, redis)


def environment(variant: Variant, setup: Setup, folder: Path, label: str, redis: Redis | None) -> dict[str, str]:
    """The settings of a variant; nothing of the caller's own settings."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("BOT_", "RASA_", "LOG_LEVEL", "ACTION_"))}
    if variant.postgres:
        if setup.postgres is None:
            raise NotServingError("no PostgreSQL")
        url = setup.postgres.database(label, template="pattern")
    else:
        url = f"sqlite:///{shutil.copy(setup.pattern, folder / 'bot.db')}"
    given = {"BOT_DATABASE_URL": url, "BOT_TODAY": TODAY, "BOT_SECRET_KEY": setup.secret, "PYTHONPATH": str(ROOT)}
    return clean | given | ({"BOT_REDIS_URL": redis.url} if redis else {})


def commands(variant: Variant, setup: Setup, port: int, env: dict[str, str]) -> Iterator[tuple[str, list[str], Path | None]]:
    """The processes to start, in order: a name, the command, the folder it must run in."""
    if variant.kind == "floor":
        yield "floor", [sys.executable, "-m", "evaluation.bench.floor", str(port), str(setup.model)], None
    elif variant.kind == "stock":
        if setup.stock is None:
            raise NotServingError("no stock environment")
        actions = free_port()
        env |= {**setup.stock.variables, "ACTION_ENDPOINT": f"http://127.0.0.1:{actions}/webhook"}
        yield "actions", setup.stock.actions_command(actions), setup.stock.project
        yield "server", setup.stock.server_command(port), setup.stock.project
    else:
        if variant.endpoints == MEMORY:
            _require_memory_store()
        command = [sys.executable, "-m", "bot", "run", "--port", str(port), "--model", str(setup.model)]
        workers = ["--workers", str(variant.workers)] if variant.workers > 1 else []
        yield "bot", [*command, *workers, *(["--endpoints", str(variant.endpoints)] if variant.endpoints else [])], None


def _require_memory_store() -> None:
    """NotServingError unless the store of ``memory.yml`` exists: Rasa would take its own for a class it cannot find, silently."""
    found = importlib.util.find_spec("bot.runtime.trackerstore")
    if found is None or found.origin is None or "class MemoryConversations" not in Path(found.origin).read_text("utf-8"):
        raise NotServingError("bot.runtime.trackerstore.MemoryConversations is missing")


def chosen(names: Sequence[str]) -> list[Variant]:
    """The variants of these names, in the order of ``VARIANTS``; all without names. KeyError for an unknown one."""
    known: Mapping[str, Variant] = {variant.name: variant for variant in VARIANTS}
    wanted = {known[name].name for name in names}
    return [variant for variant in VARIANTS if not names or variant.name in wanted]
