"""A bot as small as Rasa allows, trained in seconds, for tests of training and launching."""

import shutil
from pathlib import Path

import pytest

from bot.runtime.training import Recipe, train
from tests.serving import bot_command, bot_environment

CONFIG = """\
recipe: default.v1
language: zh
assistant_id: tiny
pipeline:
- name: KeywordIntentClassifier
policies:
- name: RulePolicy
"""
DOMAIN = """\
version: "3.1"
intents: [greet, probe, crash]
actions: [action_probe, action_crash]
responses:
  utter_greet:
  - text: 你好
"""
DATA = """\
version: "3.1"
nlu:
- intent: greet
  examples: |
    - 你好
    - 您好
- intent: probe
  examples: |
    - 查询
    - 查一下
- intent: crash
  examples: |
    - 出错
    - 坏了
rules:
- rule: greet
  steps: [{intent: greet}, {action: utter_greet}]
- rule: probe
  steps: [{intent: probe}, {action: action_probe}]
- rule: crash
  steps: [{intent: crash}, {action: action_crash}]
"""
ACTIONS = """\
import os
from rasa_sdk import Action


class Probe(Action):
    def name(self):
        return "action_probe"

    def run(self, dispatcher, tracker, domain):
        dispatcher.utter_message(text=str(os.getpid()))
        return []


class Crash(Action):
    def name(self):
        return "action_crash"

    def run(self, dispatcher, tracker, domain):
        raise ValueError(tracker.latest_message["text"])
"""
CREDENTIALS = "rasa.core.channels.rest.RestInput:\n"
ENDPOINTS = "action_endpoint:\n  url: ${ACTION_ENDPOINT}\n"


def write_recipe(folder: Path) -> Recipe:
    """The tiny bot's sources in `folder`."""
    data = folder / "data"
    (data / "jieba").mkdir(parents=True)
    for path, text in (
        (folder / "config.yml", CONFIG),
        (folder / "domain.yml", DOMAIN),
        (data / "nlu.yml", DATA),
        (data / "jieba" / "words.txt", "公需\n"),
        (folder / "credentials.yml", CREDENTIALS),
        (folder / "endpoints.yml", ENDPOINTS),
    ):
        path.write_text(text, encoding="utf-8")
    package = folder / "tiny_actions"
    package.mkdir()
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "probe.py").write_text(ACTIONS, encoding="utf-8")
    return Recipe(folder / "config.yml", folder / "domain.yml", data, (package,), folder / "models")


@pytest.fixture(scope="session")
def trained_tiny(tmp_path_factory: pytest.TempPathFactory) -> Recipe:
    recipe = write_recipe(tmp_path_factory.mktemp("tiny"))
    train(recipe)
    return recipe


@pytest.fixture
def tiny(trained_tiny: Recipe, tmp_path: Path) -> Recipe:
    """A trained tiny bot of one's own."""
    folder = tmp_path / "tiny"
    shutil.copytree(trained_tiny.config.parent, folder)
    return Recipe(folder / "config.yml", folder / "domain.yml", folder / "data", (folder / "tiny_actions",), folder / "models")


@pytest.fixture
def tiny_env(tiny: Recipe) -> dict[str, str]:
    """Settings for a tiny bot whose database is ready."""
    env = bot_environment(tiny.config.parent)
    done = bot_command("init-db", env=env)
    assert done.returncode == 0, done.stderr
    return env
