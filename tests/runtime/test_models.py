"""Model files: one pointer names the current one, older ones stay for going back."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.runtime import models
from bot.runtime.project import StartError
from bot.runtime.training import Recipe, fingerprint
from bot.settings import ZONE

FIRST = datetime(2026, 1, 31, 23, 59, 59, tzinfo=ZONE)


def put(folder: Path, count: int) -> list[Path]:
    """So many model files, oldest first."""
    paths = [models.new_file(folder, FIRST + timedelta(seconds=number)) for number in range(count)]
    for path in paths:
        path.write_bytes(b"model")
        models.record_of(path).write_text("{}")
    return paths


def test_without_a_pointer_there_is_no_current_model(tmp_path):
    put(tmp_path, 1)
    assert models.current(tmp_path) is None
    assert models.candidates(tmp_path) == []
    with pytest.raises(StartError, match="make train"):
        models.require_current(tmp_path)


def test_names_sort_by_the_moment_of_training(tmp_path):
    paths = put(tmp_path, 3)
    models.point_to(paths[1])
    assert [model.path for model in models.listed(tmp_path)] == paths[::-1]
    assert [model.is_current for model in models.listed(tmp_path)] == [False, True, False]


def test_the_pointer_is_replaced_and_not_rewritten(tmp_path):
    old, new = put(tmp_path, 2)
    models.point_to(old)
    seen = models.stamp(tmp_path)
    with (tmp_path / "current").open() as reader:
        models.point_to(new)
        assert reader.read() == f"{old.name}\n"
    assert models.current(tmp_path) == new
    assert models.stamp(tmp_path) != seen
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith((".", "current"))) == ["current"]


def test_the_pointer_is_exchanged_only_if_it_is_what_one_thinks(tmp_path):
    one, two, three = put(tmp_path, 3)
    assert models.exchange(None, one)
    assert not models.exchange(two, three)
    assert models.current(tmp_path) == one
    assert models.exchange(one, two, "digest")
    assert (models.current(tmp_path), models.chosen_at(tmp_path)) == (two, "digest")
    assert models.exchange(two, three)
    assert models.chosen_at(tmp_path) is None


@pytest.mark.parametrize("text", ["", "xueshitong-none.tar.gz", "../elsewhere.tar.gz", "/etc/hostname"])
def test_a_pointer_that_names_no_model_of_the_folder_names_none(tmp_path, text):
    folder = tmp_path / "models"
    folder.mkdir()
    (tmp_path / "elsewhere.tar.gz").write_bytes(b"model")
    (folder / "current").write_text(text)
    assert models.current(folder) is None


def test_a_server_prefers_the_current_model_then_the_newest(tmp_path):
    first, second, third = put(tmp_path, 3)
    models.point_to(second)
    assert models.candidates(tmp_path) == [second, third, first]


def test_a_file_is_served_as_it_is(tmp_path):
    (path,) = put(tmp_path, 1)
    assert models.candidates(path) == [path]
    assert models.candidates(tmp_path / "none.tar.gz") == []


def test_the_current_model_and_three_more_are_kept(tmp_path):
    paths = put(tmp_path, 7)
    models.point_to(paths[1])
    models.prune(tmp_path)
    kept = [paths[1], *paths[4:]]
    assert sorted(path for path in tmp_path.iterdir() if path.name != "current") == sorted(
        [*kept, *(models.record_of(path) for path in kept)]
    )


@pytest.fixture
def command(tmp_path, monkeypatch):
    """`python -m bot models …` over a folder of two models, the newer being current."""
    from bot import cli

    old, new = put(tmp_path, 2)
    models.point_to(new)
    for function in (models.listed, models.use):
        monkeypatch.setattr(function, "__defaults__", (tmp_path,))
    return lambda *words: CliRunner().invoke(cli.app, ["models", *words]), old, new


def test_the_command_lists_models_with_the_current_one_marked(command):
    run, old, new = command
    lines = run().stdout.splitlines()
    assert [line[:2] for line in lines] == ["* ", "  "]
    assert new.name.removesuffix(".tar.gz") in lines[0]
    assert old.name.removesuffix(".tar.gz") in lines[1]
    assert f"{datetime.now(ZONE):%Y-%m-%d}" in lines[0]


def test_the_command_goes_back_to_an_older_model(command):
    run, old, _ = command
    for name in (old.name, old.name.removesuffix(".tar.gz")):
        done = run("--use", name)
        assert done.exit_code == 0
        assert old.name in done.stdout
        assert models.current(old.parent) == old
        assert models.chosen_at(old.parent) == fingerprint(Recipe())


@pytest.mark.parametrize("name", ["xueshitong-none", "current", "../models"])
def test_the_command_refuses_a_name_that_is_no_model(command, name):
    run, _, new = command
    done = run("--use", name)
    assert done.exit_code == 1
    assert f"没有名为 {name} 的模型" in done.stderr
    assert models.current(new.parent) == new
