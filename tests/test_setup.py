"""The set-up: one command on a bare machine, nothing when up to date, and no TensorFlow."""

import os
import re
import shutil
import stat
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

import pytest

from bot.runtime.project import ROOT

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = {"setup", "run", "train", "test", "test-fast", "lint", "bench", "help", "evaluate", "check-data"}
BARE_PATH = "/usr/bin:/bin"
MOST_BYTES = 1.2e9


def script(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


UV = 'echo "uv $* with ${UV_PYTHON:-any}" >>"$LOG"; mkdir -p .venv/bin; printf "#!/bin/sh\\n" >.venv/bin/python; chmod +x .venv/bin/python'
GOOD_PYTHON = f'exec {sys.executable} "$@"'


@pytest.fixture
def pretend(tmp_path: Path):
    """.ci/setup in a folder of its own, where everything it calls is pretended; what uv was called with."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "setup", tmp_path / ".ci" / "setup")
    (tmp_path / "home").mkdir()

    def run() -> str:
        path = f"{tmp_path}/path:{BARE_PATH}"
        env = {"PATH": path, "HOME": f"{tmp_path}/home", "LOG": f"{tmp_path}/log"}
        done = subprocess.run([".ci/setup"], cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return (tmp_path / "log").read_text()

    return run


def test_a_python_on_the_path_that_works_is_taken(pretend, tmp_path):
    script(tmp_path / "path" / "uv", UV)
    script(tmp_path / "path" / "python3.10", GOOD_PYTHON)
    assert f"sync --locked with {tmp_path}/path/python3.10" in pretend()


def test_a_python_that_only_pyenv_has_is_found_behind_its_broken_shim(pretend, tmp_path):
    script(tmp_path / "path" / "uv", UV)
    script(tmp_path / "path" / "python3.10", "exit 127")
    real = tmp_path / "home" / ".pyenv" / "versions" / "3.10.13" / "bin" / "python3.10"
    script(real, GOOD_PYTHON)
    assert f"sync --locked with {real}" in pretend()


def test_without_python_310_uv_may_fetch_one(pretend, tmp_path):
    script(tmp_path / "path" / "uv", UV)
    script(tmp_path / "path" / "python3.10", "exit 127")
    assert "sync --locked with any" in pretend()


def test_a_missing_uv_is_made_in_the_cache_folder(pretend, tmp_path):
    uv = UV.replace("'", "'\\''")
    pip = f"cat >.cache/uv-tool/bin/uv <<'END'\n#!/bin/sh\n{uv}\nEND\nchmod +x .cache/uv-tool/bin/uv"
    script(tmp_path / "made" / "pip", pip)
    script(tmp_path / "path" / "python3", f'mkdir -p .cache/uv-tool/bin; cp "{tmp_path}/made/pip" .cache/uv-tool/bin/pip')
    script(tmp_path / "path" / "uv", "exit 127")
    assert "sync --locked" in pretend()
    assert (tmp_path / ".cache" / "uv-tool" / "bin" / "uv").exists()


@pytest.mark.slow
def test_a_bare_copy_is_set_up_without_uv_and_left_alone_the_second_time(tmp_path):
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tmp_path / name)
    tool = ROOT / ".cache" / "uv-tool"
    if tool.is_dir():
        shutil.copytree(tool, tmp_path / ".cache" / "uv-tool", symlinks=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("BOT_", "VIRTUAL_ENV", "PYTHON", "MAKE", "MFLAGS"))}
    env = {**kept, "PATH": BARE_PATH}
    first = subprocess.run(["make", "setup"], cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert first.returncode == 0, first.stderr
    asked = subprocess.run(
        [".venv/bin/python", "-c", "import rasa_sdk, sys; print(sys.version)"], cwd=tmp_path, capture_output=True, text=True
    )
    assert asked.stdout.startswith("3.10.")
    second = subprocess.run(["make", "setup"], cwd=tmp_path, env=env, capture_output=True, text=True, check=True)
    assert second.stdout + second.stderr == ""


def test_no_tensorflow_is_installed():
    names = {distribution.metadata["Name"].lower() for distribution in distributions()}
    assert {name for name in names if name.startswith(("tensorflow", "keras", "torch"))} == set()


def test_the_environment_stays_small():
    size = sum(entry.stat().st_size for entry in Path(sys.prefix).rglob("*") if entry.is_file() and not entry.is_symlink())
    assert size < MOST_BYTES


def test_every_target_but_help_sets_up_first():
    rules = dict(re.findall(r"^([a-z][a-z-]*):([^#\n]*)", MAKEFILE, re.MULTILINE))
    assert set(rules) == TARGETS
    assert {name for name, needs in rules.items() if needs.split() != ["setup"]} == {"setup", "help"}


def test_make_alone_lists_the_targets():
    env = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}  # the tests may run inside make themselves
    shown = subprocess.run(["make"], cwd=ROOT, env=env, capture_output=True, text=True, check=True).stdout
    assert {line.split()[1] for line in shown.splitlines()} == TARGETS


def test_the_ci_script_runs_lint_and_every_test():
    path = ROOT / ".ci" / "run"
    assert path.stat().st_mode & stat.S_IXUSR
    assert path.read_text().splitlines()[-2:] == ["make lint", "make test"]
