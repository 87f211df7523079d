"""A training that the console asked for: a candidate beside the current model, held against it on the development set, live if no worse.

It runs in a process of its own at low priority. Its row tells how far it is; when the process dies, the row falls silent.
"""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bot.db import Database, DatabaseFault
from bot.helpdesk.learning import retraining
from bot.hours import audit
from bot.messages import message
from bot.runtime import gate, models, overlay, training
from bot.runtime.faults import sentence_of
from bot.runtime.project import StartError
from bot.runtime.training import Recipe
from bot.settings import Settings
from evaluation.understanding.cases import DEV
from evaluation.understanding.comparing import Comparison

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


class GivenUp(BaseException):
    """The row does not count as running any more, or somebody ended the process. No Exception: Rasa wraps those."""


def carry_out(database: Database, settings: Settings, plan: Plan) -> None:
    """Train, compare, and put live or keep what was; the row says how it ended, also when it failed. Only in a process's main thread."""
    with suppress(OSError):
        os.nice(NICER)
    try:
        with ExitStack() as kept:
            with _ending_on_signal(), _beating(database, settings, plan.run) as tell:
                trial = _tried(plan, settings, kept, tell)
            _settle(database, settings, plan.run, trial)
    except GivenUp:
        _failed(database, settings, plan.run, message("runtime.training_stopped"))
    except BaseException as error:
        _failed(database, settings, plan.run, sentence_of(error) or type(error).__name__)
        if sentence_of(error) is None:
            raise


@dataclass(frozen=True)
class Trial:
    """A candidate, held against the model that was current ``before``."""

    candidate: Path
    before: Path | None
    recipe: Recipe
    held: Comparison

    def facts(self) -> dict[str, Any]:
        """What the row keeps."""
        name, former = (path and path.name.removesuffix(models.SUFFIX) for path in (self.candidate, self.before))
        return {"figures": self.held.figures(), "model": name, "before": former, "lessons": len(self.recipe.lessons)}


def _tried(plan: Plan, settings: Settings, kept: ExitStack, tell: Callable[[str], None]) -> Trial:
    """The candidate stays until ``kept`` is closed."""
    recipe = overlay.with_lessons(plan.recipe)
    candidate = kept.enter_context(training.made(recipe))
    tell(retraining.EVALUATING)
    before = models.current(recipe.models)
    return Trial(candidate, before, recipe, gate.held_against(candidate, before, recipe, plan.dev, settings.current_date()))


def _settle(database: Database, settings: Settings, run: int, trial: Trial) -> None:
    """Put the candidate live or keep what was. Nothing of it stays where the row does not count as running any more."""
    if models.current(trial.recipe.models) != trial.before:
        raise StartError(message("runtime.model_replaced"))
    state = retraining.LIVE if trial.held.no_worse else retraining.WORSE
    ended = retraining.patiently(lambda: retraining.end(database, run, state, settings.now(), **trial.facts()))
    if ended and trial.held.no_worse:
        _put_live(database, settings, run, trial)


def _put_live(database: Database, settings: Settings, run: int, trial: Trial) -> None:
    """Move the pointer, if nobody else did. The row says so already: where it is not moved, the row is set back."""
    folder, before = trial.recipe.models, trial.before
    model = folder / trial.candidate.name
    try:
        models.adopt(trial.candidate, folder)
        if not models.exchange(before, model):
            raise StartError(message("runtime.model_replaced"))
    except BaseException as error:
        models.delete(model)
        detail = sentence_of(error) or getattr(error, "strerror", None) or type(error).__name__
        states = retraining.LIVE, retraining.FAILED
        retraining.patiently(lambda: retraining.withdraw(database, run, *states, ACTOR, settings.now(), detail))
        raise
    models.prune(folder, [before] if before else [])
    retraining.patiently(lambda: _note_live(database, settings, run, model))


def _note_live(database: Database, settings: Settings, run: int, model: Path) -> None:
    with database.write() as session:
        audit.note(session, settings.now(), ACTOR, "model-live", detail=f"{run} {model.name.removesuffix(models.SUFFIX)}")


def _failed(database: Database, settings: Settings, run: int, detail: str) -> None:
    """Nothing changes where the row has its end already."""
    retraining.patiently(lambda: retraining.end(database, run, retraining.FAILED, settings.now(), detail=detail))


@contextmanager
def _ending_on_signal() -> Iterator[None]:
    """While it lasts SIGTERM raises `GivenUp` in the main thread, which tidies up."""

    def give_up(*_: Any) -> None:
        raise GivenUp

    former = signal.signal(signal.SIGTERM, give_up)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, former)


@contextmanager
def _beating(database: Database, settings: Settings, run: int) -> Iterator[Callable[[str], None]]:
    """While it lasts the row says that the training lives, and how far it will have come if it takes as long as usual.

    A row that does not count as running any more ends the training.
    """
    with database.read() as session:
        usual = retraining.usual_seconds(session)
    started, step, over = settings.now(), [retraining.TRAINING], threading.Event()

    def beat() -> bool:
        share = (settings.now() - started).total_seconds() / usual
        limit = TRAINING_SHARE if step[0] == retraining.TRAINING else 1.0
        progress = max(min(share * TRAINING_SHARE, 0.99 * limit), TRAINING_SHARE if limit == 1.0 else 0.0)
        try:
            return retraining.beat(database, run, step[0], progress, settings.now())
        except DatabaseFault:  # it beats again soon
            return True

    def tell(name: str) -> None:
        step[0] = name
        if not beat():
            raise GivenUp

    def go_on() -> None:
        while not over.wait(BEAT_SECONDS):
            if not beat():
                os.kill(os.getpid(), signal.SIGTERM)
                return

    thread = threading.Thread(target=go_on, daemon=True)
    tell(retraining.TRAINING)
    thread.start()
    try:
        yield tell
    finally:
        over.set()
        thread.join()
