"""What tests share: the trained model, made once per run, a served bot, and migrated databases to copy."""

import itertools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import text
from sqlalchemy.engine.url import make_url

from bot.db import Database
from bot.runtime import models
from bot.runtime.project import ROOT
from bot.schema import upgrade
from tests.postgres import postgres_server
from tests.serving import Server, bot_command, bot_environment, served

# The same examples in every run, and none is wrong for being slow: the machine may be busy with something else.
settings.register_profile("suite", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")


@pytest.fixture(scope="session")
def trained_model() -> Path:
    """The project's current model under models/, trained now if it is older than what it is made from."""
    trained = bot_command("train", env=bot_environment(ROOT))
    assert trained.returncode == 0, trained.stderr
    return models.require_current()


@pytest.fixture(scope="session")
def bot_server(trained_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The whole bot on a fresh database with the sample people, today being 2023-11-20."""
    folder = tmp_path_factory.mktemp("served")
    env = bot_environment(folder)
    sample = ROOT / "bot" / "hours" / "sample"
    for arguments in (["init-db"], *(["import", kind, str(sample / f"{kind}.csv")] for kind in ("people", "hours", "credits"))):
        done = bot_command(*arguments, env=env)
        assert done.returncode == 0, done.stderr
    with served(folder, env, "--model", str(trained_model)) as server:
        yield server


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("migrated") / "pattern.db"
    database = Database(f"sqlite:///{path}")
    upgrade(database)
    database.dispose()
    return path


@pytest.fixture(scope="session")
def migrated_postgres() -> Iterator[Callable[[], str]]:
    """A function that makes one more migrated PostgreSQL database and returns its URL."""
    with postgres_server() as url:
        numbers = itertools.count()
        admin = Database(url)

        def create(template: str) -> str:
            name = f"bot_{next(numbers)}"
            with admin.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
            return make_url(url).set(database=name).render_as_string(hide_password=False)

        pattern = Database(create("template1"))
        upgrade(pattern)
        pattern.dispose()
        yield lambda: create("bot_0")
        admin.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A migrated database for each test, on SQLite and on a real PostgreSQL."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path / "each.db")
        database = Database(f"sqlite:///{tmp_path / 'each.db'}")
    else:
        database = Database(request.getfixturevalue("migrated_postgres")())
    yield database
    database.dispose()
