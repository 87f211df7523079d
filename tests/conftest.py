"""What tests share: the trained model, made once per run, and a served bot."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.runtime.project import MODEL, ROOT
from bot.runtime.training import Recipe, is_fresh
from tests.serving import Server, bot_command, bot_environment, served


@pytest.fixture(scope="session")
def trained_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's model: the one under models/ when it is up to date, else trained now, once, into a folder of this run."""
    if is_fresh(Recipe()):
        return MODEL
    folder = tmp_path_factory.mktemp("model")
    code = "import sys; from pathlib import Path; from bot.runtime.training import Recipe, train; train(Recipe(model=Path(sys.argv[1])))"
    model = folder / MODEL.name
    trained = subprocess.run([sys.executable, "-c", code, str(model)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert model.is_file(), trained.stderr
    return model


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
