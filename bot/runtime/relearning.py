"""A training that the console asked for: a candidate beside the current model, held against it on the development set, live if no worse.

It runs in a process of its own at low priority. Its row tells how far it is; when the process dies, the row falls silent.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bot.asking import load_understanding
from bot.db import Database, DatabaseFault
from bot.helpdesk.learning import retraining
from bot.hours import audit
from bot.nlu.examples import read
from bot.runtime import models, overlay, training
from bot.runtime.faults import sentence_of
from bot.runtime.training import Recipe
from bot.settings import Settings
from evaluation.understanding.cases import DEV, load
from evaluation.understanding.comparing import Comparison, compared

BEAT_SECONDS = 2.0
NICER = 10  # than whoever serves people
TRAINING_SHARE = 0.8  # of the usual time, as the bar shows it
ACTOR = "training"


@dataclass(frozen=True)
class Plan:
    """Which training, what from, and what it is measured with."""

    run: int
    recipe: Recipe = Recipe()  # noqa: RUF009 (immutable)
    dev: Path = DEV

    @classmethod
    def of(cls, run: int, folder: Path | None, parts: Path | None, dev: Path | None) -> "Plan":
        """The project's recipe, or that of ``parts``: a folder with config.yml, domain.yml and data. Models go to ``folder``."""
        recipe = Recipe() if parts is None else Recipe(parts / "config.yml", parts / "domain.yml", parts / "data", (), parts / "models")
        return cls(run, replace(recipe, models=folder or recipe.models), dev or DEV)


def carry_out(database: Database, settings: Settings, plan: Plan) -> None:
    """Train, compare, and put live or keep what was; the row says how it ended, also when it failed."""
    with suppress(OSError):
        os.nice(NICER)
    candidate: list[Path] = []
    try:
        with _beating(database, settings, plan.run) as tell:
            recipe = overlay.with_lessons(plan.recipe)
            candidate.append(training.make(recipe))
            tell(retraining.EVALUATING)
            comparison, before = _compared(plan, recipe, candidate[0], settings)
        _settle(database, settings, replace(plan, recipe=recipe), comparison, candidate[0], before)
    except BaseException as error:
        for path in candidate:
            if path != models.current(plan.recipe.models):
                models.delete(path)
        detail = sentence_of(error) or type(error).__name__
        retraining.end(database, plan.run, retraining.FAILED, settings.now(), detail=detail)
        if sentence_of(error) is None:
            raise


def _compared(plan: Plan, recipe: Recipe, candidate: Path, settings: Settings) -> tuple[Comparison, Path | None]:
    """Both models on the development set, and the candidate on the sentences that the files teach."""
    before = models.current(recipe.models)
    examples, _ = read(recipe.data / "nlu") if (recipe.data / "nlu").is_dir() else read(recipe.data)
    return (
        compared(
            load_understanding(candidate),
            load_understanding(before) if before else None,
            load(plan.dev),
            examples,
            settings.current_date(),
        ),
        before,
    )


def _settle(database: Database, settings: Settings, plan: Plan, held: Comparison, candidate: Path, before: Path | None) -> None:
    """Put the candidate live, or delete it. Nothing of it stays where the row does not count as running any more."""
    live = held.no_worse
    name, former = (path and path.name.removesuffix(models.SUFFIX) for path in (candidate, before))
    facts: dict[str, Any] = {"figures": held.figures(), "model": name, "before": former, "lessons": len(plan.recipe.lessons)}
    now = settings.now()
    if not retraining.end(database, plan.run, retraining.LIVE if live else retraining.WORSE, now, **facts) or not live:
        models.delete(candidate)
        return
    models.point_to(candidate)
    models.prune(plan.recipe.models, [before] if before else [])
    with database.write() as session:
        audit.note(session, now, ACTOR, "model-live", detail=f"{plan.run} {name}")


@contextmanager
def _beating(database: Database, settings: Settings, run: int) -> Iterator[Callable[[str], None]]:
    """While it lasts the row says that the training lives, and how far it will have come if it takes as long as usual."""
    with database.read() as session:
        usual = retraining.usual_seconds(session)
    started, step, over = settings.now(), [retraining.TRAINING], threading.Event()

    def beat() -> None:
        share = (settings.now() - started).total_seconds() / usual
        limit = TRAINING_SHARE if step[0] == retraining.TRAINING else 1.0
        progress = max(min(share * TRAINING_SHARE, 0.99 * limit), TRAINING_SHARE if limit == 1.0 else 0.0)
        with suppress(DatabaseFault):  # it beats again soon
            retraining.beat(database, run, step[0], progress, settings.now())

    def tell(name: str) -> None:
        step[0] = name
        beat()

    def go_on() -> None:
        while not over.wait(BEAT_SECONDS):
            beat()

    thread = threading.Thread(target=go_on, daemon=True)
    beat()
    thread.start()
    try:
        yield tell
    finally:
        over.set()
        thread.join()
