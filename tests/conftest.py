"""What tests share: the trained model, made once per run, and a served bot."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.runtime.project import MODEL, ROOT
from tests.serving import Server, bot_command, bot_environment, served


@pytest.fixture(scope="session")
def trained_model() -> Path:
    """The project's model under models/, trained now if it is older than what it is made from."""
    trained = bot_command("train", env=bot_environment(ROOT))
    assert trained.returncode == 0, trained.stderr
    return MODEL


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
