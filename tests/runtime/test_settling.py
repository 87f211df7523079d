"""How a training of the console ends when something comes between: another model, a database that is busy, a row given up."""

import os
import shutil
import signal
import sys
import threading
import time
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from bot.db import Database, DatabaseBusy
from bot.helpdesk.learning import retraining
from bot.helpdesk.models import Retraining, Staff
from bot.runtime import gate, models, overlay, relearning, training
from bot.runtime.relearning import Plan, carry_out
from bot.runtime.retrainer import Models
from bot.runtime.training import Recipe
from bot.settings import load
from tests.runtime.test_models import FIRST, put
from tests.serving import bot_command, bot_environment

NAME = models.new_file(models.MODELS, FIRST.replace(year=2027)).name


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A training begun over two model files, the newer being current; it is made and compared at once, and no worse."""
    env = bot_environment(tmp_path)
    assert bot_command("init-db", env=env).returncode == 0
    database, folder = Database(env["BOT_DATABASE_URL"]), tmp_path / "models"
    folder.mkdir()
    old, new = put(folder, 2)
    models.point_to(new)
    settings = load(env)
    with database.write() as session:
        session.add(Staff(id=1, login="admin", name="甲", number=1, role="admin", password_hash="-", created_at=settings.now()))
    number = retraining.begin(database, 1, "staff:1", settings.now())

    @contextmanager
    def made(recipe):
        inside = folder / ".training-x"
        inside.mkdir()
        (inside / NAME).write_bytes(b"candidate")
        models.record_of(inside / NAME).write_text("{}")
        yield inside / NAME
        shutil.rmtree(inside)

    monkeypatch.setattr(training, "made", made)
    monkeypatch.setattr(overlay, "with_lessons", lambda recipe: recipe)
    monkeypatch.setattr(gate, "held_against", lambda *_: SimpleNamespace(no_worse=True, figures=dict))
    monkeypatch.setattr(relearning, "BEAT_SECONDS", 0.05)
    monkeypatch.setattr(retraining, "PAUSE", 0.05)
    plan = Plan(number, Recipe(models=folder))
    monkeypatch.setattr(os, "nice", lambda _: 0)  # these tests' own process
    yield SimpleNamespace(
        database=database,
        folder=folder,
        old=old,
        new=new,
        carry_out=lambda: carry_out(database, settings, plan),
        row=lambda: row_of(database, number),
        give_up=lambda: retraining.end(database, number, retraining.FAILED, settings.now()),
    )
    database.dispose()


def row_of(database: Database, number: int) -> Retraining:
    with database.read() as session:
        return session.get(Retraining, number)


def served(run) -> list[str]:
    return [path.name for path in models.candidates(run.folder)]


def test_what_is_no_worse_goes_live(run):
    run.carry_out()
    assert (run.row().state, models.current(run.folder).name) == ("live", NAME)


def test_nobody_can_serve_a_candidate_while_it_is_judged(run, monkeypatch):
    seen = []

    def judged(candidate, *_):
        seen.append(served(run))
        assert candidate.is_file()
        return SimpleNamespace(no_worse=False, figures=dict)

    monkeypatch.setattr(gate, "held_against", judged)
    run.carry_out()
    assert run.row().state == "worse"
    assert seen == [served(run)] == [[run.new.name, run.old.name]]


@pytest.mark.parametrize("late", [False, True])
def test_a_candidate_is_not_put_over_a_model_that_it_was_not_compared_with(run, monkeypatch, late):
    """Whether another became current before the row was ended or after."""
    if late:
        real = models.adopt
        monkeypatch.setattr(models, "adopt", lambda *some: (models.point_to(run.old), real(*some))[1])
    else:

        def held(*_):
            models.point_to(run.old)
            return SimpleNamespace(no_worse=True, figures=dict)

        monkeypatch.setattr(gate, "held_against", held)
    run.carry_out()
    assert (run.row().state, models.current(run.folder)) == ("failed", run.old)
    assert "模型已被更换" in run.row().detail
    assert NAME not in served(run)


def test_a_pointer_that_cannot_be_written_sets_the_row_back(run, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(models, "exchange", full)
    with pytest.raises(OSError, match="No space"):
        run.carry_out()
    assert (run.row().state, run.row().detail, models.current(run.folder)) == ("failed", "No space left on device", run.new)
    assert NAME not in served(run)


def test_a_long_write_of_others_neither_ends_a_training_nor_hides_how_it_ended(run, monkeypatch):
    real, left = run.database.write, [DatabaseBusy("busy")] * 5

    def sometimes():
        if left:
            raise left.pop()
        return real()

    monkeypatch.setattr(run.database, "write", sometimes)
    run.carry_out()
    assert (left, run.row().state) == ([], "live")


@pytest.mark.parametrize("how", ["given up", "signal"])
def test_a_training_that_counts_no_more_or_is_told_to_end_stops_and_leaves_nothing(run, monkeypatch, how):
    def endless(*_):
        action = run.give_up if how == "given up" else lambda: os.kill(os.getpid(), signal.SIGTERM)
        threading.Timer(0.1, action).start()
        time.sleep(30)

    monkeypatch.setattr(gate, "held_against", endless)
    before, began = signal.getsignal(signal.SIGTERM), time.monotonic()
    run.carry_out()
    assert time.monotonic() - began < 10
    assert signal.getsignal(signal.SIGTERM) == before
    assert (run.row().state, models.current(run.folder)) == ("failed", run.new)
    assert run.row().detail == (None if how == "given up" else "训练被中途停止。")
    assert served(run) == [run.new.name, run.old.name]


def test_the_console_hears_that_a_trainings_process_has_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    heard = threading.Event()
    Models(tmp_path).train(1, heard.set)
    assert heard.wait(10)
