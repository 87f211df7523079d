"""`train` takes what staff have taught only if nothing gets worse, and says what did."""

import shutil
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace

import pytest

from bot.runtime import gate, models, training
from bot.runtime.project import StartError

LESSONS = (("您早啊", "greet"),)
FIGURES = {
    "candidate": {"right": 91, "wrong": 5},
    "current": {"right": 93, "wrong": 4},
    "lost": [{"say": "备案几号完", "want": ["faq/x"], "before": "faq/x", "now": "asked back"}],
    "worse": [],
    "forgotten": [{"say": "你好", "want": "greet", "now": "probe"}],
}


@pytest.fixture
def made(tiny, monkeypatch):
    """The lessons of every training; a model is a copy of the tiny one, with a record that tells what it is made from."""
    real, trained = models.require_current(tiny.models), []

    @contextmanager
    def copied(recipe):
        trained.append(recipe.lessons)
        folder = tiny.models / ".training-x"
        folder.mkdir()
        candidate = models.new_file(folder, training.datetime.now(training.ZONE))
        shutil.copy(real, candidate)
        record = models.record_of(real).read_text("utf-8")
        new = training.fingerprint(recipe), training.taught(recipe.lessons)
        for old, value in zip((training.json.loads(record)[key] for key in ("ingredients", "lessons")), new, strict=True):
            record = record.replace(old, value)
        models.record_of(candidate).write_text(record, "utf-8")
        yield candidate
        shutil.rmtree(folder)

    monkeypatch.setattr(training, "made", copied)
    return trained


def judge(monkeypatch, no_worse: bool) -> None:
    monkeypatch.setattr(gate, "held_against", lambda *_: SimpleNamespace(no_worse=no_worse, figures=lambda: FIGURES))


def edit(tiny) -> None:
    tiny.domain.write_text(tiny.domain.read_text("utf-8") + "\n", "utf-8")


def test_lessons_that_make_nothing_worse_are_taken_and_the_next_train_has_nothing_to_do(tiny, made, monkeypatch):
    judge(monkeypatch, no_worse=True)
    before = models.require_current(tiny.models)
    gate.ensure(replace(tiny, lessons=LESSONS))
    gate.ensure(replace(tiny, lessons=LESSONS))
    assert made == [LESSONS]
    assert models.require_current(tiny.models) != before


def test_lessons_that_make_it_worse_leave_the_current_model_and_say_what_got_worse(tiny, made, monkeypatch, capsys):
    judge(monkeypatch, no_worse=False)
    before = models.require_current(tiny.models)
    gate.ensure(replace(tiny, lessons=LESSONS))
    assert (made, models.current(tiny.models), len(models.listed(tiny.models))) == ([LESSONS], before, 1)
    told = capsys.readouterr().out
    assert "坐席台教的 1 句没有采用：开发集上答对 91 句（现用模型 93 句），答错 5 句（现用模型 4 句）" in told
    assert "备案几号完 → asked back" in told
    assert "你好 → probe" in told


def test_where_the_files_changed_too_the_model_is_made_from_the_files_alone(tiny, made, monkeypatch):
    judge(monkeypatch, no_worse=False)
    edit(tiny)
    gate.ensure(replace(tiny, lessons=LESSONS))
    assert made == [LESSONS, ()]
    assert training.is_fresh(tiny)


def test_another_model_that_became_current_meanwhile_stays(tiny, made, monkeypatch):
    old = models.require_current(tiny.models)
    edit(tiny)
    gate.ensure(tiny)

    def meanwhile(*_):
        models.point_to(old)
        return SimpleNamespace(no_worse=True, figures=lambda: FIGURES)

    monkeypatch.setattr(gate, "held_against", meanwhile)
    with pytest.raises(StartError, match="模型已被更换"):
        gate.ensure(replace(tiny, lessons=LESSONS))
    assert (models.current(tiny.models), len(models.listed(tiny.models))) == (old, 2)


def test_without_lessons_nothing_is_compared(tiny, made, monkeypatch):
    monkeypatch.setattr(gate, "held_against", None)
    edit(tiny)
    gate.ensure(tiny)
    assert made == [()]
