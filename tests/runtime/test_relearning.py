"""A candidate with what staff have taught: live when it is no worse, else deleted with the reasons; going back; a process that dies."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from bot.asking import load_understanding
from bot.db import Database
from bot.helpdesk.learning import retraining
from bot.helpdesk.models import Lesson, Retraining, Staff
from bot.hours.models import AuditEntry
from bot.messages import Loader
from bot.nlu.examples import read
from bot.runtime import models
from bot.runtime.project import DATA, ROOT
from bot.runtime.retrainer import Models
from bot.runtime.training import Recipe, train
from bot.settings import load
from tests.serving import bot_command, bot_environment, wait_until

QUESTIONS = ("verify_deadline", "filing_deadline", "carry_over", "doc_issuer")
TRAINED, TESTED = 40, 12  # sentences of each question; the ones tested are not trained on
DOMAIN = 'version: "3.1"\nintents: [faq]\n'
RULES = 'version: "3.1"\nrules:\n- rule: faq\n  steps: [{intent: faq}, {action: utter_faq}]\n'
Pairs = list[tuple[str, str]]


def small_recipe(folder: Path) -> tuple[Recipe, dict[str, list[str]]]:
    """Four questions of the project with a few of their sentences, a development set of others, and the sentences that are left."""
    examples, _ = read(DATA / "nlu")
    said: dict[str, list[str]] = {key: [s for s, label in examples if label == f"faq/{key}"] for key in QUESTIONS}
    responses = {}
    for path in (DATA / "nlu").glob("faq_*.yml"):
        responses |= yaml.load(path.read_text("utf-8"), Loader)["responses"]
    kept = {name: responses[name] for name in (f"utter_faq/{key}" for key in QUESTIONS)}
    for response in kept.values():
        response[0]["metadata"] |= {"next": [], "follow": {}}
    blocks = [{"intent": f"faq/{key}", "examples": "".join(f"- {s}\n" for s in texts[:TRAINED])} for key, texts in said.items()]
    (folder / "data" / "nlu").mkdir(parents=True)
    (folder / "dev").mkdir()
    held = {"version": "3.1", "nlu": blocks, "responses": kept}
    (folder / "data" / "nlu" / "faq_small.yml").write_text(yaml.dump(held, allow_unicode=True, sort_keys=False), "utf-8")
    (folder / "data" / "rules.yml").write_text(RULES, "utf-8")
    (folder / "domain.yml").write_text(DOMAIN, "utf-8")
    shutil.copy(ROOT / "config.yml", folder)
    cases = [{"say": s, "want": f"faq/{key}", "voice": "test"} for key, texts in said.items() for s in texts[TRAINED : TRAINED + TESTED]]
    (folder / "dev" / "some.yml").write_text(yaml.dump(cases, allow_unicode=True), "utf-8")
    recipe = Recipe(folder / "config.yml", folder / "domain.yml", folder / "data", (), folder / "models")
    return recipe, {key: texts[TRAINED + TESTED :] for key, texts in said.items()}


@dataclass
class Small:
    """A trained small bot with a database of its own, and sentences nobody has used yet, by question."""

    recipe: Recipe
    left: dict[str, list[str]]
    env: dict[str, str]
    database: Database

    def teach(self, pairs: Pairs) -> None:
        with self.database.write() as session:
            session.add_all(Lesson(text=text, label=label, batch="b", staff_id=1, at=load(self.env).now()) for text, label in pairs)

    def begin(self) -> int:
        run = retraining.begin(self.database, 1, "staff:1", load(self.env).now())
        assert run is not None
        return run

    def words(self, run: int) -> list[str]:
        folder = str(self.recipe.config.parent)
        return ["retrain", str(run), "--recipe", folder, "--dev", f"{folder}/dev"]

    def row(self, run: int) -> Retraining:
        with self.database.read() as session:
            return session.get(Retraining, run)

    def actions(self) -> list[str]:
        with self.database.read() as session:
            return [row.action for row in session.query(AuditEntry)]


@pytest.fixture(scope="module")
def trained_small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Recipe, dict[str, list[str]]]:
    recipe, left = small_recipe(tmp_path_factory.mktemp("small"))
    train(recipe)
    return recipe, left


@pytest.fixture
def small(trained_small, tmp_path) -> Iterator[Small]:
    folder = tmp_path / "small"
    shutil.copytree(trained_small[0].config.parent, folder)
    recipe = Recipe(folder / "config.yml", folder / "domain.yml", folder / "data", (), folder / "models")
    env = bot_environment(tmp_path)
    assert bot_command("init-db", env=env).returncode == 0
    database = Database(env["BOT_DATABASE_URL"])
    with database.write() as session:
        session.add(Staff(id=1, login="admin", name="甲", number=1, role="admin", password_hash="-", created_at=load(env).now()))
    yield Small(recipe, trained_small[1], env, database)
    database.dispose()


def test_a_candidate_that_is_no_worse_goes_live_and_one_can_go_back(small):
    before = models.require_current(small.recipe.models)
    new = "山上那个牧场的老师咋弄"
    small.teach([(new, "faq/doc_issuer"), *((s, "faq/carry_over") for s in small.left["carry_over"][:30])])
    run = small.begin()
    done = bot_command(*small.words(run), env=small.env)
    assert done.returncode == 0, done.stderr
    row = small.row(run)
    assert (row.state, row.step, row.progress, row.lessons) == ("live", "done", 1.0, 31), row.figures
    after = models.require_current(small.recipe.models)
    assert (row.model, row.before) == (after.name.removesuffix(".tar.gz"), before.name.removesuffix(".tar.gz"))
    assert load_understanding(after).classifier.rank(new, 1)[0].label == "faq/doc_issuer"
    assert load_understanding(after).classifier.rank(new, 1)[0].confidence == 1.0
    assert load_understanding(before).classifier.rank(new, 1)[0].confidence < 1.0
    assert row.figures["candidate"]["right"] >= row.figures["current"]["right"]
    assert row.figures["forgotten"] == []
    assert small.actions() == ["retrain", "model-live"]
    held = Models(small.recipe.models)
    assert (held.current(), held.holds(row.before)) == (row.model, True)
    assert not held.exchange(row.before, row.model)
    assert held.exchange(row.model, row.before)
    assert models.current(small.recipe.models) == before


def test_a_candidate_that_is_worse_is_not_put_live_and_says_what_got_worse(small):
    before = models.require_current(small.recipe.models)
    small.teach([(s, "faq/doc_issuer") for s in small.left["filing_deadline"][:40]])
    run = small.begin()
    done = bot_command(*small.words(run), env=small.env)
    assert done.returncode == 0, done.stderr
    row = small.row(run)
    assert row.state == "worse"
    assert row.figures["candidate"]["right"] < row.figures["current"]["right"]
    assert row.figures["lost_count"] == len(row.figures["lost"]) > 0
    assert {"say", "want", "before", "now"} == row.figures["lost"][0].keys()
    assert json.dumps(row.figures)
    assert [model.path for model in models.listed(small.recipe.models)] == [before]
    assert not (small.recipe.models / f"{row.model}.json").exists()
    assert models.current(small.recipe.models) == before
    assert small.actions() == ["retrain"]


def test_a_training_that_cannot_be_done_says_why_in_one_line(small):
    before = models.require_current(small.recipe.models)
    small.recipe.domain.write_text("intents: {", "utf-8")
    run = small.begin()
    done = bot_command(*small.words(run), env=small.env)
    row = small.row(run)
    assert row.state == "failed"
    assert "训练没有成功" in row.detail
    assert "\n" not in row.detail
    assert "Traceback" not in done.stderr
    assert [model.path for model in models.listed(small.recipe.models)] == [before]


def test_a_killed_training_leaves_nothing_live_and_the_next_may_begin(small):
    before = models.require_current(small.recipe.models)
    run = small.begin()
    command = [sys.executable, "-m", "bot", *small.words(run)]
    process = subprocess.Popen(command, env=small.env, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert wait_until(lambda: any(path.name.startswith(".training-") for path in small.recipe.models.iterdir()), 60)
    assert os.getpriority(os.PRIO_PROCESS, process.pid) >= 10
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert small.row(run).state == "running"
    with small.database.write() as session:
        session.get(Retraining, run).beat_at -= 2 * retraining.SILENT
    assert retraining.begin(small.database, 1, "staff:1", load(small.env).now()) is not None
    assert small.row(run).state == "failed"
    assert models.current(small.recipe.models) == before


def test_a_training_given_up_meanwhile_puts_nothing_live(small):
    before = models.require_current(small.recipe.models)
    run = small.begin()
    with small.database.write() as session:
        session.get(Retraining, run).state = "failed"
    assert bot_command(*small.words(run), env=small.env).returncode == 0
    assert models.current(small.recipe.models) == before
    assert [model.path for model in models.listed(small.recipe.models)] == [before]
    assert small.row(run).state == "failed"
