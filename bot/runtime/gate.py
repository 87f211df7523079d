"""What staff have taught goes live only through here: a candidate is held against the current model on the development set."""

import time
from dataclasses import replace
from datetime import date
from pathlib import Path

from bot import settings
from bot.asking import load_understanding
from bot.messages import message
from bot.nlu.examples import read
from bot.runtime import models, training
from bot.runtime.project import StartError
from bot.runtime.training import Recipe
from evaluation.understanding.cases import DEV, load
from evaluation.understanding.comparing import Comparison, compared

TOLD = 10  # sentences that got worse


def held_against(candidate: Path, before: Path | None, recipe: Recipe, dev: Path, today: date) -> Comparison:
    """Both models on the development set, and the candidate on the sentences that the files teach."""
    examples, _ = read(recipe.data / "nlu") if (recipe.data / "nlu").is_dir() else read(recipe.data)
    return compared(
        load_understanding(candidate),
        load_understanding(before) if before else None,
        load(dev),
        examples,
        today,
    )


def ensure(recipe: Recipe, force: bool = False, dev: Path = DEV) -> None:
    """Train when the current model is not made from these files and lessons, or `force`; print what is done. Raises as `training.made`.

    Lessons that make understanding worse are left out. StartError where another model became current meanwhile.
    """
    if not force and training.is_fresh(recipe):
        print(message("runtime.fresh"), flush=True)
        return
    print(message("runtime.training"), flush=True)
    if not recipe.lessons or models.current(recipe.models) is None:
        _train(recipe)
    elif not _train_if_no_worse(recipe, dev) and (force or not training.is_fresh(recipe, lessons=False)):
        print(message("runtime.training_without"), flush=True)
        _train(replace(recipe, lessons=()))


def _train(recipe: Recipe) -> None:
    started = time.monotonic()
    _tell(training.train(recipe), started)


def _train_if_no_worse(recipe: Recipe, dev: Path) -> bool:
    started, before = time.monotonic(), models.current(recipe.models)
    with training.made(recipe) as candidate:
        held = held_against(candidate, before, recipe, dev, settings.load().current_date())
        if not held.no_worse:
            _tell_worse(held, len(recipe.lessons))
            return False
        model = models.adopt(candidate, recipe.models)
    if not models.exchange(before, model):
        models.delete(model)
        raise StartError(message("runtime.model_replaced"))
    models.prune(recipe.models, [before] if before else [])
    _tell(model, started)
    return True


def _tell(model: Path, started: float) -> None:
    print(message("runtime.trained", model=model, seconds=round(time.monotonic() - started)), flush=True)


def _tell_worse(held: Comparison, lessons: int) -> None:
    figures = held.figures()
    now, before = figures["candidate"], figures["current"]
    told = {
        "lessons": lessons,
        "right": now["right"],
        "right_before": before["right"],
        "wrong": now["wrong"],
        "wrong_before": before["wrong"],
    }
    print(message("runtime.lessons_worse", **told), flush=True)
    for row in [*figures["lost"], *figures["worse"], *figures["forgotten"]][:TOLD]:
        print(message("runtime.lessons_lost", say=row["say"], now=row["now"]), flush=True)
